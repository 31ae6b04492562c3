//! `jiban report`: a bulletin of any unit and period, in any form.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
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
    infra::press,
};

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Daily,
    Weekly,
    Monthly,
    Results,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Md,
    Html,
    Pdf,
    Docx,
    Xlsx,
}

impl Format {
    /// The form of the document; none for the data themselves.
    fn form(self) -> Option<press::Form> {
        match self {
            Self::Json => None,
            Self::Md => Some(press::Form::Md),
            Self::Html => Some(press::Form::Html),
            Self::Pdf => Some(press::Form::Pdf),
            Self::Docx => Some(press::Form::Docx),
            Self::Xlsx => Some(press::Form::Xlsx),
        }
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Json | Self::Md | Self::Html)
    }
}

/// Options of `report`.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// Which.
    kind: Kind,
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
        tally::catch_up(&app, |counted| bar.set_message(format!("{counted} changed cases counted"))).await?;
        bar.finish_and_clear();
        let snapshot = app.snapshot();
        let kind = match self.kind {
            Kind::Daily => BulletinKind::Daily,
            Kind::Weekly => BulletinKind::Weekly,
            Kind::Monthly => BulletinKind::Monthly,
            Kind::Results => BulletinKind::Results,
        };
        let period = match (self.from, self.to) {
            (Some(from), Some(to)) => Period::new(from, to)?,
            _ => {
                let today = app.now().await?.to_zoned(snapshot.calendar.zone().clone()).date();
                Period::before(kind, today).map_err(|why| Failure(why.to_string()))?
            }
        };
        let unit = self.unit.unwrap_or_else(|| top_unit(&snapshot));
        let report = report::make(&app, kind, &unit, period).await?;
        let bytes = match self.format.form() {
            None => serde_json::to_vec_pretty(&report).map_err(|why| Failure(why.to_string()))?,
            Some(form) => {
                let language = Language::from(self.language);
                let document = paper::document(&report, &snapshot.policy.bulletins, language, None);
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
