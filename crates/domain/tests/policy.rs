//! What the policy files say, what is refused in one that is broken, and what is told of one.

use std::collections::BTreeSet;

use jiban_domain::{
    ids::{ClassId, ClockId, FormId},
    policy::{Assignee, Fault, Language, Length, Milestone, Policy, UrgentRule, explain},
};

const DONGMEN: &str = include_str!("../../../policies/dongmen.toml");
const BALTIMORE: &str = include_str!("../../../policies/baltimore.toml");

fn read(text: &str) -> Policy {
    match Policy::parse(text) {
        Ok(policy) => policy,
        Err(faults) => panic!("a policy that should be whole has faults:\n{faults}"),
    }
}

fn class(id: &str) -> ClassId {
    ClassId::new(id).unwrap_or_else(|bad| panic!("{bad}"))
}

// ── The files ───────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn dongmen_has_the_numbers_of_the_mechanism() {
    use Length::{Minutes as Min, WorkingDays as Days};
    use Milestone::{Contacted, Dispatched, Finished, OpinionFiled, Registered, Verified};
    let policy = read(DONGMEN);
    let table = [
        ("dispatch", Registered, Dispatched, [Min(60), Min(60), Min(24 * 60)]),
        ("contact", Dispatched, Contacted, [Min(10), Min(10), Min(10)]),
        ("verify", Dispatched, Verified, [Min(30), Min(30), Min(30)]),
        ("finish", Dispatched, Finished, [Min(2 * 60), Min(24 * 60), Min(72 * 60)]),
        ("opinion", Finished, OpinionFiled, [Days(3), Days(3), Days(3)]),
    ];
    for (id, start, stop, lengths) in table {
        let clock = &policy.clocks[id];
        assert_eq!((clock.start, clock.stop), (start, stop), "{id}");
        for (name, length) in ["urgent", "fast", "routine"].into_iter().zip(lengths) {
            assert_eq!(clock.length[&class(name)], length, "{id} {name}");
        }
    }
    assert_eq!(policy.clocks["dispatch"].complex, Some(Min(24 * 60)), "a complex case is dispatched within 24 h");
    assert_eq!(policy.contact.attempts, 3, "three logged attempts count as contact");
    assert_eq!(policy.returns.leader_decides_from, 2, "a second return goes to a leader");
    assert_eq!((policy.escalation.duties.len(), policy.escalation.questions.len()), (5, 3), "五包三问");
    let seats: Vec<_> = policy.team.iter().map(|seat| (seat.id.as_str(), seat.min, seat.max)).collect();
    assert_eq!(
        seats[..4],
        [("delegate", 1, Some(1)), ("cadre", 1, Some(1)), ("staff", 2, Some(2)), ("grid_worker", 1, None)]
    );
    let classes: Vec<_> = policy.classes.iter().map(|class| class.id.as_str()).collect();
    assert_eq!(classes, ["urgent", "fast", "routine"], "the most severe first");
}

#[test]
fn a_finding_of_rounds_has_a_clock_of_its_own_and_none_for_a_reporter() {
    use jiban_domain::case::Origin::{Inspection, Request};
    let policy = read(DONGMEN);
    let runs = |origin| {
        let rules =
            policy.clocks.iter().filter(move |(_, rule)| rule.origins.is_empty() || rule.origins.contains(&origin));
        rules.map(|(id, _)| id.as_str()).collect::<BTreeSet<_>>()
    };
    assert!(runs(Inspection).contains("finding"));
    for id in ["contact", "opinion", "follow_up", "finish"] {
        assert!(runs(Request).contains(id), "{id} runs for requests");
        assert!(!runs(Inspection).contains(id), "{id} does not run for findings");
    }
}

#[test]
fn every_category_of_dongmen_has_words_and_finds_a_unit() {
    let policy = read(DONGMEN);
    let tops = policy.categories.values().filter(|category| category.parent.is_none()).count();
    assert_eq!(tops, 13);
    assert!(policy.categories.len() - tops >= 110);
    for (id, category) in &policy.categories {
        let least = if category.parent.is_none() { 1 } else { 3 };
        assert!(category.words.len() >= least, "{id} has {} words", category.words.len());
        let ruled = |id| policy.responsibilities.iter().find(|rule| rule.category.as_ref() == Some(id));
        let certain = policy.lineage(id).filter_map(ruled).any(|rule| matches!(rule.lead, Assignee::Unit(_)));
        assert!(certain, "{id} has no unit where the place is not known");
    }
}

#[test]
fn a_policy_of_another_city_reads_as_well() {
    let policy = read(BALTIMORE);
    assert_eq!(policy.dispatch.liaison_office.as_str(), "bal.311");
    let pothole = &policy.categories["TRM-Pothole-Repair"];
    let class = pothole.class.as_ref().unwrap_or_else(|| panic!("potholes have a class"));
    assert_eq!(policy.clocks["finish"].length[class], Length::Minutes(48 * 60), "due two days after the request");
}

#[test]
fn the_version_is_the_hash_of_the_text() {
    let (policy, again) = (read(DONGMEN), read(DONGMEN));
    assert_eq!(policy, again);
    assert_eq!(policy.version.len(), 64);
    assert_ne!(policy.version, read(&format!("{DONGMEN}\n# a remark")).version);
}

// ── Faults ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// One edit that breaks the file of Dongmen.
struct Broken {
    /// What stands there once.
    from: &'static str,
    /// What is put in its place.
    to: &'static str,
    /// Text on the line of the fault, once in the broken file; empty: the first line.
    at: &'static str,
    /// Key of the fault.
    key: &'static str,
}

const fn broken(from: &'static str, to: &'static str, at: &'static str, key: &'static str) -> Broken {
    Broken { from, to, at, key }
}

fn edited(text: &str, edit: &Broken) -> String {
    assert_eq!(text.matches(edit.from).count(), 1, "'{}' should stand once in the file", edit.from);
    text.replacen(edit.from, edit.to, 1)
}

fn line_of(text: &str, fragment: &str) -> usize {
    if fragment.is_empty() {
        return 1;
    }
    let found: Vec<_> = text.match_indices(fragment).collect();
    assert_eq!(found.len(), 1, "'{fragment}' should stand once in the broken file");
    text[..found[0].0].matches('\n').count() + 1
}

fn faults(text: &str) -> Vec<Fault> {
    match Policy::parse(text) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0,
    }
}

fn chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

const BROKEN: &[Broken] = &[
    // Head
    broken(r#"number_prefix = "DM""#, r#"number_prefix = "dm-east""#, "number_prefix", "number_prefix"),
    broken(r#""Asia/Shanghai""#, r#""Asia/Dongmen""#, "Asia/Dongmen", "time_zone"),
    broken("time_zone = \"Asia/Shanghai\"\n", "", "", "time_zone"),
    broken(r#"zh = "东门街道接诉即办、未诉先办机制""#, r#"zh = """#, r#"zh = """#, "name.zh"),
    broken(
        r#", en = "Dongmen Street: handled on request, handled before request" }"#,
        " }",
        "name = { zh = \"东门街道接诉即办、未诉先办机制\"",
        "name.en",
    ),
    broken("[retention]", "[retentions]\n[retention]", "[retentions]", "retentions"),
    // Channels
    broken(
        r#"en = "Request hall" }, public = false"#,
        r#"en = "Request hall" }, public = "no""#,
        "Request hall",
        "channels.hall.public",
    ),
    broken(
        r#"en = "Weak signal" }, public = false, origin = "signal""#,
        r#"en = "Weak signal" }, public = false, origin = "signl""#,
        "signl",
        "channels.analysis.origin",
    ),
    broken("\nhotline = {", "\n\"hot line\" = {", "hot line", r#"channels."hot line""#),
    broken("[channels]", "[channels]\nempty = 7", "empty = 7", "channels.empty"),
    broken(r#"until = "12:00""#, r#"until = "08:00""#, r#"until = "08:00""#, "reception.until"),
    broken(r#"channel = "reception_day""#, r#"channel = "moon""#, r#"channel = "moon""#, "reception.channel"),
    // Classes and triage
    broken(
        "# 四个可能性",
        "[[classes]]\nid = \"fast\" # twice\nname = { zh = \"一\", en = \"1\" }\nmeaning = { zh = \"一\", en = \"1\" }\n# 四个可能性",
        "# twice",
        "classes[4].id",
    ),
    broken("abstain_below = 0.55", "abstain_below = 5.5", "abstain_below", "triage.abstain_below"),
    broken(r#"easy_class = "fast""#, r#"easy_class = "rapid""#, "easy_class", "triage.easy_class"),
    broken(r#"id = "gas_smell""#, r#"id = "gas" # twice"#, "# twice", "urgent_rules[3].id"),
    broken(r#"any = ["电梯", "升降机", "货梯", "扶梯", "轿厢"]"#, "any = [] # none", "# none", "urgent_rules[15].any"),
    // Clocks
    broken(
        r#"length = { urgent = "30 min", fast = "2 h", routine = "24 h" }"#,
        r#"length = { urgent = "30 min", fast = "2 h" }"#,
        r#"fast = "2 h" }"#,
        "clocks.report_in.length",
    ),
    broken(
        r#"length = { urgent = "30 min", fast = "2 h", routine = "24 h" }"#,
        r#"length = { urgent = "30 min", fast = "2 h", routine = "24 h", slow = "48 h" }"#,
        "slow = \"48 h\"",
        "clocks.report_in.length.slow",
    ),
    broken("at_least = 8, chance", "at_least = 1, chance", "at_least = 1, chance", "guards.equal_grades.at_least"),
    broken("东诉提〔{year}〕{n}号", "东诉提{n}号", "东诉提{n}号", "letters.reminder.number"),
    broken(r#"rate = "resolution""#, r#"rate = "resolve""#, r#""resolve""#, "letters.rules[2].rate"),
    broken("有 {count} 个时限", "有 {counts} 个时限", "{counts}", "letters.rules[3].text"),
    broken(r#"count = "bad_standing""#, r#"count = "bad""#, r#"count = "bad""#, "letters.rules[4].count"),
    broken("hot_issues = 5", "hot_issues = 500", "hot_issues = 500", "bulletins.hot_issues"),
    broken(r#"down = ["requests", "repeats"]"#, r#"down = ["complaints"]"#, "complaints", "bulletins.down[1]"),
    broken(r#""1 working day""#, r#""one day""#, "one day", "clocks.bad_rating.length.urgent"),
    broken(r#""1 working day""#, r#""0 working days""#, "0 working days", "clocks.bad_rating.length.urgent"),
    broken(r#""1 working day""#, "90", "urgent = 90", "clocks.bad_rating.length.urgent"),
    broken(r#"stop = "contacted""#, r#"stop = "dispatched" # itself"#, "# itself", "clocks.contact.stop"),
    broken(r#"stop = "verified""#, r#"stop = "finished" # other"#, "# other", "clocks.verify.stop"),
    broken(r#"stop = "reported_in""#, r#"stop = "finished" # other"#, "# other", "clocks.report_in.stop"),
    broken(r#"stop = "followed_up""#, r#"stop = "follow_up""#, r#"stop = "follow_up""#, "clocks.follow_up.stop"),
    broken("[clocks.verify]", "[clocks.verification]", "[clocks.dispatch]", "clocks"),
    broken(
        "[clocks.finding]\nname",
        "[clocks.finding]\nextendible = true\nname",
        "extendible",
        "clocks.finding.extendible",
    ),
    broken("warn_at = [0.5]\n", "warn_at = [0.5, 0.4]\n", "[0.5, 0.4]", "clocks.contact.warn_at[2]"),
    broken("warn_at = [0.5]\n", "warn_at = [1.5]\n", "[1.5]", "clocks.contact.warn_at[1]"),
    broken(
        "warn_at = [0.5, 0.8]\nwarn = [\"clock_unit\"]\n",
        "warn_at = [0.5, 0.8]\n",
        "[clocks.report_in]",
        "clocks.report_in",
    ),
    // What an agreement says itself
    broken(
        "stop = \"performed\"\n",
        "stop = \"performed\"\ncomplex = \"24 h\"\n",
        "complex = \"24 h\"\nwarn_at = [0.8]",
        "clocks.performance.complex",
    ),
    broken("stop = \"performed\"", "stop = \"closed\"", "stop = \"closed\"", "clocks.performance.stop"),
    broken("agreement = \"mediation\"", "agreement = \"handshake\"", "\"handshake\"", "agreement"),
    broken(
        r#"tell = ["liaison_office", "duty"]"#,
        r#"tell = ["clock_unit", "duty"]"#,
        r#"["clock_unit", "duty"]"#,
        "clocks.dispatch.breach[1].tell[1]",
    ),
    broken(r#"tell = ["liaison_office", "duty"]"#, "tell = []", "tell = []", "clocks.dispatch.breach[1].tell"),
    broken(
        r#"{ after = "0 min", tell = ["liaison_office", "duty"] }"#,
        r#"{ after = "5 min", tell = ["liaison_office", "duty"] }"#,
        r#"after = "5 min""#,
        "clocks.dispatch.breach[1].after",
    ),
    broken(
        "[\"liaison_office\", \"duty\"] },\n  { after = \"30 min\"",
        "[\"liaison_office\", \"duty\"] },\n  { after = \"0 min\" ",
        "after = \"0 min\" ,",
        "clocks.dispatch.breach[2].after",
    ),
    broken(
        r#"["parent_unit", "duty"]"#,
        r#"["parent_units", "duty"]"#,
        "parent_units",
        "clocks.contact.breach[2].tell[1]",
    ),
    broken(
        r#"["parent_unit", "duty"]"#,
        r#"["duty", "duty"]"#,
        r#"["duty", "duty"]"#,
        "clocks.contact.breach[2].tell[2]",
    ),
    // Categories
    broken(
        r#""city.stall" = { parent = "city""#,
        r#""city.stall" = { parent = "citty""#,
        "citty",
        r#"categories."city.stall".parent"#,
    ),
    broken(
        "\ncity = { name",
        "\ncity = { parent = \"city.stall\", name",
        "city = { parent = \"city.stall\"",
        "categories.city.parent",
    ),
    broken(
        "\n\"city.stall\" = {",
        "\n\"x.a\" = { parent = \"city.litter\", name = { zh = \"一\", en = \"1\" } }\n\"x.b\" = { parent = \"x.a\", name = { zh = \"一\", en = \"1\" } }\n\"city.stall\" = {",
        "\"x.b\"",
        r#"categories."x.b".parent"#,
    ),
    broken(
        r#"en = "Street stalls" }, class = "fast""#,
        r#"en = "Street stalls" }, class = "quick""#,
        "quick",
        r#"categories."city.stall".class"#,
    ),
    broken(
        r#"en = "Street stalls" }, class = "fast", photo_due"#,
        r#"en = "Street stalls" }, class = "fast", photo_du"#,
        "photo_du =",
        r#"categories."city.stall".photo_du"#,
    ),
    broken(r#""ktv""#, r#""KTV""#, r#""KTV""#, r#"categories."noise.bar".words[2]"#),
    broken(r#""ktv""#, r#""""#, r#""酒吧", """#, r#"categories."noise.bar".words[2]"#),
    broken(r#""ktv""#, r#""酒吧""#, r#""酒吧", "酒吧""#, r#"categories."noise.bar".words[2]"#),
    // Responsibilities and dispatch
    broken(
        r#"category = "city.toilet""#,
        r#"category = "city.toilets""#,
        "city.toilets",
        "responsibilities[9].category",
    ),
    broken(
        "[[responsibilities]]\ncategory = \"city.toilet\"",
        "[[responsibilities]] # again\ncategory = \"city.green\"",
        "# again",
        "responsibilities[9]",
    ),
    broken(
        "category = \"city.toilet\"\nlead = \"lh.dm.csb\"",
        "category = \"city.toilet\"\nlead = \"城建办\"",
        "城建办",
        "responsibilities[9].lead",
    ),
    broken(
        "category = \"city.toilet\"\nlead = \"lh.dm.csb\"",
        "category = \"city.toilet\"\nlead = \"@grids\"",
        "@grids",
        "responsibilities[9].lead",
    ),
    broken(
        "[[responsibilities]]\ncategory = \"city.toilet\"\nlead = \"lh.dm.csb\"",
        "[[responsibilities]] # itself\ncategory = \"city.toilet\"\nlead = \"lh.dm.csb\"\nwith = [\"lh.dm.csb\"]",
        "# itself",
        "responsibilities[9]",
    ),
    broken("automatic = false ", "", "[dispatch]", "dispatch.automatic"),
    // Handling
    broken("attempts = 3                    # 三", "attempts = 0 # 三", "attempts = 0", "contact.attempts"),
    broken("attempts = 3                    # 三", "attempts = \"three\" # 三", "three\"", "contact.attempts"),
    broken(
        r#"attempt_gap = "2 min""#,
        r#"attempt_gap = "2 working days""#,
        "attempt_gap = \"2 working days\"",
        "contact.attempt_gap",
    ),
    broken(
        r#"longest_working = "5 working days""#,
        r#"longest_working = "5 days""#,
        "longest_working",
        "extensions.longest_working",
    ),
    broken(
        "solved = { zh = \"已解决\", en = \"Solved\" }\npartly",
        "settled = { zh = \"已解决\", en = \"Solved\" }\npartly",
        "[whistle.outcomes]",
        "whistle.outcomes",
    ),
    broken("min = 2\nmax = 2", "min = 2\nmax = 1 # less", "# less", "team[3].max"),
    broken(r#"id = "cadre""#, r#"id = "delegate" # twice"#, "# twice", "team[2].id"),
    broken(r#"route = "legal_aid", unit"#, r#"route = "law", unit"#, r#"route = "law""#, "studios.legal_aid.route"),
    // The hall
    broken("until = \"18:00\"", "until = \"08:00\"", "until = \"08:00\"", "hall.until"),
    broken("from = \"09:00\"", "from = \"nine\"", "\"nine\"", "hall.from"),
    broken("letter = \"B\"", "letter = \"A\" # again", "# again", "hall.counters[2].letter"),
    // Forms and closing
    broken("[forms.follow_up]", "[forms.callback]", "[forms.opinion]", "forms"),
    broken(
        r#"kind = "date", required = false"#,
        r#"kind = "day", required = false"#,
        r#"kind = "day""#,
        "forms.opinion.fields[6].kind",
    ),
    broken(
        r#"en = "Legal or policy basis" }, kind = "text", required = false, max_chars = 1000"#,
        r#"en = "Legal or policy basis" }, kind = "text", required = false"#,
        "Legal or policy basis",
        "forms.opinion.fields[3].max_chars",
    ),
    broken(r#"{ id = "wishes","#, r#"{ id = "method", "#, r#""method",  name"#, "forms.follow_up.fields[3].id"),
    broken(r#"{ id = "wishes""#, r#"{ id = "satisfied""#, r#"id = "satisfied""#, "forms.follow_up.fields[3].id"),
    broken(
        r#"kind = "choice", required = true, choices = { phone"#,
        r#"kind = "choice", required = false, choices = { phone"#,
        "fields = [\n  { id = \"method\"",
        "forms.follow_up.fields",
    ),
    broken("grades = 5", "grades = 1", "grades = 1", "closing.grades"),
    broken("bad_up_to = 2", "bad_up_to = 5", "bad_up_to", "closing.bad_up_to"),
    broken("satisfied_from = 4", "satisfied_from = 2", "satisfied_from", "closing.satisfied_from"),
    broken(r#"rate_within = "30 days""#, r#"rate_within = "36 h""#, "rate_within", "closing.rate_within"),
    // Follow-up and assessment
    broken(
        "attempts = 3                    # 打",
        "attempts = 0                    # 打",
        "attempts = 0 ",
        "follow_up.attempts",
    ),
    broken(
        r#"attempt_gap = "4 h""#,
        r#"attempt_gap = "1 working day""#,
        "1 working day\"             #",
        "follow_up.attempt_gap",
    ),
    broken("third_person_share = 0.2", "third_person_share = 20", "third_person_share", "follow_up.third_person_share"),
    broken("“{title}”已由", "“{name}”已由", "{name}", "follow_up.script.greeting"),
    broken("en = \"Is the matter solved?\" }", "}", "solved = { zh = \"您", "follow_up.script.solved.en"),
    broken(
        r#"route = "legal_aid", unit = "lh.dm.sfs""#,
        r#"route = "legal_aid", unit = "司法所""#,
        "司法所",
        "studios.legal_aid.unit",
    ),
    // Rates and the rest
    broken(
        r#"exclude = ["unlawful", "unreasonable", "malicious"]"#,
        r#"exclude = ["unlawful", "unresonable", "malicious"]"#,
        "unresonable",
        "rates[1].exclude[2]",
    ),
    broken(
        r#"denominator = "clocks_due""#,
        r#"denominator = "followed_up" # other"#,
        "# other",
        "rates[4].denominator",
    ),
    broken(
        r#"numerator = "report_ins""#,
        r#"numerator = "report_in""#,
        r#"numerator = "report_in""#,
        "rates[5].numerator",
    ),
    broken(r#"id = "resolution""#, r#"id = "response" # twice"#, "# twice", "rates[2].id"),
    broken(r#"identity = "1095 days""#, r#"identity = "36 h""#, "identity = ", "retention.identity"),
    broken("within_metres = 100", "within_metres = -1", "within_metres", "repeats.within_metres"),
    // No TOML at all
    broken("grades = 5", "grades = = 5", "grades = = 5", ""),
    broken("max_units = 12", "max_units = 12\nmax_units = 13", "max_units = 13", ""),
];

#[test]
fn each_broken_edit_gives_exactly_its_fault() {
    assert!(BROKEN.len() >= 40);
    for edit in BROKEN {
        let text = edited(DONGMEN, edit);
        let found = faults(&text);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 1, "'{}' → '{}': {shown:#?}", edit.from, edit.to);
        let fault = &found[0];
        assert_eq!((fault.line, fault.key.as_str()), (line_of(&text, edit.at), edit.key), "{shown:?}");
        assert!(fault.column >= 1, "{shown:?}");
        for told in [&fault.what, &fault.remedy] {
            assert!(chinese(&told.zh) && !told.en.is_empty(), "{shown:?}");
            assert!(!chinese(&told.en) || chinese(edit.to), "{shown:?}");
        }
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let together = [
        "number_prefix",
        "channels.hall.public",
        "urgent_rules[3].id",
        "clocks.verify.stop",
        "team[3].max",
        "rates[4].denominator",
        "retention.identity",
    ];
    let edits = together.map(|key| {
        BROKEN.iter().find(|edit| edit.key == key).unwrap_or_else(|| panic!("{key} is among the broken edits"))
    });
    let text = edits.iter().fold(DONGMEN.to_owned(), |text, edit| edited(&text, edit));
    let found = faults(&text);
    assert_eq!(found.iter().map(|fault| fault.key.as_str()).collect::<Vec<_>>(), together);
    assert!(found.is_sorted_by_key(|fault| fault.line));
}

#[test]
fn an_empty_file_tells_every_key_it_lacks() {
    let found = faults("");
    for key in ["name", "classes", "clocks", "categories", "forms", "rates", "retention", "repeats"] {
        assert!(found.iter().any(|fault| fault.key == key && fault.line == 1), "{key}");
    }
}

#[test]
fn a_fault_says_where_what_and_what_to_do() {
    let text = DONGMEN.replacen("time_zone = \"Asia/Shanghai\"", "time_zone = \"Asia/Shanghi\"", 1);
    let line = line_of(&text, "Asia/Shanghi");
    let Err(found) = Policy::parse(&text) else { panic!("a time zone that does not exist was taken") };
    let told = "time_zone: 没有时区“Asia/Shanghi”；请写 IANA 时区名，例如 \"Asia/Shanghai\" / \
                there is no time zone 'Asia/Shanghi'; write an IANA name, such as \"Asia/Shanghai\"";
    assert_eq!(found.to_string(), format!("{line}:13: {told}"));
}

#[test]
fn a_slip_of_the_pen_is_answered_with_the_nearest_word() {
    let near = [
        ("photo_du", "photo_due"),
        ("citty", "city"),
        ("signl", "signal"),
        ("unresonable", "unreasonable"),
        ("parent_units", "parent_unit"),
    ];
    for (written, meant) in near {
        let edit = BROKEN.iter().find(|edit| edit.to.contains(written)).unwrap_or_else(|| panic!("{written}"));
        let found = faults(&edited(DONGMEN, edit));
        let remedy = &found[0].remedy;
        assert!(remedy.zh.contains(meant) && remedy.en.contains(meant), "{written}: {remedy}");
    }
}

// ── Danger to life ──────────────────────────────────────────────────────────────────────────────────────────────────

/// What must be urgent by rule, whatever a model says.
const DANGER: &[&str] = &[
    "太白路口一楼餐馆着火了，火势很大",
    "我家对面楼有浓烟冒出来，快来人",
    "楼道里电动车起火，楼上的人下不来",
    "外面一辆小汽车自燃了",
    "仓库在冒黑烟，有焦味",
    "火锅店厨房着火，客人往外跑",
    "消防通道被车堵住了，里面的房子正在起火，消防车进不去",
    "六楼厨房闻到很重的煤气味",
    "工地把燃气管道挖断了，现在一直嘶嘶响",
    "楼下大排档煤气罐漏气，味道很大",
    "隔壁一氧化碳中毒，人没反应了",
    "小区地下室发生爆炸，玻璃全碎了",
    "刚才听到一声巨响，二楼窗户都飞了",
    "老房子墙体突然倾斜，住户不敢回家",
    "围墙倒了，压到人",
    "天桥旁的脚手架倒塌",
    "路面塌陷出一个大洞，车掉进去了",
    "边坡滑坡，泥土冲到楼下",
    "外墙瓷砖大面积脱落，差点砸到人",
    "有人从楼上往下扔酒瓶，天天高空抛物",
    "空调外机掉下来砸到车",
    "广告牌被风吹得快掉下来，下面都是人，随时会砸到人",
    "一个小女孩在商场走丢了，找了两个小时",
    "小孩被锁在车里，太阳很晒",
    "三岁的孩子爬出窗外，挂在防盗网上",
    "隔壁天天毒打孩子，孩子浑身是伤",
    "男孩掉进河里了",
    "邻居把儿子打得满身是伤",
    "老人走失三天了，有老年痴呆",
    "有人站在楼顶要跳楼",
    "我不想活了，你们再不管我就死给你们看",
    "她说要割腕，已经锁了门",
    "工地上有人爬上塔吊说不给工资就跳下去",
    "再不解决我只有一死了之",
    "楼下有人持刀追人",
    "几个人拿着钢管打群架，有人头破血流",
    "店里有人拿菜刀砍人",
    "前夫上门打我，说要杀了我",
    "邻居家老公家暴，女的一直在喊救命",
    "路灯杆漏电，小孩被电到了",
    "台风把高压线吹断掉在马路上",
    "有人触电倒地",
    "我被困在电梯里，按铃没人理",
    "电梯突然急坠，里面还有老人",
    "商场扶梯夹住小孩的脚",
    "地下车库被淹，还有人在里面",
    "暴雨内涝，水没过膝盖，一楼老人出不来",
    "路口井盖不见了，已经有人摔进去",
    "沙井盖被偷，晚上看不见很危险",
    "基坑没有围挡，小孩会掉下去",
    "几十名工人在项目部门口拉横幅讨薪",
    "上百业主围堵售楼处",
    "商户聚集在街道办门口讨说法",
    "老人在公园晕倒，不省人事",
    "独居老人几天没出门，屋里有臭味",
    "工地食堂几十人食物中毒",
    "有人把硫酸倒进下水道，刺鼻",
    "居民楼里有人私藏大量汽油，怕出事",
    "有人在广场突然口吐白沫抽搐",
    "有人被非法拘禁在出租屋",
    "女生被陌生男子尾随女厕，意图强奸",
    "我们这栋楼七楼正往外冒烟，闻到烧焦味",
    "厨房油锅烧起来了，邻居家没人",
    "隔壁出租屋充电的电瓶车突然烧着，火很大",
    "商场五楼有明火，保安在疏散",
    "小区里煤气味好浓，头晕",
    "打开门就闻到天然气味，不敢开灯",
    "楼下餐馆的液化气瓶一直在嘶嘶响",
    "热水器一氧化碳中毒送医院了",
    "变压器爆炸了，整栋楼停电",
    "旧楼阳台塌下来，砸坏两辆车",
    "地面突然下陷，出现一个大洞",
    "有块玻璃幕墙从二十楼掉下来碎了一地",
    "楼上丢下来一个啤酒瓶，差点砸中小孩",
    "五岁男童在步行街与家人失散，找不到了",
    "宝宝被反锁在家里，灶上还开着火",
    "有个小孩趴在阳台栏杆外面",
    "隔壁传来孩子惨叫，像是被大人用皮带抽",
    "初中生在天台上坐着哭，说不想读书要跳",
    "我老公说要从楼上跳下去",
    "妻子吞了一整瓶安眠药",
    "网友留言说活着没意思想死",
    "丈夫喝醉了拿刀要砍我",
    "有人在街上挥舞菜刀",
    "夜市门口十几个人拿棍子互殴",
    "我妈被继父打得头破血流",
    "水浸街，路灯杆带电，有人被电麻了",
    "电线掉在积水里冒火花",
    "电梯卡在十二楼，里面有孕妇",
    "电梯门夹住老人的手出不来",
    "负二层水已经到腰了，车里有人",
    "河边有人落水",
    "施工的井没有盖也没围挡，刚有老人跌进去",
    "五十多个工人堵住工地大门要工资",
    "一大群业主在售楼部门口闹事",
    "老人倒在路边没有反应",
    "广场上有人心脏骤停",
    "化工桶泄漏，刺鼻液体流到路上",
    "楼上租户存放了几十箱烟花爆竹",
    "吃了快餐后十几个人上吐下泻",
    "楼体裂缝突然变大，墙在响",
    "隔壁栋十楼窗户有火苗窜出来",
    "停车场一辆电动汽车烧起来了",
    "饭店后厨爆燃，有人烧伤",
    "地下管道施工挖破天然气管，气味刺鼻",
    "厨房煤气阀关不上一直漏",
    "居民楼下面的承重墙被砸，楼板在往下掉",
    "学校围墙快要倒了，学生每天经过",
    "暴雨后山坡泥石流冲下来",
    "工地塔吊的钢筋掉到马路上",
    "有人天天从高楼扔烟灰缸砸到行人",
    "孙女放学后不见了，手机打不通",
    "有个小孩独自在窗台上爬",
    "幼儿园老师把孩子打得耳朵出血",
    "小男孩头卡在护栏里",
    "有女子坐在天桥护栏外，情绪激动",
    "债主逼得我想死，今晚就了断",
    "朋友发信息说要烧炭自杀",
    "小区门口有人持刀伤人",
    "邻居扬言要杀我全家",
    "三个男的把一个女的强行拖上车",
    "隔壁夫妻打架，女的喊救命",
    "老人被儿子虐待，身上都是伤",
    "小区充电桩漏电，摸到会麻",
    "积水里有电线，有人倒下了",
    "三个人被困在货梯一小时",
    "扶梯突然逆行，多人摔倒",
    "隧道进水，车被淹了",
    "小孩掉进化粪池",
    "人行道上一个井盖没了，骑车的摔进去",
    "上百个投资人围在公司门口讨钱",
    "农民工爬上楼顶讨薪",
    "工人们堵路要工资，已经堵车",
    "独居老人敲门没人应，怀疑出事",
    "有人晕倒在公交站",
    "公司聚餐后二十多人呕吐腹泻",
    "一辆油罐车侧翻，汽油流到路面",
    "有人往水箱里投毒",
    "陌生人跟踪女学生到楼道",
    "精神病人拿着锤子砸人",
    "屋顶广告牌摇晃得厉害，随时会砸下来",
    "天台堆的纸皮着起来了，风很大",
    "居民楼电表箱起火，楼道停电",
    "烟从隔壁门缝里冒出来",
    "厨房燃气胶管脱落，屋里全是气",
    "液化气钢瓶倒地漏气",
    "工地支架垮了，有人被压",
    "山上石头滚下来堵住出口",
    "霓虹灯招牌半挂着，风一吹就要掉",
    "妈妈带着孩子说要一起跳河",
    "四岁小孩被遗忘在校车里",
    "孩子误吞纽扣电池",
    "孩子哭着打电话说被继父打",
    "病人拔掉管子说不治了想死",
    "男子浇汽油要点火自焚",
    "宿舍里有人割脉",
    "店里有人抢劫，拿枪",
    "两伙人持械斗殴",
    "前男友跟踪威胁要弄死我",
    "变压器打火花，电线快断了",
    "小孩摸到广告灯箱触电",
    "轿厢突然下坠，人出不来",
    "水漫进一楼，老人卧床走不了",
    "雨水篦子没了，差点掉进去",
    "建筑工人聚集政府门口",
    "孕妇临产堵在路上",
    "老人中暑昏倒",
    "有人误食老鼠药",
    "冷库氨气泄漏",
];

/// What only sounds like danger.
const NO_DANGER: &[&str] = &[
    "消防通道长期被货车堵住，请处理",
    "楼道堆满杂物，存在火灾隐患",
    "小区灭火器过期，消防栓没水",
    "建议安装燃气泄漏报警器",
    "煤气费突然涨了一倍，要求核查",
    "燃气公司上门安检态度差",
    "我要开通管道燃气怎么办理",
    "火锅店半夜还在营业，噪音扰民",
    "火锅店油烟味太大",
    "火车站旁边停车乱收费",
    "随着火车站客流增加，周边停车难",
    "服装店天天喊跳楼价，喇叭太吵",
    "店铺贴出跳楼大甩卖，吵得睡不着",
    "公司员工跳槽后克扣工资",
    "生意火爆，门口排队占道",
    "游乐场跳楼机没有年检",
    "电瓶车飞线充电，万一起火后果不堪设想",
    "一旦发生火灾消防车根本进不来",
    "烧烤摊占道经营，烟雾扰民",
    "希望社区多组织消防火灾演练",
    "楼上装修声音太大，头都炸了",
    "群里都炸了锅，物业不回应",
    "炸鸡店油炸味道大",
    "爆炸头发型店办卡不退钱",
    "小区电梯经常坏，希望更换",
    "业主反对加装电梯，项目卡在签字阶段",
    "加装电梯困难，请协调",
    "电梯里有人抽烟",
    "墙纸脱落，房东不修",
    "斑马线脱落看不清",
    "二维码脱落扫不了",
    "希望安装高空抛物监控",
    "树叶掉落没人扫",
    "我儿子的学位申请被打回来了",
    "孩子被积分入学政策困扰",
    "孩子上学名额不够",
    "学生证丢失怎么补办",
    "建议暑假开展防溺水宣传",
    "狗走失了，请帮忙找",
    "小猫走丢了",
    "健身房老板失联，会员卡不退钱",
    "开发商失联，房产证办不了",
    "被商家绑架消费，强制充值",
    "剧本杀店深夜喧哗",
    "狼人杀店噪音",
    "水果店老板缺斤少两，像抢劫一样",
    "小孩玩玩具枪打到我",
    "这家店宰客跟抢劫一样",
    "漏电保护开关老是跳闸",
    "火花塞店占道修车",
    "井盖松动，车过有响声",
    "井盖响声扰民",
    "人行道地砖松动",
    "共享单车堵路，走不过去",
    "货车停车堵门",
    "老人聚集打牌吵闹",
    "聚众赌博扰民",
    "地铁施工封路，绕行太远",
    "醉酒闹事的人天天有",
    "麻将馆聚集打麻将",
    "办理死亡证明要什么材料",
    "父亲因病死亡，户口怎么注销",
    "电动车倒在地上没人扶",
    "垃圾桶倒在地上",
    "路边有动物尸体",
    "电脑中毒数据丢失",
    "信息泄露，天天接推销电话",
    "小区停水两天了",
    "水压低，洗不了澡",
    "落水管破损漏水",
    "咨询防洪水物资哪里领",
    "公司要倒了，还欠我们社保",
    "店里生意快活不下去，希望减租",
    "今年生意活不下去，希望减免租金",
    "年轻生育补贴怎么申请",
    "减轻生活负担，申请低保",
    "反家暴宣传什么时候有",
    "有人虐待流浪猫",
    "楼上拖椅子半夜巨响吵",
    "门口汽油味，加油站太近",
    "地下停车场有尾气味",
    "建议增加消防安全宣传",
    "楼下负责人质问我",
    "广场舞音响巨响，太吵",
    "业主聚集区缺少公厕",
    "电影院大火的影片票价太高",
    "天气热死了空调坏了",
    "店里模特假人倒在地上",
    "老师布置作业太多，孩子累死了",
    "外卖骑手逆行差点撞死人",
    "消防车通道划线不清楚",
    "过火车道口太颠",
    "奶茶店生意红火，排队占路",
    "烧烤店炭火味飘进卧室",
    "物业要求更换燃气软管是否合理",
    "燃气表读数不对，多收费",
    "煤气管道外墙生锈影响美观",
    "燃气安检约不上时间",
    "装修公司跑路，墙面开裂要求赔",
    "墙面轻微裂纹，开发商不修",
    "路面有裂缝不平",
    "楼上空调滴水",
    "楼上阳台晾衣服滴水",
    "小孩在楼道滑板太吵",
    "小孩子随地大小便",
    "学校门口家长停车堵路",
    "孩子上学路上没有斑马线",
    "儿童游乐设施坏了",
    "学生公交卡办理",
    "广场上儿童电动车碾压人",
    "店主说要跳槽不干了押金不退",
    "跳蚤市场占道",
    "跳绳比赛吵",
    "鸡血石店卖假货",
    "杀鱼摊污水横流",
    "刀具店没有营业执照",
    "磨刀吆喝声太吵",
    "打人民币验钞机坏了",
    "抢车位吵架",
    "电费太高，怀疑电表有问题",
    "停电两个小时没通知",
    "充电桩太少",
    "电梯广告太多",
    "电梯里贴小广告",
    "电梯维保费用不公开",
    "雨天路面积水溅到行人",
    "下水道堵塞返臭味",
    "公园湖水发绿",
    "井盖与路面不平",
    "化粪池满了没人抽",
    "十几个大妈跳广场舞",
    "很多人在公园聚餐留下垃圾",
    "老人免费乘车卡办理",
    "老人饭堂价格",
    "骨灰存放咨询",
    "爱心献血车占位",
    "药店卖过期药",
    "化妆品店过敏不退款",
    "火锅底料过期",
    "健身房倒闭退款",
    "晚上头晕睡不着，因为楼下太吵",
    "晕车药哪里买",
    "老人证办理没人理，电话没反应",
    "老人饭堂排队太久",
    "老人乘车优惠卡什么时候发",
    "老人活动中心关门太早",
    "昏暗的路灯，希望换新的",
    "酒瓶乱扔在草坪上",
    "砖头堆在楼道里",
    "棍子支着的雨棚不美观",
    "阳台封窗是否违建",
    "阳台种菜漏水到楼下",
    "楼顶晒被子被收走",
    "楼顶水箱多久清洗一次",
    "天台被邻居锁住不能晾衣服",
    "天台种菜有臭味",
    "桥上摆摊堵路",
    "窗台鸽子粪",
    "顶楼漏水",
    "孩子半夜哭闹吵人",
    "学生补课费用太高",
    "学生奶茶店排队堵住人行道",
    "孩子想跳级怎么申请",
    "幼儿园学费退款",
    "孩子的疫苗本丢了找不到了",
    "新生儿上户口",
    "新生儿医保怎么交",
    "小孩在电梯里乱按",
    "电梯太小轮椅进不去",
    "电梯停运三天，老人上下楼不便",
    "货梯收费不合理",
    "电梯内有人大声外放",
    "扶梯停用很久",
    "夏天游泳池开放时间",
    "洪湖公园荷花节停车",
    "水费阶梯计价",
    "卫生间水龙头滴水",
    "雨棚滴水声音大",
    "网上冲突言论举报",
    "公交改线与时间冲突",
    "商户之间价格冲突",
    "封路活动提前通知",
    "包围小区的噪音来自工地",
    "发烧友音响店太吵",
    "恶心的味道从垃圾站飘来",
    "垃圾桶臭得恶心",
    "化工原料店招牌太旧",
    "烟花燃放扰民",
    "鞭炮声太大",
    "油漆味道大，隔壁在装修",
    "洞口太窄轮椅过不去",
    "水管盖板破旧",
    "冒充快递员推销",
    "停车被收两次费，求核实",
    "充电桩插座坏了，充不了电",
    "烟酒店卖假烟",
    "烟头扔在楼梯间",
    "邻居在门口烧纸钱烟味大",
    "楼下烧腊店油烟",
    "燃气灶打不着火",
    "液化气送货上门收费不合理",
    "路灯不够亮，晚上看不清",
    "树枝太长伸到阳台",
    "孩子放学没地方停车接送",
    "儿子结婚办证问流程",
    "女儿幼升小材料",
    "小区篮球场砸到玻璃，声音吵",
    "骑车的人太快，差点撞到老人",
    "老人健身器材坏了",
    "灯箱广告太亮",
    "隔壁长期把鞋柜放走廊",
    "工资少算了两天",
    "公司不给开离职证明",
    "打疫苗要预约吗",
    "施工围挡占了人行道",
    "两家商铺为摆位吵架",
    "公交站牌歪了",
    "家门口下水道反味",
    "被投诉后商家威胁删评论",
    "停车场道闸砸到我的车",
    "楼上小孩跑跳",
    "晚上有人在楼下打电话很大声",
    "地铁出口乞讨人员很多",
    "网约车司机态度恶劣",
];

fn hit<'p>(policy: &'p Policy, text: &str) -> Option<(&'p UrgentRule, &'p str)> {
    policy.urgent_rules.iter().find_map(|rule| rule.hit(text).map(|word| (rule, word)))
}

#[test]
fn danger_to_life_is_always_urgent() {
    let policy = read(DONGMEN);
    let missed: Vec<_> = DANGER.iter().filter(|text| hit(&policy, text).is_none()).collect();
    assert!(missed.is_empty(), "no rule fires on {missed:#?}");
    assert!(policy.urgent_rules.iter().all(|rule| rule.class == class("urgent")));
}

#[test]
fn what_only_sounds_like_danger_is_not_urgent_by_rule() {
    let policy = read(DONGMEN);
    let wrong: Vec<_> =
        NO_DANGER.iter().filter_map(|text| hit(&policy, text).map(|(rule, word)| (text, &rule.id, word))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_harmless_phrase_does_not_hide_the_danger_beside_it() {
    let policy = read(DONGMEN);
    let fire =
        policy.urgent_rules.iter().find(|rule| rule.id == "fire").unwrap_or_else(|| panic!("there is a rule for fire"));
    assert_eq!(fire.hit("楼道堆物，一旦起火后果不堪设想"), None);
    assert_eq!(fire.hit("早说过一旦起火后果不堪设想，现在真的起火了"), Some("起火"));
}

// ── Prose ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_prose_tells_every_rule_in_both_languages() {
    for policy in [read(DONGMEN), read(BALTIMORE)] {
        for language in [Language::Zh, Language::En] {
            let told = explain(&policy, language);
            let names = (policy.clocks.values().map(|clock| &clock.name))
                .chain(policy.classes.iter().map(|class| &class.name))
                .chain(policy.forms.values().map(|form| &form.name))
                .chain(policy.forms.values().flat_map(|form| &form.fields).map(|field| &field.name))
                .chain(policy.rates.iter().map(|rate| &rate.name))
                .chain(policy.channels.values().map(|channel| &channel.name))
                .chain(policy.categories.values().map(|category| &category.name))
                .chain(policy.urgent_rules.iter().map(|rule| &rule.name))
                .chain(policy.studios.values().map(|studio| &studio.name))
                .chain(policy.duty_posts.values())
                .chain(policy.returns.reasons.values())
                .chain(policy.extensions.reasons.values())
                .chain(policy.whistle.outcomes.values())
                .chain(policy.closing.decline_reasons.values())
                .chain(policy.assessment.exclude_reasons.values())
                .chain(policy.follow_up.unsolved_reasons.values())
                .chain(policy.follow_up.unsatisfied_reasons.values())
                .chain(policy.follow_up.script.iter().map(|script| &script.greeting))
                .chain(policy.escalation.duties.iter().chain(&policy.escalation.questions));
            for name in names {
                let name = if language == Language::Zh { &name.zh } else { &name.en };
                assert!(told.contains(name.as_str()), "{language:?}: {name} is not told");
            }
            let leads = policy.responsibilities.iter().filter_map(|rule| match &rule.lead {
                Assignee::Unit(unit) => Some(unit.as_str()),
                Assignee::Grid | Assignee::Community => None,
            });
            for unit in leads {
                assert!(told.contains(unit), "{language:?}: {unit} is not told");
            }
        }
    }
}

#[test]
fn the_table_of_clocks_reads_as_the_mechanism_writes_it() {
    let told = explain(&read(DONGMEN), Language::Zh);
    for row in [
        ["分拨时限", "登记", "分拨", "1 小时", "1 小时", "24 小时", "24 小时"],
        ["联系时限", "分拨", "首次联系", "10 分钟", "10 分钟", "10 分钟", "—"],
        ["办结时限", "分拨", "办结", "2 小时", "24 小时", "72 小时", "—"],
        ["意见书时限", "办结", "意见书归档", "3 个工作日", "3 个工作日", "3 个工作日", "—"],
    ] {
        let cells = |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).eq(row);
        assert!(told.lines().any(cells), "{row:?} is not in the table");
    }
    assert!(told.contains("响应率 = 按时联系数 ÷ 应联系数"));
}

#[test]
fn english_prose_has_no_chinese_left_in_it_but_words_looked_for() {
    let told = explain(&read(BALTIMORE), Language::En);
    let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    assert!(!told.contains(chinese), "{:?}", told.lines().find(|line| line.contains(chinese)));
}

#[test]
fn codes_that_others_count_on_are_there() {
    let policy = read(DONGMEN);
    for id in ["dispatch", "contact", "verify", "finish", "opinion", "follow_up", "report_in", "bad_rating"] {
        assert!(ClockId::new(id).is_ok_and(|id| policy.clocks.contains_key(&id)), "{id}");
    }
    for id in ["opinion", "follow_up"] {
        assert!(FormId::new(id).is_ok_and(|id| policy.forms.contains_key(&id)), "{id}");
    }
}
