//! `jiban report`: a bulletin of any unit and period, in any form.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{
    Args, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use indicatif::ProgressBar;
use jiban_domain::{
    ids::UnitId,
    policy::{BulletinKind, Language},
};
use jiff::civil::Date;

use super::{Failure, Outcome, exchange::start, policy::Tongue};
use crate::{
    assess::{letters::top_unit, paper, period::Period, report},
    desk::tally,
    infra::press::Form,
};

/// In which form: the data themselves, or a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Document(Form),
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        use Form::{Docx, Html, Md, Pdf, Xlsx};
        &[
            Self::Json,
            Self::Document(Md),
            Self::Document(Html),
            Self::Document(Pdf),
            Self::Document(Docx),
            Self::Document(Xlsx),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Json => Some(PossibleValue::new("json")),
            Self::Document(form) => form.to_possible_value(),
        }
    }
}

impl Format {
    fn is_text(self) -> bool {
        matches!(self, Self::Json | Self::Document(Form::Md | Form::Html))
    }
}

fn kind() -> impl TypedValueParser<Value = BulletinKind> {
    let known = |code: String| BulletinKind::CODES.into_iter().find(|(known, _)| *known == code).map(|(_, kind)| kind);
    PossibleValuesParser::new(BulletinKind::CODES.map(|(code, _)| code))
        .try_map(move |code| known(code).ok_or("not a kind of bulletin"))
}

/// Options of `report`.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// Which.
    #[arg(value_parser = kind())]
    kind: BulletinKind,
    /// First day, as 2026-01-01; the latest whole period that is over where neither is given.
    #[arg(long, requires = "to")]
    from: Option<Date>,
    /// Last day.
    #[arg(long, requires = "from")]
    to: Option<Date>,
    /// About which unit; the one that the liaison office serves where none is given.
    #[arg(long)]
    unit: Option<UnitId>,
    /// In which form.
    #[arg(long, value_enum, default_value = "md")]
    format: Format,
    /// In which language.
    #[arg(long, value_enum, default_value = "zh")]
    language: Tongue,
    /// Forget all sums and count anew from the cases first.
    #[arg(long)]
    recount: bool,
    /// Where to write it; on the screen where none is given and the form is text.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

impl Report {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        if self.output.is_none() && !self.format.is_text() {
            return Err(Failure("this form is not for the screen; say with --output FILE where it goes".to_owned()));
        }
        let app = start(data).await?;
        if self.recount {
            app.store.write(jiban_store::tally::forget).await?;
        }
        let bar = ProgressBar::new_spinner();
        tally::catch_up(&app, tally::ALONE, |counted| bar.set_message(format!("{counted} changed cases counted")))
            .await?;
        bar.finish_and_clear();
        let snapshot = app.snapshot();
        let period = match (self.from, self.to) {
            (Some(from), Some(to)) => Period::new(from, to)?,
            _ => {
                let today = app.now().await?.to_zoned(snapshot.calendar.zone().clone()).date();
                Period::before(self.kind, today).map_err(|why| Failure(why.to_string()))?
            }
        };
        let unit = self.unit.unwrap_or_else(|| top_unit(&snapshot));
        let report = report::make(&app, self.kind, &unit, period).await?;
        let bytes = match self.format {
            Format::Json => serde_json::to_vec_pretty(&report).map_err(|why| Failure(why.to_string()))?,
            Format::Document(form) => {
                let language = Language::from(self.language);
                let document = paper::document(&report, &snapshot, language, None);
                app.press.render(document, form).await?
            }
        };
        app.store.close().await;
        match &self.output {
            Some(file) => {
                std::fs::write(file, bytes).map_err(|why| Failure(format!("{}: {why}", file.display())))?;
                eprintln!("{} written", file.display());
            }
            None => std::io::stdout().write_all(&bytes)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
