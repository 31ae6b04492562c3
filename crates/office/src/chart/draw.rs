//! Drawing a chart: legend, axis, then bars or lines, each a few lines of SVG.

use std::fmt::Write as _;

use jiban_domain::policy::Language;

use super::{Chart, ChartKind, SERIES_MAX, scale::Scale};
use crate::{
    document::plain,
    html::escape,
    widths::{char_em, text_em},
    words::words,
};

/// Width of every chart.
const WIDTH: f64 = 640.0;
/// Size of type.
const TYPE: f64 = 13.0;
/// From line to line.
const LINE: f64 = 17.0;
/// Height of the field in which upright bars and lines stand.
const FIELD: f64 = 210.0;
/// Faces, first the one that is found; the same list as the role Hei of [`crate::Fonts`] ends with.
const FACES: &str = "FandolHei, SimHei, 'Noto Sans CJK SC', 'Source Han Sans SC', sans-serif";
/// Inks of the series, from dark to light; each is told from the next on a black-and-white print.
const INKS: [&str; SERIES_MAX] = ["#1d3f66", "#8fb0cf", "#4f7ba6", "#d9e5f0", "#0b1b2e", "#b9c4ce"];
/// Inks of lines: none too light for a thin stroke.
const LINE_INKS: [&str; SERIES_MAX] = ["#1d3f66", "#a4442a", "#4f7ba6", "#5d6b2e", "#0b1b2e", "#7a5c86"];
/// Dashes of lines.
const DASHES: [&str; SERIES_MAX] = ["", "7 4", "2 3", "10 3 2 3", "5 2", "1 2"];
/// Labels up to this width, in em, are short.
const SHORT: f64 = 6.5;
/// From so many labels on bars do not lie down: the chart would be longer than a page.
const LYING_MAX: usize = 40;
const TEXT_INK: &str = "#222222";
const RULE_INK: &str = "#d4d8dc";

/// What has been drawn so far; `y` is where the next part begins.
struct Sheet<'c> {
    chart: &'c Chart,
    out: String,
    y: f64,
}

/// The whole picture, and its height as a share of its width.
pub(super) fn svg(chart: &Chart, language: Language) -> (String, f64) {
    let mut sheet = Sheet { chart, out: String::new(), y: 8.0 };
    if chart.is_empty() {
        sheet.text(WIDTH / 2.0, 60.0, "middle", words(language).no_data);
        sheet.y = 112.0;
    } else {
        sheet.legend();
        match chart.kind {
            ChartKind::Lines => sheet.upright(Sheet::lines),
            ChartKind::Bars | ChartKind::StackedBars if sheet.labels_fit() => sheet.upright(Sheet::columns),
            ChartKind::Bars | ChartKind::StackedBars | ChartKind::Shares => sheet.lying(),
        }
    }
    let (title, told) = (title(chart, language), told(chart, language));
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {WIDTH} \
         {}\" font-family=\"{FACES}\" font-size=\"{TYPE}\"><title>{}</title><desc>{}</desc>{}</svg>",
        escape(&title),
        number(sheet.y),
        escape(&title),
        escape(&told),
        sheet.out
    );
    (svg, sheet.y / WIDTH)
}

/// What the chart is: its kind and its series.
fn title(chart: &Chart, language: Language) -> String {
    let words = words(language);
    let kind = match chart.kind {
        ChartKind::Lines => words.kinds[0],
        ChartKind::Bars => words.kinds[1],
        ChartKind::StackedBars => words.kinds[2],
        ChartKind::Shares => words.kinds[3],
    };
    let names: Vec<&str> = chart.series.iter().map(|series| series.name.as_str()).collect();
    format!("{kind}{}{}", words.colon, names.join(words.comma))
}

/// All its figures as words.
fn told(chart: &Chart, language: Language) -> String {
    let words = words(language);
    if chart.is_empty() {
        return words.no_data.to_owned();
    }
    let unit = chart.unit.as_deref().unwrap_or_default();
    let mut told = String::new();
    for (index, series) in chart.series.iter().enumerate() {
        let values = chart.labels.iter().enumerate().map(|(label, name)| match chart.value(index, label) {
            Some(value) => format!("{name} {}{unit}", plain(value)),
            None => format!("{name} –"),
        });
        let values: Vec<String> = values.collect();
        let _ = write!(told, "{}{}{}. ", series.name, words.colon, values.join(words.comma));
    }
    told.trim_end().to_owned()
}

impl Sheet<'_> {
    fn is_stacked(&self) -> bool {
        matches!(self.chart.kind, ChartKind::StackedBars | ChartKind::Shares)
    }

    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.out.write_fmt(what);
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        self.ink_text(x, y, anchor, TEXT_INK, text);
    }

    fn ink_text(&mut self, x: f64, y: f64, anchor: &str, ink: &str, text: &str) {
        self.put(format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" fill=\"{ink}\">{}</text>",
            number(x),
            number(y),
            escape(text)
        ));
    }

    fn rule(&mut self, from: (f64, f64), to: (f64, f64), ink: &str) {
        self.put(format_args!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{ink}\"/>",
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1)
        ));
    }

    fn bar(&mut self, series: usize, (x, y): (f64, f64), (width, height): (f64, f64)) {
        self.put(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"0.7\"/>",
            number(x),
            number(y),
            number(width.max(0.0)),
            number(height.max(0.0)),
            INKS[series],
            INKS[0]
        ));
    }

    /// Names of the series with their inks, in as many lines as they need, and the unit to the right of the first.
    fn legend(&mut self) {
        // Shares tell their unit with each figure.
        let unit = self.chart.unit.clone().filter(|_| self.chart.kind != ChartKind::Shares).unwrap_or_default();
        let room = WIDTH - 16.0 - if unit.is_empty() { 0.0 } else { (text_em(&unit) + 1.0) * TYPE };
        self.text(WIDTH - 8.0, self.y + 11.0, "end", &unit);
        let mut x = 8.0;
        for series in 0..self.chart.drawn() {
            for (index, line) in wrapped(&self.chart.series[series].name, (room - 34.0) / TYPE).into_iter().enumerate()
            {
                let width = 34.0 + text_em(&line) * TYPE + 16.0;
                if index > 0 || (x > 8.0 && x + width > room) {
                    (x, self.y) = (8.0, self.y + LINE);
                }
                if index == 0 {
                    self.sample(series, x);
                }
                self.text(x + 34.0, self.y + 11.0, "start", &line);
                x += width;
            }
        }
        self.y += LINE + 8.0;
    }

    /// What a series looks like, beside its name.
    fn sample(&mut self, series: usize, x: f64) {
        let y = self.y + 6.5;
        if self.chart.kind == ChartKind::Lines {
            self.stroke(series, &format!("M{} {}h28", number(x), number(y)));
            self.mark(series, (x + 14.0, y));
        } else {
            self.bar(series, (x + 4.0, y - 6.0), (22.0, 12.0));
        }
    }

    fn stroke(&mut self, series: usize, path: &str) {
        let dash = match DASHES[series] {
            "" => String::new(),
            dash => format!(" stroke-dasharray=\"{dash}\""),
        };
        let ink = LINE_INKS[series];
        self.put(format_args!("<path d=\"{path}\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"2\"{dash}/>"));
    }

    /// The mark of a series at a point: each its own shape.
    fn mark(&mut self, series: usize, (x, y): (f64, f64)) {
        let path = match series % 3 {
            0 => format!("M{} {}a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0z", number(x - 3.4), number(y)),
            1 => format!("M{} {}h6.4v6.4h-6.4z", number(x - 3.2), number(y - 3.2)),
            _ => format!("M{} {}l4 7h-8z", number(x), number(y - 4.5)),
        };
        let fill = if series < 3 { LINE_INKS[series] } else { "#ffffff" };
        let ink = LINE_INKS[series];
        self.put(format_args!("<path d=\"{path}\" fill=\"{fill}\" stroke=\"{ink}\" stroke-width=\"1.4\"/>"));
    }

    /// Whether bars may stand upright: each label has room on at most two lines, or all are short, as days and months
    /// are, so that some may be left out.
    fn labels_fit(&self) -> bool {
        let labels = &self.chart.labels;
        let slot = (WIDTH - 70.0) / labels.len().max(1) as f64 / TYPE;
        let short = labels.len() > LYING_MAX || labels.iter().all(|label| text_em(label) <= SHORT);
        short || (slot >= 2.5 && labels.iter().all(|label| wrapped(label, slot - 0.6).len() <= 2))
    }

    /// The sums of a label's series, negative values as 0.
    fn sum(&self, label: usize) -> f64 {
        (0..self.chart.drawn()).filter_map(|series| self.chart.value(series, label)).map(|value| value.max(0.0)).sum()
    }

    fn scale(&self) -> Scale {
        let (chart, labels) = (self.chart, 0..self.chart.labels.len());
        let percent = chart.unit.as_deref() == Some("%");
        if chart.kind == ChartKind::Shares {
            return Scale { least: 0.0, most: 100.0, step: 20.0 };
        }
        if self.is_stacked() {
            return Scale::over(labels.map(|label| self.sum(label)), percent);
        }
        let values = (0..chart.drawn()).flat_map(|series| labels.clone().map(move |label| (series, label)));
        let values = values.filter_map(|(series, label)| chart.value(series, label));
        let mut scale = Scale::over(values.clone(), percent);
        // Below the longest bar its value has room.
        if chart.kind == ChartKind::Bars
            && scale.least < 0.0
            && values.fold(0.0, f64::min) < scale.least + scale.step / 2.0
        {
            scale.least -= scale.step;
        }
        scale
    }

    /// A field with lines of the scale across and labels below, filled by `fill`.
    fn upright(&mut self, fill: fn(&mut Self, Scale, Field)) {
        let scale = self.scale();
        let widest = scale.lines().map(|value| text_em(&plain(value))).fold(0.0, f64::max);
        let left = 14.0 + widest * TYPE;
        let top = self.y + 10.0;
        let slot = (WIDTH - 8.0 - left) / self.chart.labels.len() as f64;
        let field = Field { left, top, slot };
        for value in scale.lines() {
            let y = field.y(scale.at(value));
            let ink = if value.abs() < scale.step * 1e-6 { "#6b7278" } else { RULE_INK };
            self.rule((left, y), (WIDTH - 8.0, y), ink);
            self.text(left - 6.0, y + 4.5, "end", &plain(value));
        }
        fill(self, scale, field);
        self.y = top + FIELD + 6.0;
        self.labels(field);
    }

    /// Labels below the field: each on one line where it has room, else every second, third and so on; long ones on up
    /// to three lines.
    fn labels(&mut self, field: Field) {
        let labels = &self.chart.labels;
        let wide = |every: usize| (field.slot * every as f64) / TYPE - 0.6;
        let fits = |every: usize, lines: usize| {
            wide(every) >= 2.0 && labels.iter().all(|label| wrapped(label, wide(every)).len() <= lines)
        };
        let some = labels.len().div_ceil(5).max(1);
        let on_one_line = (1..=some).find(|every| fits(*every, 1));
        let every = on_one_line.or_else(|| (1..labels.len()).find(|every| fits(*every, 3))).unwrap_or(labels.len());
        // Two lines of each are better than one of a few.
        let every = if fits(1, 2) { 1 } else { every.max(1) };
        let mut deepest = 1;
        for (index, label) in labels.iter().enumerate().step_by(every) {
            let lines = wrapped(label, wide(every).max(2.0));
            deepest = deepest.max(lines.len());
            for (line, text) in lines.iter().enumerate() {
                // The outermost labels stay on the sheet.
                let half = text_em(text) * TYPE / 2.0;
                let x = field.x(index).clamp(half + 2.0, (WIDTH - half - 2.0).max(half + 2.0));
                self.text(x, self.y + 13.0 + line as f64 * LINE, "middle", text);
            }
        }
        self.y += deepest as f64 * LINE + 6.0;
    }

    fn lines(&mut self, scale: Scale, field: Field) {
        for series in 0..self.chart.drawn() {
            let point = |label: usize, value: f64| (field.x(label), field.y(scale.at(value)));
            let known: Vec<Option<(f64, f64)>> = (0..self.chart.labels.len())
                .map(|label| self.chart.value(series, label).map(|value| point(label, value)))
                .collect();
            let (mut path, mut pen_down) = (String::new(), false);
            for spot in &known {
                if let Some((x, y)) = spot {
                    let _ = write!(path, "{}{} {}", if pen_down { 'L' } else { 'M' }, number(*x), number(*y));
                }
                pen_down = spot.is_some();
            }
            self.stroke(series, &path);
            // Marks are for telling lines apart: a few suffice, but a point between two gaps needs its own.
            let every = (known.len() / 12).max(1);
            let spot = |index: usize| known.get(index).copied().flatten();
            for index in 0..known.len() {
                let alone = (index == 0 || spot(index - 1).is_none()) && spot(index + 1).is_none();
                if let Some(at) = spot(index).filter(|_| alone || index % every == 0 || index + 1 == known.len()) {
                    self.mark(series, at);
                }
            }
        }
    }

    /// Upright bars, beside or on each other.
    fn columns(&mut self, scale: Scale, field: Field) {
        let (drawn, stacked) = (self.chart.drawn(), self.is_stacked());
        let group = (field.slot * 0.72).min(96.0);
        let one = if stacked { group.min(56.0) } else { (group / drawn as f64).min(56.0) };
        let base = scale.at(0.0);
        for label in 0..self.chart.labels.len() {
            let left = field.x(label) - if stacked { one / 2.0 } else { one * drawn as f64 / 2.0 };
            let mut below = 0.0;
            for series in 0..drawn {
                let Some(value) = self.chart.value(series, label) else { continue };
                if stacked {
                    let value = value.max(0.0);
                    let (from, to) = (field.y(scale.at(below)), field.y(scale.at(below + value)));
                    self.bar(series, (left, to), (one, from - to));
                    below += value;
                    if from - to >= 16.0 && one >= text_em(&plain(value)) * TYPE + 2.0 {
                        let ink = on(series);
                        self.ink_text(field.x(label), (from + to) / 2.0 + 4.5, "middle", ink, &plain(value));
                    }
                } else {
                    let (x, end) = (left + one * series as f64, scale.at(value));
                    let (top, bottom) = (field.y(end.max(base)), field.y(end.min(base)));
                    self.bar(series, (x + 1.0, top), (one - 2.0, bottom - top));
                    if one >= text_em(&plain(value)) * TYPE {
                        let y = if value < 0.0 { bottom + 13.0 } else { top - 4.0 };
                        self.text(x + one / 2.0, y, "middle", &plain(value));
                    }
                }
            }
        }
    }

    /// Lying bars: a label, as many lines as it needs, then its bars.
    fn lying(&mut self) {
        let scale = self.scale();
        let (drawn, stacked) = (self.chart.drawn(), self.is_stacked());
        let widest = self.chart.labels.iter().map(|label| text_em(label)).fold(0.0, f64::max);
        let column = (widest + 0.2).clamp(3.0, 15.0);
        let values = (0..drawn).flat_map(|series| (0..self.chart.labels.len()).map(move |label| (series, label)));
        let values = values.filter_map(|(series, label)| self.chart.value(series, label));
        let most = values.map(|value| text_em(&plain(value))).fold(text_em("100%"), f64::max);
        let left = 8.0 + column * TYPE + 8.0 + if scale.least < 0.0 { most * TYPE } else { 0.0 };
        let room = WIDTH - 10.0 - left - most * TYPE - 4.0;
        let base = left + scale.at(0.0) * room;
        let thick = if stacked { 20.0 } else { 15.0 };
        let from = self.y;
        for label in 0..self.chart.labels.len() {
            let lines = wrapped(&self.chart.labels[label], column);
            let bars = if stacked { thick } else { thick * drawn as f64 };
            let height = bars.max(lines.len() as f64 * LINE - 3.0);
            let first = self.y + height / 2.0 - (lines.len() as f64 - 1.0) * LINE / 2.0 + 4.5;
            for (line, text) in lines.iter().enumerate() {
                self.text(8.0 + column * TYPE, first + line as f64 * LINE, "end", text);
            }
            let top = self.y + (height - bars) / 2.0;
            if stacked {
                self.lying_stack(label, scale, (left, top), (room, thick));
            } else {
                for series in 0..drawn {
                    let Some(value) = self.chart.value(series, label) else { continue };
                    let (y, end) = (top + thick * series as f64, left + scale.at(value) * room);
                    self.bar(series, (base.min(end), y + 1.0), ((end - base).abs(), thick - 2.0));
                    let (x, anchor) = if value < 0.0 { (end - 4.0, "end") } else { (end + 4.0, "start") };
                    self.text(x, y + thick / 2.0 + 4.5, anchor, &plain(value));
                }
            }
            self.y += height + 9.0;
        }
        self.rule((base, from - 2.0), (base, self.y - 4.0), "#6b7278");
        self.y += 2.0;
    }

    /// One stack of lying bars; of shares each part is told in per cent.
    fn lying_stack(&mut self, label: usize, scale: Scale, (left, y): (f64, f64), (room, thick): (f64, f64)) {
        let (sum, shares) = (self.sum(label), self.chart.kind == ChartKind::Shares);
        if shares && sum <= 0.0 {
            return self.text(left + 4.0, y + thick / 2.0 + 4.5, "start", "–");
        }
        let mut below = 0.0;
        for series in 0..self.chart.drawn() {
            let Some(value) = self.chart.value(series, label).map(|value| value.max(0.0)) else { continue };
            let shown = if shares { value / sum * 100.0 } else { value };
            let (from, to) = (left + scale.at(below) * room, left + scale.at(below + shown) * room);
            below += shown;
            self.bar(series, (from, y), (to - from, thick));
            let told = if shares { format!("{shown:.1}%") } else { plain(shown) };
            if to - from >= text_em(&told) * TYPE + 4.0 {
                self.ink_text((from + to) / 2.0, y + thick / 2.0 + 4.5, "middle", on(series), &told);
            }
        }
        if !shares {
            self.text(left + scale.at(sum) * room + 4.0, y + thick / 2.0 + 4.5, "start", &plain(sum));
        }
    }
}

/// Where upright bars and lines stand.
#[derive(Clone, Copy)]
struct Field {
    left: f64,
    top: f64,
    slot: f64,
}

impl Field {
    fn x(self, label: usize) -> f64 {
        self.left + self.slot * (label as f64 + 0.5)
    }

    fn y(self, share: f64) -> f64 {
        self.top + FIELD * (1.0 - share)
    }
}

/// The ink of words on a bar.
fn on(series: usize) -> &'static str {
    if matches!(series, 0 | 2 | 4) { "#ffffff" } else { TEXT_INK }
}

/// A number as an attribute: one decimal.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// A text in lines of at most so many em, never empty; words of letters are parted only where they must be.
fn wrapped(text: &str, wide: f64) -> Vec<String> {
    let wide = wide.max(1.0);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0.0);
    for word in pieces(text) {
        let width = text_em(&word);
        if used + width > wide && !line.is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0.0;
        }
        for c in word.chars() {
            if used + char_em(c) > wide && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            if !(line.is_empty() && c == ' ') {
                line.push(c);
                used += char_em(c);
            }
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// A text cut where lines may be broken: after each Chinese character and each space.
fn pieces(text: &str) -> Vec<String> {
    let (mut all, mut run) = (Vec::new(), String::new());
    for c in text.chars() {
        run.push(c);
        // Closing marks stay with what they close.
        if c == ' ' || char_em(c) == 1.0 && !"（《“【".contains(c) {
            if "，。、；：？！）》”】".contains(c)
                && run.chars().count() == 1
                && let Some(last) = all.last_mut()
            {
                let last: &mut String = last;
                last.push_str(&std::mem::take(&mut run));
                continue;
            }
            all.push(std::mem::take(&mut run));
        }
    }
    if !run.is_empty() {
        all.push(run);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Series;

    fn chart(kind: ChartKind, labels: &[&str], series: &[(&str, &[Option<f64>])]) -> Chart {
        let one = |(name, values): &(&str, &[Option<f64>])| Series { name: (*name).into(), values: values.to_vec() };
        Chart {
            kind,
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            series: series.iter().map(one).collect(),
            unit: Some("件".into()),
        }
    }

    #[test]
    fn a_chart_without_figures_says_so() {
        for kind in [ChartKind::Lines, ChartKind::Bars, ChartKind::StackedBars, ChartKind::Shares] {
            let none = chart(kind, &["一月"], &[("受理", &[None]), ("办结", &[Some(f64::NAN)])]);
            assert!(none.svg(Language::Zh).contains("本期没有数据"));
            assert!(chart(kind, &[], &[]).svg(Language::En).contains("No data for this period"));
        }
    }

    #[test]
    fn texts_are_escaped_and_nothing_is_styled() {
        let svg = chart(ChartKind::Bars, &["<a&\">"], &[("</svg><script>", &[Some(3.0)])]).svg(Language::Zh);
        assert!(!svg.contains("<script") && !svg.contains("style=") && svg.contains("&lt;a&amp;&quot;&gt;"));
        assert!(svg.contains("<title>柱形图：") && svg.contains("3件"));
    }

    #[test]
    fn long_labels_make_bars_lie_down() {
        let long = ["东门街道综合行政执法队罗湖片区第一中队"; 8];
        let svg = chart(ChartKind::Bars, &long, &[("件数", &[Some(5.0); 8])]).svg(Language::Zh);
        assert!(svg.contains("text-anchor=\"end\" fill=\"#222222\">东门街道"));
        let dense: Vec<String> = (1..=31).map(|day| format!("10月{day}日")).collect();
        let dense: Vec<&str> = dense.iter().map(String::as_str).collect();
        let svg = chart(ChartKind::Lines, &dense, &[("件数", &[Some(5.0); 31])]).svg(Language::Zh);
        assert!(svg.contains(">10月1日<") && !svg.contains(">10月2日<"), "every label that has no room is left out");
    }

    #[test]
    fn lines_are_wrapped_within_their_width() {
        assert_eq!(wrapped("城市管理办公室", 4.0), ["城市管理", "办公室"]);
        assert_eq!(wrapped("market supervision", 6.5), ["market", "supervision"]);
        assert_eq!(wrapped("supervision", 3.5).concat(), "supervision");
        assert_eq!(wrapped("", 4.0), [""]);
    }
}
