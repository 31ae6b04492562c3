//! The table of figures: printed for people, kept as JSON.

use std::path::Path;

use serde_json::json;

use crate::{Outcome, rig::Rig};

/// All rows so far.
#[derive(Default)]
pub(crate) struct Table(Vec<serde_json::Value>);

impl Table {
    /// Adds a figure with its yardstick.
    pub(crate) fn row(&mut self, rig: &Rig, what: &str, figure: f64, yardstick: Option<(&str, f64)>, aim: &str) {
        eprintln!("   {what}: {figure:.2}");
        let ratio = yardstick.map(|(_, measure)| figure / measure);
        self.0.push(json!({
            "engine": rig.name(), "what": what, "figure": figure, "aim": aim, "ratio": ratio,
            "yardstick": yardstick.map(|(name, _)| name), "measure": yardstick.map(|(_, measure)| measure),
        }));
    }

    /// Prints it as Markdown.
    pub(crate) fn print(&self) {
        println!("| engine | what | figure | yardstick | measure | ratio | aim |\n|---|---|---|---|---|---|---|");
        for row in &self.0 {
            let number = |key: &str| row[key].as_f64().map_or_else(|| "–".to_owned(), |n| format!("{n:.2}"));
            let fine = |key: &str| row[key].as_f64().map_or_else(|| "–".to_owned(), |n| format!("{n:.3}"));
            let text = |key: &str| row[key].as_str().unwrap_or("–").to_owned();
            println!(
                "| {} | {} | {} | {} | {} | {} | {} |",
                text("engine"),
                text("what"),
                number("figure"),
                text("yardstick"),
                fine("measure"),
                number("ratio"),
                text("aim")
            );
        }
    }

    /// Keeps it as JSON.
    pub(crate) fn keep(&self, file: &Path) -> Outcome<()> {
        let text = serde_json::to_string_pretty(&self.0).map_err(|why| why.to_string())?;
        std::fs::write(file, text).map_err(|why| format!("{}: {why}", file.display()))
    }
}
