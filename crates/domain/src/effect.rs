//! The effect of what was done about a whole kind of case 成效: whether fewer came after than before, beside places where it was
//! not done. It must never call a difference an effect that chance alone could have made.

use std::iter::Sum;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Cases of one kind in one area, in as many days before a campaign as after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BeforeAfter {
    /// Before.
    pub before: u32,
    /// After.
    pub after: u32,
}

impl Sum for BeforeAfter {
    fn sum<I: Iterator<Item = Self>>(areas: I) -> Self {
        areas.fold(Self::default(), |sum, area| Self {
            before: sum.before.saturating_add(area.before),
            after: sum.after.saturating_add(area.after),
        })
    }
}

/// What became of a kind of case, beside what became of it elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignEffect)]
pub struct Effect {
    /// The counts where the campaign was.
    pub here: BeforeAfter,
    /// The counts of all other areas together; none where there is no other area to compare with.
    pub elsewhere: Option<BeforeAfter>,
    /// After to before here, over the same elsewhere: 0.6 is 40 % fewer than could be expected.
    pub ratio: f64,
    /// Where the true ratio lies with 95 %.
    pub interval: (f64, f64),
    /// What can be said.
    pub verdict: Verdict,
}

/// What can be said of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fewer than could be expected, by more than chance.
    Fewer,
    /// More than could be expected, by more than chance.
    More,
    /// Not to be told from chance.
    Unclear,
}

/// Least cases before and after, here, of which anything is said at all.
const LEAST: u32 = 5;
/// Two-sided 95 % of a normal.
const Z: f64 = 1.959_963_985;

/// Whether fewer cases came after than before, beside the other areas, one pair of counts each.
///
/// A ratio of ratios with the interval of its logarithm; counts vary by chance, and by as much more as the other areas
/// vary among themselves (a quasi-Poisson scale, never below 1). None where there are too few cases to say anything.
pub fn effect(here: BeforeAfter, others: &[BeforeAfter]) -> Option<Effect> {
    if here.before.checked_add(here.after)? < LEAST {
        return None;
    }
    let sum: BeforeAfter = others.iter().copied().sum();
    let elsewhere = (sum.before.saturating_add(sum.after) >= LEAST).then_some(sum);
    let (mut log, mut variance) = log_ratio(here);
    if let Some(elsewhere) = elsewhere {
        let (usual, more) = log_ratio(elsewhere);
        log -= usual;
        variance += more;
    }
    let spread = Z * (variance * scale(others, sum)).sqrt();
    let interval = ((log - spread).exp(), (log + spread).exp());
    let verdict = match interval {
        (_, high) if high < 1.0 => Verdict::Fewer,
        (low, _) if low > 1.0 => Verdict::More,
        _ => Verdict::Unclear,
    };
    Some(Effect { here, elsewhere, ratio: log.exp(), interval, verdict })
}

/// Logarithm of after to before, and its variance. Half a case is added to each, so that none is nothing.
fn log_ratio(counts: BeforeAfter) -> (f64, f64) {
    let (before, after) = (f64::from(counts.before) + 0.5, f64::from(counts.after) + 0.5);
    ((after / before).ln(), before.recip() + after.recip())
}

/// How much more the other areas vary than chance alone would let them.
fn scale(others: &[BeforeAfter], sum: BeforeAfter) -> f64 {
    let whole = |counts: &BeforeAfter| f64::from(counts.before) + f64::from(counts.after);
    let share = f64::from(sum.after) / whole(&sum).max(1.0);
    let areas: Vec<&BeforeAfter> = others.iter().filter(|area| whole(area) > 0.0).collect();
    let usual = share * (1.0 - share);
    if areas.len() < 3 || usual <= 0.0 {
        return 1.0;
    }
    let off = |area: &&BeforeAfter| {
        let expected = whole(area) * share;
        (f64::from(area.after) - expected).powi(2) / (whole(area) * usual)
    };
    (areas.iter().map(off).sum::<f64>() / (areas.len() as f64 - 1.0)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(before: u32, after: u32) -> BeforeAfter {
        BeforeAfter { before, after }
    }

    #[test]
    fn a_fall_that_happened_everywhere_is_no_effect() {
        let others = [pair(40, 20), pair(60, 31), pair(50, 24)];
        let same = effect(pair(60, 30), &others).unwrap();
        assert_eq!(same.verdict, Verdict::Unclear);
        assert!((0.85..1.15).contains(&same.ratio), "{same:?}");
        let fewer = effect(pair(60, 6), &others).unwrap();
        assert_eq!(fewer.verdict, Verdict::Fewer);
        assert!(fewer.ratio < 0.3 && fewer.interval.1 < 1.0, "{fewer:?}");
        assert_eq!(effect(pair(10, 60), &others).unwrap().verdict, Verdict::More);
    }

    #[test]
    fn few_cases_say_little_and_hardly_any_say_nothing() {
        assert_eq!(effect(pair(3, 1), &[]), None);
        assert_eq!(effect(pair(4, 2), &[]).unwrap().verdict, Verdict::Unclear);
        let alone = effect(pair(40, 8), &[]).unwrap();
        assert_eq!((alone.verdict, alone.elsewhere), (Verdict::Fewer, None));
        assert!(effect(pair(9, 0), &[]).unwrap().ratio.is_finite());
    }

    #[test]
    fn areas_that_vary_widely_make_the_interval_wide() {
        let calm = [pair(30, 30), pair(28, 31), pair(33, 30), pair(29, 30)];
        let wild = [pair(10, 50), pair(50, 10), pair(45, 15), pair(15, 46)];
        let width = |others: &[BeforeAfter]| {
            let told = effect(pair(40, 22), others).unwrap();
            told.interval.1 / told.interval.0
        };
        assert!(width(&wild) > 2.0 * width(&calm));
    }

    #[test]
    fn of_nothing_but_chance_one_in_twenty_is_called_an_effect() {
        // A small generator of its own: this is about arithmetic, not about randomness.
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let mut poisson = |mean: f64| {
            let (bound, mut product, mut count) = ((-mean).exp(), 1.0, 0_u32);
            loop {
                product *= next();
                if product < bound {
                    return count;
                }
                count += 1;
            }
        };
        let mut called = 0;
        for _ in 0..2_000 {
            let here = pair(poisson(20.0), poisson(20.0));
            let others: Vec<BeforeAfter> = (0..20).map(|_| pair(poisson(20.0), poisson(20.0))).collect();
            called += u32::from(effect(here, &others).unwrap().verdict != Verdict::Unclear);
        }
        assert!((20..=130).contains(&called), "{called} of 2000");
    }
}
