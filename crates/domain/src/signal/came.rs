//! What came of a signal: whether there is afterwards more of its matter than was usual before it, or not. It must never
//! call anything an effect: what was picked because it rose falls by itself, and nobody knows what would have been.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Fewer days after a decision say nothing.
pub const DAYS_LEAST: u32 = 7;
/// How seldom chance alone gives another answer than `Usual`, each way.
const SURE: f64 = 0.025;

/// Requests in so many days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CountInDays)]
pub struct InDays {
    /// How many.
    pub count: u32,
    /// In how many days.
    pub days: u32,
}

/// How it is afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// Too few days are over to say.
    TooEarly,
    /// Fewer than was usual.
    Fewer,
    /// As usual, as far as can be told from chance.
    Usual,
    /// More than was usual: it goes on.
    More,
}

/// Compares what came with what was usual: of all these cases, how likely so many, or so few, fall on the days after when
/// each falls on any day alike (the exact conditional test of two rates).
pub fn came(usual: InDays, after: InDays) -> Came {
    if after.days < DAYS_LEAST || usual.days == 0 {
        return Came::TooEarly;
    }
    let share = f64::from(after.days) / (f64::from(after.days) + f64::from(usual.days));
    let all = usual.count + after.count;
    // Likelihood of k of all, by its logarithm, which never runs out of numbers.
    let (mut ln, odds) = (f64::from(all) * (1.0 - share).ln(), (share / (1.0 - share)).ln());
    let (mut at_most, mut at_least) = (0.0, 0.0);
    for k in 0..=all {
        if k <= after.count {
            at_most += ln.exp();
        }
        if k >= after.count {
            at_least += ln.exp();
        }
        ln += (f64::from(all - k) / f64::from(k + 1)).ln() + odds;
    }
    match () {
        () if at_least <= SURE => Came::More,
        () if at_most <= SURE => Came::Fewer,
        () => Came::Usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u32, days: u32) -> InDays {
        InDays { count, days }
    }

    #[test]
    fn what_chance_does_is_usual_and_what_it_seldom_does_is_not() {
        assert_eq!(came(of(84, 84), of(7, 7)), Came::Usual);
        assert_eq!(came(of(84, 84), of(14, 7)), Came::More);
        assert_eq!(came(of(84, 84), of(1, 7)), Came::Fewer);
        assert_eq!(came(of(84, 84), of(3, 7)), Came::Usual);
        assert_eq!(came(of(0, 84), of(0, 60)), Came::Usual);
        assert_eq!(came(of(0, 84), of(2, 7)), Came::More);
        assert_eq!(came(of(84, 84), of(100, 6)), Came::TooEarly);
        assert_eq!(came(of(0, 0), of(5, 7)), Came::TooEarly);
        assert_eq!(came(of(40_000, 84), of(5_000, 10)), Came::More);
        assert_eq!(came(of(40_000, 84), of(4_762, 10)), Came::Usual);
    }
}
