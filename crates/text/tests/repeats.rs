//! Which texts are about the same matter 重复件: measured on real messages, by a set that is labelled by how it is made.
//!
//! From each real message, told by one person about one matter, come three pairs with the text of its body:
//! the body again with slips of the pen and without its first sentence (copied again); its title, which the same person
//! wrote in other words and few of them (told shortly); and the second half of its sentences against the first (told
//! anew). Each is the same matter. Against them stands, for each message, the most alike body of another message with
//! the same label that is no near-duplicate: another matter of the same kind, as two neighbours at one address have it.
//! The address itself is not compared: the program takes it out before.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test ends when something is not as it should be")]

use jiban_text::{Alike, SAME_MATTER};

/// Messages that the set is made of.
const MESSAGES: usize = 900;
/// Above this two messages are taken for the same matter told twice, and make no pair of different ones.
const NEAR_DUPLICATE: f32 = 0.3;

struct Message {
    title: String,
    body: String,
    label: String,
}

fn messages() -> Vec<Message> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/triage/messages_labelled.csv");
    let mut rows = csv::Reader::from_path(file).unwrap();
    let heads = rows.headers().unwrap().clone();
    let column = |name: &str| heads.iter().position(|head| head == name).unwrap();
    let (title, body, label) = (column("title"), column("body"), column("label"));
    let message = |row: csv::StringRecord| Message {
        title: row[title].trim().to_owned(),
        body: row[body].trim().to_owned(),
        label: row[label].to_owned(),
    };
    let whole = |message: &Message| message.title.chars().count() >= 6 && sentences(&message.body).len() >= 4;
    rows.records().map(|row| message(row.unwrap())).filter(whole).take(MESSAGES).collect()
}

fn sentences(text: &str) -> Vec<&str> {
    text.split(['。', '！', '？', '；', '\n', '，']).map(str::trim).filter(|part| part.chars().count() >= 2).collect()
}

/// The same text, copied with slips: its first sentence lost, every eleventh character too.
fn slips(text: &str) -> String {
    let rest = sentences(text)[1..].join("，");
    rest.chars().enumerate().filter(|(at, _)| at % 11 != 10).map(|(_, c)| c).collect()
}

#[test]
fn the_same_matter_and_another_of_its_kind_are_told_apart() {
    let messages = messages();
    assert_eq!(messages.len(), MESSAGES);
    let halves: Vec<[String; 2]> = messages
        .iter()
        .map(|message| {
            let all = sentences(&message.body);
            let (first, second) = all.split_at(all.len() / 2);
            [first.join("，"), second.join("，")]
        })
        .collect();
    let texts: Vec<String> = messages
        .iter()
        .zip(&halves)
        .flat_map(|(message, [first, second])| {
            [message.body.clone(), slips(&message.body), message.title.clone(), first.clone(), second.clone()]
        })
        .collect();
    let alike = Alike::new(texts.iter().map(String::as_str));
    let of = |message: usize, kind: usize| 5 * message + kind;
    let other = |one: usize| {
        let same_kind = (0..MESSAGES).filter(|other| *other != one && messages[*other].label == messages[one].label);
        let likeness = same_kind.map(|other| alike.likeness(of(one, 0), of(other, 0)));
        likeness.filter(|likeness| *likeness < NEAR_DUPLICATE).fold(0.0, f32::max)
    };
    let pairs = |one: usize, other: usize| (0..MESSAGES).map(|at| alike.likeness(of(at, one), of(at, other))).collect();
    let kinds: [(&str, Vec<f32>); 4] = [
        ("copied again", pairs(0, 1)),
        ("told shortly", pairs(0, 2)),
        ("told anew", pairs(3, 4)),
        ("another matter", (0..MESSAGES).map(other).collect()),
    ];
    for threshold in [0.05, 0.1, SAME_MATTER, 0.2, 0.25] {
        print!("at {threshold:.2}:");
        for (kind, likeness) in &kinds {
            let share = likeness.iter().filter(|likeness| **likeness >= threshold).count() as f64 / MESSAGES as f64;
            print!("  {kind} {share:.3}");
        }
        println!();
    }
    let share = |kind: usize| kinds[kind].1.iter().filter(|l| **l >= SAME_MATTER).count() as f64 / MESSAGES as f64;
    let [copied, shortly, anew, another] = [0, 1, 2, 3].map(share);
    assert!(copied >= 0.99 && shortly >= 0.75 && anew >= 0.35, "{copied} {shortly} {anew}");
    assert!(another <= 0.08, "{another}");
}
