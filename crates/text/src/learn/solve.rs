//! Which plane parts the samples of one label from all others: a linear support vector machine with squared loss, by
//! coordinate descent in its dual (Hsieh et al., 2008). Deterministic: the order of its steps comes from a fixed seed.

/// One sample: places of its features in order, each with its value.
pub(super) type Row = Vec<(u32, f32)>;

/// How dearly a mistake is paid beside a simple plane.
const COST: f64 = 1.0;
/// Rounds at most.
const ROUNDS_MAX: usize = 60;
/// A round that changes no gradient by more than this is the last.
const CLOSE: f64 = 1e-2;

/// A plane: `weights · x + bias`, positive on the side of the label.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    pub(super) weights: Vec<f32>,
    pub(super) bias: f32,
}

/// Parts the samples that are `of` the label from those that are not, each side weighing the same as a whole.
pub(super) fn part(rows: &[Row], squares: &[f64], of: &[bool], features: usize) -> Plane {
    let positive = of.iter().filter(|of| **of).count();
    let cost = |side: usize| COST * rows.len() as f64 / (2.0 * side.max(1) as f64);
    let slack = [0.5 / cost(rows.len() - positive), 0.5 / cost(positive)];
    let mut plane = Plane { weights: vec![0.0; features], bias: 0.0 };
    let mut alpha = vec![0.0_f64; rows.len()];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut chance = Chance(0x5851_f42d_4c95_7f2d);
    for _ in 0..ROUNDS_MAX {
        chance.shuffle(&mut order);
        let (mut high, mut low) = (f64::NEG_INFINITY, f64::INFINITY);
        for &at in &order {
            let sign = if of[at] { 1.0 } else { -1.0 };
            let slack = slack[usize::from(of[at])];
            let gradient = sign * plane.value(&rows[at]) - 1.0 + slack * alpha[at];
            let projected = if alpha[at] == 0.0 { gradient.min(0.0) } else { gradient };
            high = high.max(projected);
            low = low.min(projected);
            if projected.abs() > 1e-12 {
                let before = alpha[at];
                alpha[at] = (before - gradient / (squares[at] + slack)).max(0.0);
                plane.step(&rows[at], sign * (alpha[at] - before));
            }
        }
        if high - low <= CLOSE {
            break;
        }
    }
    plane
}

/// The square of each row's length, with the one of its bias.
pub(super) fn squares(rows: &[Row]) -> Vec<f64> {
    let square = |row: &Row| row.iter().map(|(_, value)| f64::from(*value).powi(2)).sum::<f64>();
    rows.iter().map(|row| square(row) + 1.0).collect()
}

impl Plane {
    fn value(&self, row: &Row) -> f64 {
        let sum: f32 = row.iter().map(|(at, value)| self.weights[*at as usize] * value).sum();
        f64::from(sum + self.bias)
    }

    fn step(&mut self, row: &Row, by: f64) {
        let by = by as f32;
        for (at, value) in row {
            self.weights[*at as usize] += by * value;
        }
        self.bias += by;
    }
}

/// Xorshift: chance that is the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for at in (1..order.len()).rev() {
            order.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sides_are_parted_however_unequal() {
        let rows: Vec<Row> = (0..40).map(|n| vec![(u32::from(n % 10 == 0), 1.0), (2, 0.5)]).collect();
        let of: Vec<bool> = (0..40).map(|n| n % 10 == 0).collect();
        let plane = part(&rows, &squares(&rows), &of, 3);
        for (row, of) in rows.iter().zip(&of) {
            assert_eq!(plane.value(row) > 0.5, *of, "{}", plane.value(row));
            assert_eq!(plane.value(row) < -0.5, !of, "{}", plane.value(row));
        }
    }
}
