//! Rises 弱信号: a little more of one matter in one place than is usual, that nobody has called a problem yet.
//!
//! A space–time permutation scan (Kulldorff and others, 2005): every area, topic and number of days up to now is looked
//! at together, and what is unusual is judged against the same cases with their days shuffled. So neither a busy
//! place, nor a frequent topic, nor a rainy week is a signal by itself, and of the many things that are looked at, the
//! rate at which chance alone raises one is what the policy says. It proposes; it must never open a case by itself.

use std::collections::{BTreeMap, BTreeSet};

/// Numbers of days up to now that are looked at, as far as the policy's window reaches.
const SPANS: [u32; 7] = [1, 2, 3, 5, 7, 10, 14];
/// Shuffles by which chance is measured, at least; more where the policy wants a false alarm to be rarer.
const SHUFFLES_MIN: u32 = 199;

/// Rules of the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct ScanRules {
    /// Days that tell what is usual.
    pub look_back_days: u32,
    /// Days within which a rise is looked for.
    pub window_days: u32,
    /// Fewer cases than this are no rise.
    pub least_cases: u32,
    /// Days in which chance alone may raise one signal.
    pub false_alarm_days: u32,
}

impl Default for ScanRules {
    /// What holds where a policy says nothing: rises within a fortnight against twelve weeks, one false alarm a month.
    fn default() -> Self {
        Self { look_back_days: 84, window_days: 14, least_cases: 3, false_alarm_days: 30 }
    }
}

/// A case, as far as the scan sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whole days before now: 0 is today.
    pub age: u32,
    /// The areas it is in, the narrowest first: grid, community.
    pub areas: Vec<String>,
    /// The topics it is of, the narrowest first: category, the one above it.
    pub topics: Vec<String>,
}

/// A rise.
#[derive(Debug, Clone, PartialEq)]
pub struct Rise {
    /// Where; none for everywhere.
    pub area: Option<String>,
    /// What; none for all topics.
    pub topic: Option<String>,
    /// In how many days up to now.
    pub days: u32,
    /// Cases in these days.
    pub count: u32,
    /// Cases that would be usual.
    pub expected: f64,
    /// How likely chance alone raises the like on a day, anywhere, about anything.
    pub chance: f64,
    /// The cases, as places in what was scanned.
    pub members: Vec<usize>,
}

/// What is looked at: an area with a topic, either of them open.
type Cell = (Option<String>, Option<String>);

/// Rises that chance would seldom raise, the least likely first; of those about the same cases only the least likely.
///
/// `seed` makes the shuffles: the same seed gives the same answer.
pub fn rises(seen: &[Seen], rules: &ScanRules, seed: u64) -> Vec<Rise> {
    let cases: Vec<&Seen> = seen.iter().filter(|case| case.age < rules.look_back_days).collect();
    let places: Vec<usize> = (0..seen.len()).filter(|at| seen[*at].age < rules.look_back_days).collect();
    let window = rules.window_days.min(rules.look_back_days);
    let spans: Vec<u32> = SPANS.into_iter().filter(|days| *days <= window).collect();
    let scan = Scan::new(&cases, &spans, rules.least_cases);
    let ages: Vec<(usize, u32)> =
        (0..cases.len()).map(|at| (at, cases[at].age)).filter(|(_, age)| *age < window).collect();
    let mut scratch = Scratch::default();
    let mut found: Vec<Unusual> = Vec::new();
    scan.look(&ages, &mut scratch, |one| found.push(one));
    // Of what is about the very same cases, the narrowest says most.
    found.sort_by(|one, other| {
        other.score.total_cmp(&one.score).then(scan.breadth[one.cell].cmp(&scan.breadth[other.cell]))
    });

    // Chance: who falls on which day is drawn anew, as many on each day as there are.
    let shuffles = SHUFFLES_MIN.max(rules.false_alarm_days.saturating_mul(10));
    let mut random = SplitMix(seed);
    let mut order: Vec<usize> = (0..cases.len()).collect();
    let mut by_chance: Vec<f64> = Vec::new();
    for _ in 0..shuffles {
        let drawn = ages.iter().enumerate().map(|(place, (_, age))| {
            let other = place + random.below(order.len() - place);
            order.swap(place, other);
            (order[place], *age)
        });
        let drawn: Vec<(usize, u32)> = drawn.collect();
        let mut best: f64 = 0.0;
        scan.look(&drawn, &mut scratch, |one| best = best.max(one.score));
        by_chance.push(best);
    }
    by_chance.sort_by(f64::total_cmp);
    let chance = |score: f64| {
        let above = by_chance.len() - by_chance.partition_point(|by_chance| *by_chance < score);
        (above as f64 + 1.0) / (f64::from(shuffles) + 1.0)
    };
    let allowed = 1.0 / f64::from(rules.false_alarm_days.max(1));
    let mut told: BTreeSet<usize> = BTreeSet::new();
    let mut rises = Vec::new();
    for one in found {
        let chance = chance(one.score);
        if chance > allowed {
            break;
        }
        let members: Vec<usize> = ages
            .iter()
            .filter(|(at, age)| *age < one.days && scan.cells_of[*at].contains(&one.cell))
            .map(|(at, _)| places[*at])
            .collect();
        let known = members.iter().filter(|at| told.contains(at)).count();
        if 2 * known < members.len() {
            told.extend(&members);
            let (area, topic) = scan.cells[one.cell].clone();
            rises.push(Rise { area, topic, days: one.days, count: one.count, expected: one.expected, chance, members });
        }
    }
    rises
}

/// What is unusual about a cell.
struct Unusual {
    cell: usize,
    days: u32,
    count: u32,
    expected: f64,
    score: f64,
}

struct Scan {
    cells: Vec<Cell>,
    /// How many steps each cell is from the narrowest area and topic.
    breadth: Vec<usize>,
    /// For each case the cells that it is in.
    cells_of: Vec<Vec<usize>>,
    /// Cases of each cell in the whole time.
    totals: Vec<u32>,
    all: f64,
    spans: Vec<u32>,
    least: u32,
}

impl Scan {
    fn new(cases: &[&Seen], spans: &[u32], least: u32) -> Self {
        let mut places: BTreeMap<Cell, usize> = BTreeMap::new();
        let mut breadth: Vec<usize> = Vec::new();
        let mut cells_of: Vec<Vec<usize>> = Vec::with_capacity(cases.len());
        for case in cases {
            let areas = || case.areas.iter().cloned().map(Some).chain([None]).enumerate();
            let topics = case.topics.iter().cloned().map(Some).chain([None]).enumerate();
            let cells =
                topics.flat_map(|(up, topic)| areas().map(move |(out, area)| ((area, topic.clone()), up + out)));
            let place = |(cell, steps): (Cell, usize)| {
                let next = places.len();
                let place = *places.entry(cell).or_insert(next);
                breadth.resize(breadth.len().max(place + 1), steps);
                place
            };
            let mut cells: Vec<usize> = cells.map(place).collect();
            cells.sort_unstable();
            cells.dedup();
            cells_of.push(cells);
        }
        let mut cells = vec![(None, None); places.len()];
        for (cell, place) in places {
            cells[place] = cell;
        }
        let mut totals = vec![0; cells.len()];
        cells_of.iter().flatten().for_each(|cell| totals[*cell] += 1);
        // What has too few cases in the whole time is never looked at.
        cells_of.iter_mut().for_each(|cells| cells.retain(|cell| totals[*cell] >= least));
        Self { cells, breadth, cells_of, totals, all: cases.len() as f64, spans: spans.to_vec(), least }
    }

    /// Looks at all cells with these cases on these days, and tells what is above what is usual.
    fn look(&self, ages: &[(usize, u32)], scratch: &mut Scratch, mut tell: impl FnMut(Unusual)) {
        let days = self.spans.last().map_or(0, |days| *days as usize);
        scratch.counts.resize(self.cells.len() * days, 0);
        let mut on_day = vec![0_u32; days];
        for (case, age) in ages.iter().filter(|(_, age)| (*age as usize) < days) {
            on_day[*age as usize] += 1;
            for cell in &self.cells_of[*case] {
                scratch.counts[cell * days + *age as usize] += 1;
                scratch.touched.push(*cell);
            }
        }
        let in_span: Vec<u32> = self.spans.iter().map(|span| on_day[..*span as usize].iter().sum()).collect();
        // A cell that is met again was emptied the first time.
        for cell in scratch.touched.drain(..) {
            let on = &mut scratch.counts[cell * days..][..days];
            let (mut count, mut upto) = (0, 0);
            for (span, all) in self.spans.iter().zip(&in_span) {
                count += on[upto..*span as usize].iter().sum::<u32>();
                upto = *span as usize;
                if count < self.least {
                    continue;
                }
                let expected = f64::from(self.totals[cell]) * f64::from(*all) / self.all;
                let score = score(f64::from(count), expected, f64::from(*all));
                if score > 0.0 {
                    tell(Unusual { cell, days: *span, count, expected, score });
                }
            }
            on.fill(0);
        }
    }
}

/// Room for counting, used again from look to look; empty between them.
#[derive(Default)]
struct Scratch {
    counts: Vec<u32>,
    touched: Vec<usize>,
}

/// How much better a rise explains what was seen than chance does: the logarithm of the ratio of likelihoods, of so many
/// cases here and the rest of these days elsewhere.
fn score(count: f64, expected: f64, all: f64) -> f64 {
    if count <= expected || expected <= 0.0 {
        return 0.0;
    }
    let rest = if all > count { (all - count) * ((all - count) / (all - expected)).ln() } else { 0.0 };
    count * (count / expected).ln() + rest
}

/// A plain generator: chance for the shuffles, the same from the same seed.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }
}
