//! What the policy files say, what is refused in one that is broken, and what is told of one.

use std::collections::BTreeSet;

use jiban_domain::{
    ids::{ClassId, ClockId, FormId},
    policy::{Assignee, Fault, Language, Length, Milestone, Policy, explain},
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
    broken("[hall]\nfrom = \"09:00\"", "[hall]\nfrom = \"nine\"", "\"nine\"", "hall.from"),
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
