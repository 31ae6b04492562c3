//! Assessment and analysis 抓考核、勤分析: the numbers of a unit over a period, and what is made of them.
//!
//! Numbers come from the tally, names and definitions from the policy and the organisation. A report is data first
//! ([`report::Report`]); every form of it, on a page, as PDF or as a table, is made of that same data. Nothing here may
//! change a case, and no number stands without the cases behind it.

pub mod bulletins;
pub mod hot;
pub mod letters;
pub mod numbers;
pub mod paper;
pub mod period;
pub mod prose;
pub mod report;
