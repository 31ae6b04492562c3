//! Charts 图表 as SVG, made by hand: one picture for page, PDF and DOCX.
//!
//! Calm, and legible in black and white: series differ in lightness, in dash and in mark, never in hue alone. Only
//! presentation attributes, no style and no script, so that the strictest page may show it. It must never invent a
//! figure: what is not known leaves a gap, and a chart without figures says so.

mod draw;
mod scale;

use jiban_domain::policy::Language;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most series that are told apart; what is beyond is not drawn but stays in the description.
pub const SERIES_MAX: usize = 6;

/// What a chart shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentChart)]
pub struct Chart {
    /// How it shows it.
    pub kind: ChartKind,
    /// What the values of each series belong to: days, months, units.
    pub labels: Vec<String>,
    /// At most [`SERIES_MAX`] are drawn.
    pub series: Vec<Series>,
    /// Unit of the values, e.g. 件 or %; values are in that unit: 92.6 with `%`, not 0.926.
    #[serde(default)]
    pub unit: Option<String>,
}

/// How a chart shows its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DocumentChartKind)]
pub enum ChartKind {
    /// Lines 折线: how something went.
    Lines,
    /// Bars 柱形, beside each other; they lie down when their labels are long or many.
    Bars,
    /// Bars on each other 堆积: parts of a sum. Negative values are taken as 0.
    StackedBars,
    /// Bars of equal length 百分比: parts of a whole, whatever it is. Negative values are taken as 0.
    Shares,
}

/// The values of one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentSeries)]
pub struct Series {
    /// What it is, e.g. 满意率.
    pub name: String,
    /// One for each label; nothing where it is not known. What is missing at the end is not known.
    pub values: Vec<Option<f64>>,
}

impl Chart {
    /// The chart as SVG, 640 units wide and as high as it needs, with a title and a description for those who hear it.
    pub fn svg(&self, language: Language) -> String {
        self.draw(language).0
    }

    /// The same, and its height as a share of its width.
    pub(crate) fn draw(&self, language: Language) -> (String, f64) {
        draw::svg(self, language)
    }

    /// The value of a series at a label; nothing where it is not known or no number.
    fn value(&self, series: usize, label: usize) -> Option<f64> {
        let value = self.series.get(series)?.values.get(label).copied().flatten()?;
        value.is_finite().then_some(value)
    }

    /// How many series are drawn.
    fn drawn(&self) -> usize {
        self.series.len().min(SERIES_MAX)
    }

    /// Whether there is anything to draw.
    fn is_empty(&self) -> bool {
        !(0..self.drawn()).any(|series| (0..self.labels.len()).any(|label| self.value(series, label).is_some()))
    }
}
