//! Settings of one installation: read once at the start, never changed while running.
//!
//! They come from `jiban.toml` in the data folder, then from the environment (`JIBAN_…`), then from the command line.
//! Secrets live in `secrets.toml` beside it, made by `jiban init` and readable by its owner only. Nothing of the
//! mechanism belongs here: that is the policy.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use jiban_store::identity::Cipher;
use serde::{Deserialize, Serialize};

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read or written.
    #[error("{path}: {cause}; check that the data folder exists and is yours ('jiban init' makes one)")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {cause}")]
    Form {
        /// Which.
        path: PathBuf,
        /// Why, with line.
        cause: String,
    },
}

/// All settings.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where and how the program listens.
    pub server: Server,
    /// Database.
    pub store: Store,
    /// Photos and files.
    pub files: Files,
    /// Documents on paper.
    pub documents: Documents,
    /// E-mail.
    pub mail: Option<Mail>,
    /// Outgoing webhooks.
    pub webhooks: Vec<Webhook>,
    /// Machines that report events.
    pub machines: Vec<Machine>,
    /// SMS provider, as an HTTP template.
    pub sms: Option<HttpTemplate>,
    /// WeCom 企业微信, as an HTTP template.
    pub wecom: Option<HttpTemplate>,
    /// Single sign-on.
    pub oidc: Option<Oidc>,
    /// A helper model for drafts; none unless somebody wants one.
    pub helper: Option<Helper>,
    /// Which cipher seals identity.
    pub identity: Identity,
    /// What the sign-in page shows of an installation that is only to try; none on a real one.
    pub demo: Option<Demo>,
}

/// An installation to try 演示: its accounts are no secret.
#[derive(Debug, Clone, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// Password of every account.
    pub password: String,
    /// Accounts worth trying.
    pub accounts: Vec<DemoAccount>,
}

/// One account to try.
#[derive(Debug, Clone, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DemoAccount {
    /// Sign-in name.
    pub login: String,
    /// Who that is.
    pub who: jiban_domain::policy::Name,
}

/// Where and how the program listens.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: String,
    /// Address that people type; used in links and cookies (`Secure` where it begins with https).
    pub public_url: String,
    /// Whether `X-Forwarded-For` of a proxy in front is believed.
    pub behind_proxy: bool,
    /// Public requests a minute from one address.
    pub public_per_minute: u32,
    /// Signed-in requests a minute of one person.
    pub staff_per_minute: u32,
    /// Longest time a session lives, hours.
    pub session_hours: u32,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            public_url: "http://127.0.0.1:8080".into(),
            behind_proxy: false,
            public_per_minute: 60,
            staff_per_minute: 6_000,
            session_hours: 12,
        }
    }
}

/// Database.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `sqlite:FILE` or `postgres://…`; empty: `jiban.db` in the data folder.
    pub url: String,
    /// Reading connections; 0: one a core.
    pub readers: usize,
    /// Writing connections on PostgreSQL; 0: chosen by the program.
    pub writers: usize,
}

/// Photos and files: a folder, or an S3-compatible bucket.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Folder; empty: `files` in the data folder.
    pub folder: String,
    /// Bucket, instead of a folder.
    pub s3: Option<S3>,
    /// Largest upload, MiB.
    pub max_mib: Option<u32>,
}

/// Documents on paper 公文.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Documents {
    /// Folder with fonts, looked in before those of the system; empty: the system's only.
    pub fonts: String,
}

/// S3-compatible storage.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Endpoint.
    pub endpoint: String,
    /// Bucket.
    pub bucket: String,
    /// Region.
    #[serde(default = "region")]
    pub region: String,
    /// Access key.
    pub key: String,
    /// Secret key.
    pub secret: String,
}

fn region() -> String {
    "us-east-1".into()
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("endpoint", &self.endpoint).field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

/// E-mail by SMTP.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `smtp://user:password@host:port` or `smtps://…`.
    pub url: String,
    /// Sender.
    pub from: String,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).finish_non_exhaustive()
    }
}

/// One receiver of events.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Name, for the outbox.
    pub name: String,
    /// Address.
    pub url: String,
    /// Secret for the signature (HMAC-SHA256 over `timestamp.body`).
    pub secret: String,
    /// Kinds of event; empty: all.
    #[serde(default)]
    pub events: Vec<String>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("name", &self.name).field("url", &self.url).finish_non_exhaustive()
    }
}

/// A machine, or a platform of many, that reports events 物联感知.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Name, as it gives itself.
    pub name: String,
    /// Secret of its signature (HMAC-SHA256 over `timestamp.body`).
    pub secret: String,
    /// Events a minute that it may report.
    #[serde(default = "events_per_minute")]
    pub events_per_minute: u32,
}

fn events_per_minute() -> u32 {
    200_000
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A provider spoken to over HTTP: `{to}`, `{text}`, `{number}` are replaced in the body.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTemplate {
    /// Address.
    pub url: String,
    /// Headers.
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
    /// JSON body with placeholders inside its strings.
    pub body: String,
}

impl fmt::Debug for HttpTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTemplate").field("url", &self.url).finish_non_exhaustive()
    }
}

/// OpenID Connect.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// Issuer address.
    pub issuer: String,
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: String,
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A helper model 辅助模型: an endpoint that speaks as OpenAI's chat completions do.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Helper {
    /// Address up to before `/chat/completions`.
    pub url: String,
    /// Name of the model.
    pub model: String,
    /// Key, where it wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl fmt::Debug for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helper").field("url", &self.url).field("model", &self.model).finish_non_exhaustive()
    }
}

/// How identity is sealed.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// Cipher for what is sealed from now on: `aes256-gcm`, or `sm4-gcm` 国密.
    pub cipher: Cipher,
}

impl Default for Identity {
    fn default() -> Self {
        Self { cipher: Cipher::Aes256Gcm }
    }
}

/// Keys of one installation. Lost keys mean lost identities: back this file up apart from the data.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Keys that seal identity, newest first: id → 32 bytes in hex.
    pub identity: Vec<Key>,
    /// Key of the blind index, 32 bytes in hex. Never changes.
    pub index: String,
    /// Key of tokens and tracking codes, 32 bytes in hex.
    pub tokens: String,
}

/// One key with its id.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Id.
    pub id: String,
    /// 32 bytes in hex.
    pub hex: String,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// New random keys.
    pub fn generate() -> Self {
        let key = || hex::encode(rand::random::<[u8; 32]>());
        Self { identity: vec![Key { id: "k1".into(), hex: key() }], index: key(), tokens: key() }
    }
}

/// A data folder: settings, secrets, and where the rest lies.
#[derive(Debug, Clone)]
pub struct Home {
    /// The folder.
    pub folder: PathBuf,
    /// Settings.
    pub config: Config,
    /// Keys.
    pub secrets: Secrets,
}

impl Home {
    /// Opens a data folder made by [`Home::create`].
    ///
    /// # Errors
    /// [`ConfigError`] naming the file.
    pub fn open(folder: &Path) -> Result<Self, ConfigError> {
        let path = folder.join("jiban.toml");
        let mut config: Config = if path.exists() { read(&path)? } else { Config::default() };
        config.settle(folder);
        Ok(Self { folder: folder.to_owned(), config, secrets: read(&folder.join("secrets.toml"))? })
    }

    /// Makes a data folder with settings and fresh keys; what is there already is kept.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file.
    pub fn create(folder: &Path, config: &Config) -> Result<Self, ConfigError> {
        let file = |cause| ConfigError::File { path: folder.to_owned(), cause };
        std::fs::create_dir_all(folder).map_err(file)?;
        let secrets = folder.join("secrets.toml");
        if !secrets.exists() {
            write_private(&secrets, &to_toml(&secrets, &Secrets::generate())?)?;
        }
        let settings = folder.join("jiban.toml");
        if !settings.exists() {
            write_private(&settings, &to_toml(&settings, config)?)?;
        }
        Self::open(folder)
    }
}

impl Config {
    /// Fills in what follows from the data folder and the environment.
    fn settle(&mut self, folder: &Path) {
        if let Ok(url) = std::env::var("JIBAN_STORE_URL") {
            self.store.url = url;
        }
        if let Ok(listen) = std::env::var("JIBAN_LISTEN") {
            self.server.listen = listen;
        }
        if self.store.url.is_empty() {
            self.store.url = format!("sqlite:{}", folder.join("jiban.db").display());
        }
        if self.files.folder.is_empty() {
            self.files.folder = folder.join("files").display().to_string();
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::File { path: path.to_owned(), cause })?;
    toml::from_str(&text).map_err(|cause| ConfigError::Form { path: path.to_owned(), cause: cause.to_string() })
}

fn to_toml<T: Serialize>(path: &Path, value: &T) -> Result<String, ConfigError> {
    toml::to_string_pretty(value).map_err(|cause| ConfigError::Form { path: path.to_owned(), cause: cause.to_string() })
}

fn write_private(path: &Path, text: &str) -> Result<(), ConfigError> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let file = |cause| ConfigError::File { path: path.to_owned(), cause };
    let mut open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(file)?;
    open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).map_err(file)
}
