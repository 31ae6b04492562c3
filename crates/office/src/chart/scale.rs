//! The scale of an axis: round steps from a round least to a round greatest value.

/// A scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// Least value shown; 0 unless some are less.
    pub(super) least: f64,
    /// Greatest value shown, more than the least.
    pub(super) most: f64,
    /// Between two lines.
    pub(super) step: f64,
}

/// Lines at most.
const LINES: f64 = 5.0;

impl Scale {
    /// Over values, always with 0. Percentages end at 100 when they come near it; between whole numbers no line stands at a
    /// part of one.
    pub(super) fn over(values: impl Iterator<Item = f64>, percent: bool) -> Self {
        let (mut least, mut most, mut whole) = (0_f64, 0_f64, true);
        for value in values {
            (least, most) = (least.min(value), most.max(value));
            whole &= value.fract() == 0.0;
        }
        if most <= least {
            most = least + 1.0;
        }
        if percent && most > 60.0 && most <= 100.0 && least >= 0.0 {
            return Self { least: 0.0, most: 100.0, step: 20.0 };
        }
        let step = round_step((most - least) / LINES).max(if whole && !percent { 1.0 } else { 0.0 });
        Self { least: (least / step).floor() * step, most: (most / step - 1e-9).ceil() * step, step }
    }

    /// Values at which lines stand.
    pub(super) fn lines(self) -> impl Iterator<Item = f64> {
        let count = ((self.most - self.least) / self.step).round().clamp(1.0, 20.0) as u32;
        (0..=count).map(move |index| self.least + self.step * f64::from(index))
    }

    /// Where a value stands, 0 at the least and 1 at the greatest.
    pub(super) fn at(self, value: f64) -> f64 {
        ((value - self.least) / (self.most - self.least)).clamp(0.0, 1.0)
    }
}

/// The least of 1, 2, 5 times a power of ten that is not less.
fn round_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= raw * (1.0 - 1e-9)).unwrap_or(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        let scale = Scale::over([3.0, 297.0].into_iter(), false);
        assert_eq!((scale.least, scale.most, scale.step), (0.0, 300.0, 100.0));
        assert_eq!(Scale::over([92.6].into_iter(), true).most, 100.0);
        assert_eq!(Scale::over([0.0].into_iter(), false).most, 1.0);
        let below = Scale::over([-40.0, 10.0].into_iter(), false);
        assert_eq!((below.least, below.most), (-40.0, 10.0));
        assert_eq!(Scale::over([2.0, 1.0].into_iter(), false).lines().collect::<Vec<_>>(), [0.0, 1.0, 2.0]);
        assert_eq!(Scale::over([1.5].into_iter(), false).step, 0.5);
        assert_eq!(Scale::over([7.0].into_iter(), false).lines().collect::<Vec<_>>(), [0.0, 2.0, 4.0, 6.0, 8.0]);
    }
}
