//! Working days by the official calendar: what the mechanism promises about deadlines counted in them.

#![expect(clippy::expect_used, reason = "a test that cannot set up its world has failed")]

use std::path::Path;

use jiban_domain::calendar::{Calendar, CalendarFault, Due, HolidayDay, HolidayYear};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use proptest::prelude::*;

const ZONE: &str = "Asia/Shanghai";

/// The real announcements, 2023 to 2026; 2027 is there and empty.
fn announcements() -> Vec<HolidayYear> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/calendar");
    let read = |year: i16| -> HolidayYear {
        let path = folder.join(format!("{year}.json"));
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|why| panic!("this test needs the holiday-cn documents at {}: {why}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    };
    (2023..=2027).map(read).collect()
}

fn calendar() -> Calendar {
    Calendar::build(ZONE, announcements()).expect("the announcements hold together")
}

fn local(text: &str) -> Timestamp {
    let time: jiff::civil::DateTime = text.parse().expect("a local time");
    time.to_zoned(jiff::tz::TimeZone::get(ZONE).expect("the zone")).expect("in range").timestamp()
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

/// A made document: days, each off (`true`) or worked.
fn document(year: i16, days: &[(&str, bool)]) -> HolidayYear {
    let day = |(day, off): &(&str, bool)| HolidayDay { name: "元旦".into(), date: date(day), is_off_day: *off };
    HolidayYear { year, days: days.iter().map(day).collect() }
}

#[test]
fn holidays_and_the_weekend_days_worked_for_them_are_as_announced() {
    let calendar = calendar();
    for (day, works) in [
        ("2023-01-02", false), // New Year, moved
        ("2024-02-09", true),  // the day before the spring festival 2024 was worked
        ("2024-02-12", false),
        ("2024-02-18", true), // a Sunday worked in exchange
        ("2025-09-28", true), // a Sunday worked in exchange
        ("2025-10-01", false),
        ("2025-10-08", false),
        ("2025-10-09", true),
        ("2025-10-11", true), // a Saturday worked in exchange
        ("2025-10-12", false),
        ("2026-06-08", true),
        ("2026-06-07", false),
    ] {
        assert_eq!(calendar.is_working_day(date(day)), works, "{day}");
    }
}

#[test]
fn the_calendars_that_ship_say_what_was_announced() {
    let shipped = [include_str!("../../../calendars/2025.json"), include_str!("../../../calendars/2026.json")];
    let announced = announcements();
    for text in shipped {
        let year: HolidayYear = serde_json::from_str(text).expect("a shipped calendar reads");
        let official = announced.iter().find(|found| found.year == year.year).expect("an announced year");
        assert!(!year.days.is_empty());
        assert_eq!(&year, official);
    }
}

#[test]
fn working_days_around_the_spring_festival_count_the_saturdays_worked_for_it() {
    let calendar = calendar();
    // 2026: Saturday 14 February worked, 15 to 23 off, Saturday the 28th worked.
    for (start, count, due) in [
        ("2026-02-13T09:00", 1, "2026-02-15T00:00"),
        ("2026-02-13T09:00", 2, "2026-02-25T00:00"),
        ("2026-02-14T09:00", 3, "2026-02-27T00:00"),
        ("2026-02-20T09:00", 5, "2026-03-01T00:00"),
    ] {
        assert_eq!(calendar.add_working_days(local(start), count), Due { at: local(due), certain: true }, "{start}");
    }
}

#[test]
fn three_working_days_over_the_national_day_end_after_it() {
    // From 30 September 2025: 9, 10 and 11 October are worked (the 11th is a Saturday); due when the 11th ends.
    let due = calendar().add_working_days(local("2025-09-30T16:20"), 3);
    assert_eq!(due, Due { at: local("2025-10-12T00:00"), certain: true });
    // 24:00 in Shanghai is 16:00 in UTC.
    assert_eq!(due.at.to_string(), "2025-10-11T16:00:00Z");
}

#[test]
fn the_day_of_the_start_does_not_count_however_early() {
    let calendar = calendar();
    let due = |start| calendar.add_working_days(local(start), 1).at;
    assert_eq!(due("2026-06-08T00:00"), due("2026-06-08T23:59:59"));
    assert_eq!(due("2026-06-08T00:00"), local("2026-06-10T00:00"));
    assert_eq!(calendar.add_working_days(local("2026-06-08T09:00"), 0).at, local("2026-06-09T00:00"));
}

#[test]
fn a_year_without_announcement_counts_weekdays_and_says_so() {
    let calendar = calendar();
    assert!(calendar.is_announced(2026) && !calendar.is_announced(2027));
    assert!(calendar.is_working_day(date("2027-10-01")), "a Friday, until the announcement comes");
    let due = calendar.add_working_days(local("2027-09-30T09:00"), 1);
    assert_eq!(due, Due { at: local("2027-10-02T00:00"), certain: false });
}

#[test]
fn the_last_days_of_december_wait_for_the_next_announcement() {
    let calendar = calendar();
    // 31 December 2022 stood in the document of 2023.
    assert!(calendar.is_certain(date("2025-12-31")) && !calendar.is_certain(date("2026-12-31")));
    assert!(calendar.is_certain(date("2026-12-24")));
    assert!(!calendar.add_working_days(local("2026-12-28T09:00"), 3).certain);
    let next = document(2027, &[("2026-12-31", true), ("2027-01-01", true)]);
    let known = [announcements(), vec![next]].concat();
    let announced = Calendar::build(ZONE, known).expect("holds together");
    let due = announced.add_working_days(local("2026-12-28T09:00"), 3);
    assert_eq!(due, Due { at: local("2027-01-05T00:00"), certain: true });
}

#[test]
fn the_later_year_says_what_the_turn_of_the_year_is() {
    for years in [[2018, 2019], [2019, 2018]] {
        let off = |year: i16| document(year, &[("2018-12-31", year == 2019)]);
        let calendar = Calendar::build(ZONE, years.map(off).into()).expect("two years may both speak of it");
        assert!(!calendar.is_working_day(date("2018-12-31")));
    }
}

#[test]
fn documents_that_cannot_be_right_are_refused() {
    let fault = |years| Calendar::build(ZONE, years).expect_err("must be refused");
    let both = vec![document(2026, &[("2026-05-01", true), ("2026-05-01", false)])];
    assert_eq!(fault(both), CalendarFault::Contradiction(date("2026-05-01")));
    let twice = vec![document(2026, &[("2026-05-01", true)]), document(2026, &[("2026-05-01", false)])];
    assert_eq!(fault(twice), CalendarFault::Contradiction(date("2026-05-01")));
    let stray = vec![document(2026, &[("2024-05-01", true)])];
    assert_eq!(fault(stray), CalendarFault::Stray { date: date("2024-05-01"), year: 2026 });
    let zone = Calendar::build("Asia/Dongmen", vec![]).expect_err("no such zone");
    assert!(zone.to_string().contains("Asia/Dongmen") && zone.to_string().contains("IANA"), "{zone}");
}

#[test]
fn a_calendar_stored_and_read_again_is_the_same() {
    let before = calendar();
    let text = serde_json::to_string(&before).expect("serialises");
    let after: Calendar = serde_json::from_str(&text).expect("reads");
    let mut day = date("2022-12-25");
    while day < date("2027-02-01") {
        assert_eq!(before.is_working_day(day), after.is_working_day(day), "{day}");
        assert_eq!(before.is_certain(day), after.is_certain(day), "{day}");
        day = day.tomorrow().expect("in range");
    }
    assert_eq!(before.zone(), after.zone());
}

#[test]
fn working_time_leaves_out_days_off() {
    let calendar = calendar();
    let hours = |from, to| calendar.working_time(local(from), local(to)).as_hours();
    assert_eq!(hours("2026-06-05T12:00", "2026-06-08T12:00"), 24, "half a Friday and half a Monday");
    assert_eq!(hours("2026-06-06T08:00", "2026-06-07T20:00"), 0);
    assert_eq!(hours("2026-06-08T12:00", "2026-06-08T10:00"), 0);
}

#[test]
fn days_with_a_missing_midnight_end_at_their_first_instant() {
    // In Santiago the clocks went from 24:00 on 7 September 2024 to 01:00.
    let calendar = Calendar::build("America/Santiago", vec![]).expect("a zone");
    let due = calendar.add_working_days("2024-09-06T15:00:00Z".parse().expect("a time"), 0);
    assert_eq!(due.at.to_string(), "2024-09-07T04:00:00Z");
    let zone = calendar.zone().clone();
    let saturday: Timestamp = "2024-09-07T15:00:00Z".parse().expect("a time");
    let end = calendar.add_working_days(saturday, 0).at.to_zoned(zone);
    assert_eq!(end.datetime().to_string(), "2024-09-08T01:00:00");
}

#[test]
fn the_end_of_time_is_an_answer_not_a_crash() {
    let calendar = calendar();
    assert_eq!(calendar.add_working_days(local("9999-12-01T00:00"), 500), Due { at: Timestamp::MAX, certain: false });
    assert_eq!(calendar.working_days_between(Timestamp::MAX, Timestamp::MIN), 0);
}

/// The rule said another way: list every day from the day after the start, keep the working ones, take the n-th.
fn slow_due(years: &[HolidayYear], start: Timestamp, count: usize) -> Timestamp {
    let first = (start + 8.hours()).to_zoned(jiff::tz::TimeZone::UTC).date();
    if count == 0 {
        return local(&format!("{}T00:00", first.tomorrow().expect("in range")));
    }
    let special = |day: Date| years.iter().rev().flat_map(|year| &year.days).find(|special| special.date == day);
    let works = |day: &Date| special(*day).map_or(day.weekday().to_monday_one_offset() <= 5, |day| !day.is_off_day);
    let last = first.series(1.day()).skip(1).filter(works).nth(count - 1).expect("in range");
    local(&format!("{}T00:00", last.tomorrow().expect("in range")))
}

fn moment() -> impl Strategy<Value = Timestamp> {
    // 2022-12-01 to 2028-01-31, across every announcement and into the years without.
    (1_669_852_800_i64..1_832_889_600).prop_map(|second| Timestamp::from_second(second).expect("in range"))
}

proptest! {
    #[test]
    fn due_is_what_counting_on_the_fingers_says(start in moment(), count in 0_u32..60) {
        let due = calendar().add_working_days(start, count);
        prop_assert_eq!(due.at, slow_due(&announcements(), start, count as usize));
    }

    #[test]
    fn a_later_start_or_a_longer_time_is_never_due_earlier(a in moment(), b in moment(), n in 0_u32..60, more in 0_u32..60) {
        let calendar = calendar();
        let (first, second) = (a.min(b), a.max(b));
        prop_assert!(calendar.add_working_days(first, n).at <= calendar.add_working_days(second, n).at);
        prop_assert!(calendar.add_working_days(first, n).at <= calendar.add_working_days(first, n + more).at);
        prop_assert!(calendar.add_working_days(first, n).at > first);
    }

    #[test]
    fn only_days_off_are_skipped(start in moment(), count in 1_u32..60) {
        let calendar = calendar();
        let due = calendar.add_working_days(start, count).at;
        let last = due - 1.nanosecond();
        prop_assert_eq!(calendar.working_days_between(start, last), count);
        let last = last.to_zoned(calendar.zone().clone()).date();
        prop_assert!(calendar.is_working_day(last), "{last} is the last day and must be worked");
    }

    #[test]
    fn working_time_never_exceeds_the_time(a in moment(), b in moment()) {
        let calendar = calendar();
        let (from, to) = (a.min(b), a.min(b) + SignedDuration::from_hours(((a.as_second() - b.as_second()).abs() / 3600).min(2400)));
        let worked = calendar.working_time(from, to);
        prop_assert!(worked >= SignedDuration::ZERO && worked <= to.duration_since(from));
    }

    #[test]
    fn an_announcement_changes_only_what_was_uncertain(start in moment(), count in 0_u32..40) {
        let before = calendar().add_working_days(start, count);
        let next = document(2027, &[("2026-12-31", true), ("2027-01-01", true), ("2027-02-06", true), ("2027-02-14", false)]);
        let after = Calendar::build(ZONE, [announcements(), vec![next]].concat()).expect("holds together");
        if before.certain {
            prop_assert_eq!(after.add_working_days(start, count), before);
        }
    }
}
