//! `jiban user`: accounts of people in the organisation.

use std::{io::BufRead, path::Path, process::ExitCode};

use clap::Subcommand;
use jiban_domain::{event::Actor, ids::PersonId};
use jiban_store::{StoreError, users};

use super::{Failure, Outcome, init::open};
use crate::{
    app::App,
    infra::{audit, config::Home, passwords},
};

/// Accounts.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Give a person an account, or a new password. The password is read from standard input.
    Add {
        /// Code of the person in the organisation.
        person: PersonId,
        /// Sign-in name; the code where none is given.
        #[arg(long)]
        login: Option<String>,
    },
    /// Take a person's account away; their sessions end.
    Disable {
        /// Code of the person.
        person: PersonId,
    },
}

impl User {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        let home = Home::open(data)?;
        let app = App::start(&home, open(&home).await?).await?;
        match self {
            Self::Add { person, login } => add(&app, &person, login).await,
            Self::Disable { person } => disable(&app, person).await,
        }
    }
}

async fn add(app: &App, person: &PersonId, login: Option<String>) -> Outcome {
    let snapshot = app.snapshot();
    let known = snapshot.organisation.person(person);
    let known = known.ok_or_else(|| Failure(format!("'{person}' is not in the organisation; import people first")))?;
    eprintln!("Password for {} (8 characters or more):", known.name);
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.chars().count() < passwords::PASSWORD_MIN || password.len() > passwords::PASSWORD_MAX {
        return Err(Failure("the password must have 8 to 256 characters; nothing was changed".into()));
    }
    put(app, person, &login.unwrap_or_else(|| person.to_string()), password).await?;
    println!("{} can sign in.", known.name);
    Ok(ExitCode::SUCCESS)
}

/// Gives a person an account with this password.
pub(super) async fn put(app: &App, person: &PersonId, login: &str, password: &str) -> Result<(), Failure> {
    let hash = passwords::hash(password).map_err(Failure)?;
    put_hash(app, person, login, hash).await
}

/// The same, with a hash made before.
pub(super) async fn put_hash(app: &App, person: &PersonId, login: &str, hash: String) -> Result<(), Failure> {
    let (person, login) = (person.to_string(), login.to_owned());
    let trace = audit::trace(&Actor::System, "account_put", &serde_json::json!({ "person": person, "login": login }));
    app.store
        .write(move |tx| {
            let known = users::by_person(tx, &person)?;
            let user = users::User {
                person: person.clone(),
                login: login.clone(),
                password: Some(hash.clone()),
                totp: known.as_ref().and_then(|user| user.totp.clone()),
                oidc_subject: known.as_ref().and_then(|user| user.oidc_subject.clone()),
                failed: 0,
                locked_until: None,
                active: true,
                session_epoch: known.as_ref().map_or(0, |user| user.session_epoch),
            };
            users::put(tx, &user)?;
            audit::record(tx, audit::Stream::Accounts, trace.clone())
        })
        .await?;
    Ok(())
}

async fn disable(app: &App, person: PersonId) -> Outcome {
    let trace = audit::trace(&Actor::System, "account_disabled", &serde_json::json!({ "person": person }));
    let code = person.to_string();
    let found = app
        .store
        .write(move |tx| {
            let Some(mut user) = users::by_person(tx, &code)? else { return Ok::<_, StoreError>(false) };
            user.active = false;
            users::put(tx, &user)?;
            users::end_all_sessions(tx, &code)?;
            audit::record(tx, audit::Stream::Accounts, trace.clone())?;
            Ok(true)
        })
        .await?;
    if !found {
        return Err(Failure(format!("'{person}' has no account")));
    }
    println!("{person} can no longer sign in.");
    Ok(ExitCode::SUCCESS)
}
