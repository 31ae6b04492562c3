//! The tables, as an ordered list of steps that only goes forward.
//!
//! A step that has been released is never changed: a new need is a new step, and an older program must still run on the
//! newer schema (expand first, contract a release later). Written for PostgreSQL and translated for SQLite. Every key
//! begins with `tenant_id`; there are no triggers and no sequences, so the schema fits a sharded server.

use crate::tx::Engine;

/// One step of the schema.
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    /// For both engines, in PostgreSQL's words; `<keyed>` ends a table that is stored in the order of its key.
    common: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

impl Migration {
    /// The step in the words of this engine.
    pub(crate) fn sql(&self, engine: Engine) -> String {
        format!(
            "{}\n{}",
            translate(self.common, engine),
            if engine == Engine::Sqlite { self.sqlite } else { self.postgres }
        )
    }
}

/// Texts sort by their bytes on both engines, so that a cursor means the same on both.
fn translate(sql: &str, engine: Engine) -> String {
    match engine {
        Engine::Sqlite => sql
            .replace("BIGINT", "INTEGER")
            .replace("DOUBLE PRECISION", "REAL")
            .replace("BYTEA", "BLOB")
            .replace(") <keyed>;", ") STRICT, WITHOUT ROWID;")
            .replace(") <heap>;", ") STRICT;"),
        Engine::Postgres => {
            sql.replace("TEXT", "TEXT COLLATE \"C\"").replace(") <keyed>;", ");").replace(") <heap>;", ");")
        }
    }
}

/// Where the applied steps are noted.
pub(crate) fn bookkeeping(engine: Engine) -> String {
    translate(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
            version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL
        ) <heap>;",
        engine,
    )
}

/// All steps, oldest first.
pub(crate) const MIGRATIONS: &[Migration] = &[
    FIRST_STEP,
    PAGES_STEP,
    TRIAGE_STEP,
    FIGURES_STEP,
    WORKS_STEP,
    ROUNDS_STEP,
    MACHINES_STEP,
    RECOUNT_STEP,
    TOLD_STEP,
];

const FIRST_STEP: Migration = Migration {
    version: 1,
    name: "the first tables",
    common: FIRST,
    // The full-text index holds no text: it can be rebuilt from the cases.
    sqlite: "
        CREATE TABLE search_rows (
            id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL, case_id BLOB NOT NULL, UNIQUE (tenant_id, case_id)
        ) STRICT;
        CREATE VIRTUAL TABLE search_words USING fts5 (
            words, content = '', contentless_delete = 1, detail = 'full', tokenize = 'unicode61 remove_diacritics 0'
        );",
    postgres: "
        CREATE TABLE search_rows (
            tenant_id BIGINT NOT NULL, case_id BYTEA NOT NULL, words TSVECTOR NOT NULL, PRIMARY KEY (tenant_id, case_id)
        );
        CREATE INDEX search_words ON search_rows USING gin (words) WITH (gin_pending_list_limit = 512);",
};

const PAGES_STEP: Migration = Migration {
    version: 2,
    name: "notices to residents, visits of spots, and who has a case open",
    common: "
        CREATE TABLE public_notices (
            tenant_id BIGINT NOT NULL, id BYTEA NOT NULL, unit TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
            shown_from BIGINT NOT NULL, shown_until BIGINT NOT NULL, by_actor TEXT NOT NULL, at BIGINT NOT NULL,
            PRIMARY KEY (tenant_id, id)
        ) <heap>;
        CREATE TABLE presence (
            tenant_id BIGINT NOT NULL, case_id BYTEA NOT NULL, person TEXT NOT NULL, at BIGINT NOT NULL,
            PRIMARY KEY (tenant_id, case_id, person)
        ) <keyed>;
        CREATE INDEX presence_at ON presence (tenant_id, at);
        CREATE TABLE spot_visits (
            tenant_id BIGINT NOT NULL, spot TEXT NOT NULL, at BIGINT NOT NULL, person TEXT NOT NULL,
            PRIMARY KEY (tenant_id, spot, at, person)
        ) <keyed>;",
    sqlite: "",
    postgres: "",
};

const TRIAGE_STEP: Migration = Migration {
    version: 3,
    name: "what triage has learnt, and weak signals",
    common: "
        CREATE TABLE models (
            tenant_id BIGINT NOT NULL, subject TEXT NOT NULL, version BIGINT NOT NULL, at BIGINT NOT NULL,
            report TEXT NOT NULL, body BYTEA, measured BYTEA,
            PRIMARY KEY (tenant_id, subject, version)
        ) <heap>;
        CREATE TABLE signals (
            tenant_id BIGINT NOT NULL, id BYTEA NOT NULL, state TEXT NOT NULL, area TEXT, topic TEXT, at BIGINT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (tenant_id, id)
        ) <heap>;
        CREATE INDEX signals_state ON signals (tenant_id, state, id);
    ",
    sqlite: "",
    postgres: "",
};

const FIGURES_STEP: Migration = Migration {
    version: 4,
    name: "figures by unit and day, letters, bulletins",
    common: "
        CREATE TABLE uncounted (
            tenant_id BIGINT NOT NULL, case_id BYTEA NOT NULL, version BIGINT NOT NULL,
            PRIMARY KEY (tenant_id, case_id)
        ) <keyed>;
        INSERT INTO uncounted (tenant_id, case_id, version) SELECT tenant_id, case_id, version FROM cases;
        CREATE TABLE case_facts (
            tenant_id BIGINT NOT NULL, case_id BYTEA NOT NULL, day BIGINT NOT NULL, unit TEXT NOT NULL,
            scope TEXT NOT NULL, person TEXT, class TEXT, category TEXT, channel TEXT NOT NULL, area TEXT, apart TEXT,
            counts TEXT NOT NULL,
            PRIMARY KEY (tenant_id, case_id, day, unit)
        ) <keyed>;
        CREATE INDEX case_facts_day ON case_facts (tenant_id, day, case_id);
        CREATE TABLE figures (
            tenant_id BIGINT NOT NULL, unit TEXT NOT NULL, by_what TEXT NOT NULL, day BIGINT NOT NULL,
            value TEXT NOT NULL, apart TEXT NOT NULL, counts TEXT NOT NULL,
            PRIMARY KEY (tenant_id, unit, by_what, day, value, apart)
        ) <keyed>;
        CREATE TABLE letters (
            tenant_id BIGINT NOT NULL, id BYTEA NOT NULL, state TEXT NOT NULL, kind TEXT NOT NULL, unit TEXT NOT NULL,
            rule TEXT, number TEXT, at BIGINT NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (tenant_id, id)
        ) <heap>;
        CREATE INDEX letters_unit ON letters (tenant_id, unit, id);
        CREATE INDEX letters_state ON letters (tenant_id, state, id);
        CREATE UNIQUE INDEX letters_number ON letters (tenant_id, number) WHERE number IS NOT NULL;
        CREATE TABLE bulletins (
            tenant_id BIGINT NOT NULL, id BYTEA NOT NULL, kind TEXT NOT NULL, unit TEXT NOT NULL, first_day BIGINT NOT NULL,
            last_day BIGINT NOT NULL, state TEXT NOT NULL, at BIGINT NOT NULL, hash BYTEA NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (tenant_id, id)
        ) <heap>;
        CREATE UNIQUE INDEX bulletins_period ON bulletins (tenant_id, unit, kind, first_day, last_day);
    ",
    sqlite: "",
    postgres: "",
};

const WORKS_STEP: Migration = Migration {
    version: 5,
    name: "works beside cases",
    common: "
        CREATE TABLE works (
            tenant_id BIGINT NOT NULL, kind TEXT NOT NULL, id BYTEA NOT NULL, unit TEXT NOT NULL, state TEXT NOT NULL,
            next_at BIGINT, at BIGINT NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (tenant_id, kind, id)
        ) <heap>;
        CREATE INDEX works_state ON works (tenant_id, kind, state, id);
        CREATE INDEX works_next ON works (tenant_id, kind, next_at, id) WHERE next_at IS NOT NULL;
    ",
    sqlite: "",
    postgres: "",
};

const ROUNDS_STEP: Migration = Migration {
    version: 6,
    name: "visits of spots by checklist",
    common: "ALTER TABLE spot_visits ADD COLUMN checklist TEXT NOT NULL DEFAULT '';",
    sqlite: "",
    postgres: "",
};

const MACHINES_STEP: Migration = Migration {
    version: 7,
    name: "what machines report, merged",
    common: "
        CREATE TABLE machine_findings (
            tenant_id BIGINT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL, place TEXT NOT NULL, id BYTEA NOT NULL,
            state TEXT NOT NULL, at_least BIGINT NOT NULL, events BIGINT NOT NULL, first_at BIGINT NOT NULL,
            last_at BIGINT NOT NULL, told TEXT NOT NULL, decided_at BIGINT, decision TEXT NOT NULL,
            PRIMARY KEY (tenant_id, source, kind, place)
        ) <heap>;
        CREATE UNIQUE INDEX machine_findings_id ON machine_findings (tenant_id, id);
        CREATE INDEX machine_findings_open ON machine_findings (tenant_id, last_at, id) WHERE state = 'open';
        CREATE INDEX machine_findings_decided ON machine_findings (tenant_id, id) WHERE state <> 'open';
    ",
    sqlite: "",
    postgres: "",
};

const RECOUNT_STEP: Migration = Migration {
    version: 8,
    name: "count every case anew, for how long it took to finish",
    common: "
        INSERT INTO uncounted (tenant_id, case_id, version)
            SELECT tenant_id, case_id, version FROM cases WHERE TRUE
            ON CONFLICT (tenant_id, case_id) DO UPDATE SET version = excluded.version;
    ",
    sqlite: "",
    postgres: "",
};

const TOLD_STEP: Migration = Migration {
    version: 9,
    name: "which works a case belongs to, works by their last change, and every case counted anew for mediation",
    common: "
        CREATE TABLE work_cases (
            tenant_id BIGINT NOT NULL, case_id BYTEA NOT NULL, kind TEXT NOT NULL, work_id BYTEA NOT NULL,
            PRIMARY KEY (tenant_id, case_id, kind, work_id)
        ) <keyed>;
        CREATE INDEX work_cases_work ON work_cases (tenant_id, kind, work_id, case_id);
        CREATE INDEX works_at ON works (tenant_id, kind, at, id);
        UPDATE works SET next_at = at WHERE next_at IS NULL
            AND (kind = 'partner' AND state = 'applied' OR kind = 'reception_day' AND state = 'open');
        INSERT INTO uncounted (tenant_id, case_id, version)
            SELECT tenant_id, case_id, version FROM cases WHERE TRUE
            ON CONFLICT (tenant_id, case_id) DO UPDATE SET version = excluded.version;
    ",
    sqlite: FILL_WORK_CASES.0,
    postgres: FILL_WORK_CASES.1,
};

/// Fills `work_cases` from what works say, on SQLite and on PostgreSQL: for the step that makes it, and for a restore, because
/// an archive leaves it out.
pub(crate) const FILL_WORK_CASES: (&str, &str) = (
    "INSERT INTO work_cases (tenant_id, case_id, kind, work_id)
        SELECT w.tenant_id, unhex(replace(m.value, '-', '')), w.kind, w.id FROM works w, json_each(w.body, '$.members') m
        WHERE w.kind = 'campaign';",
    "INSERT INTO work_cases (tenant_id, case_id, kind, work_id)
        SELECT w.tenant_id, decode(replace(m.value, '-', ''), 'hex'), w.kind, w.id
        FROM works w CROSS JOIN LATERAL json_array_elements_text(w.body::json -> 'members') AS m (value)
        WHERE w.kind = 'campaign';",
);

/// Scope and clocks have no foreign key: they are only ever written together with their case, and checking them row by
/// row would cost a good part of an intake.
const FIRST: &str = "
CREATE TABLE tenants (
    tenant_id BIGINT NOT NULL PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL
) <heap>;

CREATE TABLE settings (
    tenant_id BIGINT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key)
) <keyed>;

CREATE TABLE counters (
    tenant_id BIGINT NOT NULL, name TEXT NOT NULL, next BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) <keyed>;

CREATE TABLE organisation (
    tenant_id BIGINT NOT NULL, version BIGINT NOT NULL, body TEXT NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, version)
) <heap>;

CREATE TABLE calendar (
    tenant_id BIGINT NOT NULL, year BIGINT NOT NULL, version BIGINT NOT NULL, body TEXT NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, year, version)
) <heap>;

CREATE TABLE policies (
    tenant_id BIGINT NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL, active_from BIGINT NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, version)
) <heap>;
CREATE INDEX policies_active ON policies (tenant_id, active_from, at);

CREATE TABLE users (
    tenant_id BIGINT NOT NULL, person TEXT NOT NULL, login TEXT NOT NULL, password TEXT, totp BYTEA, oidc_subject TEXT,
    failed BIGINT NOT NULL, locked_until BIGINT, active BIGINT NOT NULL, session_epoch BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, person)
) <keyed>;
CREATE UNIQUE INDEX users_login ON users (tenant_id, login);
CREATE UNIQUE INDEX users_oidc ON users (tenant_id, oidc_subject) WHERE oidc_subject IS NOT NULL;

CREATE TABLE sessions (
    tenant_id BIGINT NOT NULL, token_hash BYTEA NOT NULL, person TEXT NOT NULL, epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, rotated_at BIGINT NOT NULL, seen_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, person) REFERENCES users (tenant_id, person) ON DELETE CASCADE
) <keyed>;
CREATE INDEX sessions_person ON sessions (tenant_id, person);
CREATE INDEX sessions_expiry ON sessions (tenant_id, expires_at);

CREATE TABLE cases (
    tenant_id BIGINT NOT NULL, case_id BYTEA NOT NULL, number TEXT NOT NULL, version BIGINT NOT NULL, state TEXT NOT NULL,
    class TEXT, category TEXT, origin TEXT NOT NULL, channel TEXT NOT NULL, lead_unit TEXT, grid TEXT, marks TEXT NOT NULL,
    open BIGINT NOT NULL, next_due BIGINT, registered_at BIGINT NOT NULL, finished_at BIGINT, closed_at BIGINT,
    upstream_number TEXT, place_key TEXT, reporter BYTEA, tracking BYTEA, title TEXT NOT NULL,
    lon DOUBLE PRECISION, lat DOUBLE PRECISION, policy_version TEXT NOT NULL, last_hash BYTEA NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, case_id)
) <heap>;
CREATE UNIQUE INDEX cases_number ON cases (tenant_id, number);
CREATE UNIQUE INDEX cases_upstream ON cases (tenant_id, upstream_number) WHERE upstream_number IS NOT NULL;
CREATE INDEX cases_reporter ON cases (tenant_id, reporter, case_id) WHERE reporter IS NOT NULL;
CREATE INDEX cases_place ON cases (tenant_id, place_key, case_id) WHERE place_key IS NOT NULL;
CREATE INDEX cases_registered ON cases (tenant_id, registered_at, case_id);

CREATE TABLE case_scope (
    tenant_id BIGINT NOT NULL, unit TEXT NOT NULL, case_id BYTEA NOT NULL, open_due BIGINT,
    PRIMARY KEY (tenant_id, unit, case_id)
) <keyed>;
CREATE INDEX case_scope_queue ON case_scope (tenant_id, unit, open_due, case_id) WHERE open_due IS NOT NULL;

CREATE TABLE clocks (
    tenant_id BIGINT NOT NULL, case_id BYTEA NOT NULL, clock TEXT NOT NULL, next_at BIGINT NOT NULL, due_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, case_id, clock)
) <keyed>;
CREATE INDEX clocks_next ON clocks (tenant_id, next_at, case_id);

CREATE TABLE events (
    tenant_id BIGINT NOT NULL, stream BYTEA NOT NULL, seq BIGINT NOT NULL, stream_kind TEXT NOT NULL, at BIGINT NOT NULL,
    actor TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, hash BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, stream, seq)
) <keyed>;
CREATE INDEX events_at ON events (tenant_id, at, stream, seq);

CREATE TABLE identities (
    tenant_id BIGINT NOT NULL, case_id BYTEA NOT NULL, sealed BYTEA NOT NULL, key_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, case_id),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, case_id)
) <heap>;
CREATE INDEX identities_key ON identities (tenant_id, key_id, case_id);

CREATE TABLE idempotency (
    tenant_id BIGINT NOT NULL, actor TEXT NOT NULL, key TEXT NOT NULL, request_hash BYTEA NOT NULL, response TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, actor, key)
) <keyed>;
CREATE INDEX idempotency_at ON idempotency (tenant_id, at);

CREATE TABLE outbox (
    tenant_id BIGINT NOT NULL, id BYTEA NOT NULL, channel TEXT NOT NULL, recipient TEXT NOT NULL, body TEXT NOT NULL,
    attempts BIGINT NOT NULL, next_at BIGINT NOT NULL, state TEXT NOT NULL, last_error TEXT, created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) <heap>;
CREATE INDEX outbox_due ON outbox (tenant_id, next_at, id) WHERE state = 'queued';
CREATE INDEX outbox_ended ON outbox (tenant_id, state, id) WHERE state <> 'queued';

CREATE TABLE notifications (
    tenant_id BIGINT NOT NULL, person TEXT NOT NULL, id BYTEA NOT NULL, case_id BYTEA, kind TEXT NOT NULL,
    body TEXT NOT NULL, at BIGINT NOT NULL, read_at BIGINT,
    PRIMARY KEY (tenant_id, person, id)
) <keyed>;
CREATE INDEX notifications_unread ON notifications (tenant_id, person, id) WHERE read_at IS NULL;

CREATE TABLE attachments (
    tenant_id BIGINT NOT NULL, case_id BYTEA NOT NULL, id BYTEA NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL, sha256 BYTEA NOT NULL, width BIGINT, height BIGINT, kind TEXT NOT NULL, by_actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, case_id, id),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, case_id)
) <keyed>;
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_without_gaps() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|step| step.version).collect();
        assert_eq!(versions, (1..=MIGRATIONS.len() as i64).collect::<Vec<_>>());
    }
}
