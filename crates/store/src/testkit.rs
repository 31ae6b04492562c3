//! Databases for tests: a fresh SQLite file or a fresh database on a real PostgreSQL, for each test its own.
//!
//! The PostgreSQL server is private: started from the machine's binaries on a socket in a temporary folder, shared by
//! all test processes of a run, and stopped by itself a while after the last of them has ended. A machine without
//! PostgreSQL fails the test with a sentence that says so; no test is ever skipped.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test kit ends the test when the machine does not give what it needs"
)]

use std::{
    env,
    fs::{self, File, OpenOptions, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use uuid::Uuid;

use crate::{
    store::{Store, StoreConfig},
    tx::Engine,
};

/// Names an already running server to use instead: the address of a database on it, whose user may create databases.
pub const SERVER_VARIABLE: &str = "JIBAN_TEST_POSTGRES";

/// A fresh, empty database of one engine. Dropping it removes it.
pub struct TestDb {
    url: String,
    engine: Engine,
    _folder: tempfile::TempDir,
    created: Option<(Server, String)>,
}

impl TestDb {
    /// A fresh database of this engine.
    ///
    /// # Panics
    /// When the machine has no PostgreSQL, or no room.
    pub fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        match engine {
            Engine::Sqlite => {
                let url = format!("sqlite:{}", folder.path().join("jiban.db").display());
                Self { url, engine, _folder: folder, created: None }
            }
            Engine::Postgres => {
                let server = shared_server().clone();
                let name = format!("t{}", Uuid::now_v7().simple());
                server.sql(&format!(
                    "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
                ));
                Self { url: server.url(&name), engine, _folder: folder, created: Some((server, name)) }
            }
        }
    }

    /// Its engine.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Its address, as [`StoreConfig`] takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Settings for it, with few threads.
    pub fn config(&self) -> StoreConfig {
        StoreConfig { readers: 2, writers: 4, ..StoreConfig::new(&self.url) }
    }

    /// Opens it and brings the schema forward.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self) -> Store {
        self.open_with(&self.config()).await
    }

    /// As [`TestDb::open`], with other settings.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open_with(&self, config: &StoreConfig) -> Store {
        let store = Store::open(config).await.expect("the test's database opens");
        store.migrate().await.expect("the schema can be applied");
        store
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.created {
            drop(server.try_sql(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        }
    }
}

/// Runs an async test body on a runtime of its own.
///
/// # Panics
/// When the body does.
pub fn block_on<F: Future>(body: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(body)
}

/// Writes two tests from one body, one for each engine: `both_engines! { async fn name(db: TestDb) { … } }`.
#[macro_export]
macro_rules! both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident: TestDb) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;
            async fn body($db: $crate::testkit::TestDb) $body
            #[test]
            fn sqlite() {
                $crate::testkit::block_on(body($crate::testkit::TestDb::new($crate::Engine::Sqlite)));
            }
            #[test]
            fn postgres() {
                $crate::testkit::block_on(body($crate::testkit::TestDb::new($crate::Engine::Postgres)));
            }
        }
    )*};
}

/// A PostgreSQL server for tests.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address of a database on it, `{}` standing for the database's name.
    address: String,
    admin: String,
}

impl Server {
    /// Address of a database on this server.
    pub fn url(&self, database: &str) -> String {
        self.address.replace("{}", database)
    }

    fn sql(&self, sql: &str) {
        self.try_sql(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Runs one statement on a connection and a thread of its own, so that it may be called from anywhere.
    fn try_sql(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        let (url, sql) = (self.url(&self.admin), sql.to_owned());
        let run = async move {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute(&sql).await
        };
        std::thread::spawn(|| block_on(run)).join().expect("the statement's thread ends well")
    }
}

/// The server that all tests of this run share, started if need be.
///
/// # Panics
/// When the machine has no PostgreSQL or it does not start.
pub fn shared_server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match env::var(SERVER_VARIABLE) {
        Ok(url) => given_server(&url),
        Err(_) => join_server(),
    })
}

fn given_server(url: &str) -> Server {
    let (path, options) = url.split_once('?').map_or((url, String::new()), |(path, rest)| (path, format!("?{rest}")));
    let (host, admin) = path.rsplit_once('/').expect("JIBAN_TEST_POSTGRES is postgres://user@host/database");
    Server { address: format!("{host}/{{}}{options}"), admin: admin.to_owned() }
}

/// Joins the run's server. Every process holds a shared lock on `users` for as long as it lives, by which the server's
/// keeper knows when nobody is left.
fn join_server() -> Server {
    static HELD: OnceLock<File> = OnceLock::new();
    let user = server_user();
    let folder = env::temp_dir().join(format!("jiban-test-postgres-{}", user.uid));
    fs::create_dir_all(&folder).expect("the server's folder");
    chown(&folder, Some(user.uid), Some(user.gid)).expect("the server's folder has its owner");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("the server's folder can be entered");
    let turn = lock_file(&folder.join("turn"));
    turn.lock().expect("one test process at a time starts the server");
    let users = lock_file(&folder.join("users"));
    users.lock_shared().expect("the server is in use");
    HELD.get_or_init(|| users);
    let private = PrivateServer { folder, user, durable: false };
    if !private.runs() {
        private.start();
        private.start_keeper();
    }
    private.server()
}

fn lock_file(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("a lock file")
}

/// Whom the server runs as: it refuses to run as root.
#[derive(Debug, Clone)]
struct ServerUser {
    name: String,
    uid: u32,
    gid: u32,
}

fn server_user() -> ServerUser {
    let own = fs::metadata("/proc/self").expect("this process has an owner");
    let accounts = fs::read_to_string("/etc/passwd").expect("the machine's accounts");
    let account = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let (uid, gid) = (fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
        Some(ServerUser { name: fields.first()?.to_string(), uid, gid })
    };
    let users: Vec<ServerUser> = accounts.lines().filter_map(account).collect();
    let found = if own.uid() == 0 {
        ["postgres", "nobody"].iter().find_map(|name| users.iter().find(|user| user.name == *name))
    } else {
        users.iter().find(|user| user.uid == own.uid())
    };
    found.expect("an account that is not root: postgres, nobody or the caller's own").clone()
}

/// The folder of PostgreSQL's programs.
fn binaries() -> PathBuf {
    let in_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let versions =
        fs::read_dir("/usr/lib/postgresql").map(|found| found.flatten().collect()).unwrap_or_else(|_| Vec::new());
    let mut packaged: Vec<PathBuf> = versions.iter().map(|version| version.path().join("bin")).collect();
    packaged.sort();
    in_path.into_iter().chain(packaged.into_iter().rev()).find(|folder| folder.join("initdb").is_file()).expect(
        "PostgreSQL is not on this machine. Install it (Debian: apt-get install postgresql), or name a running server \
         in JIBAN_TEST_POSTGRES",
    )
}

/// A server of our own in a folder of its own.
struct PrivateServer {
    folder: PathBuf,
    user: ServerUser,
    durable: bool,
}

impl PrivateServer {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn server(&self) -> Server {
        let (user, socket) = (&self.user.name, self.folder.display());
        let address = format!("postgresql://{user}@/{{}}?host={socket}");
        Server { address, admin: "postgres".to_owned() }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(binaries().join(program));
        command.current_dir(&self.folder).stdin(Stdio::null());
        if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            command.uid(self.user.uid).gid(self.user.gid);
        }
        command
    }

    fn runs(&self) -> bool {
        let mut status = self.command("pg_ctl");
        status.args(["status", "-D"]).arg(self.data()).output().is_ok_and(|output| output.status.success())
    }

    fn start(&self) {
        // What a killed run left behind is of no use.
        drop(fs::remove_dir_all(self.data()));
        drop(fs::remove_file(self.folder.join("server.log")));
        let mut initdb = self.command("initdb");
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"]).arg(self.data());
        run(&mut initdb);
        let safety = if self.durable { "" } else { "-c fsync=off -c full_page_writes=off -c synchronous_commit=on" };
        let options = format!("-c listen_addresses='' -k '{}' -c max_connections=300 {safety}", self.folder.display());
        let mut start = self.command("pg_ctl");
        start.args(["start", "-w", "-t", "60", "-o", &options, "-l"]).arg(self.folder.join("server.log"));
        start.arg("-D").arg(self.data()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = start.status().expect("pg_ctl runs").success();
        let log = || fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        assert!(started, "PostgreSQL did not start: {}", log());
    }

    fn stop(&self, mode: &str) {
        let mut stop = self.command("pg_ctl");
        drop(stop.args(["stop", "-w", "-m", mode, "-D"]).arg(self.data()).output());
    }

    /// Leaves a process behind that stops the server once nobody has used it for some seconds.
    fn start_keeper(&self) {
        const KEEPER: &str = r#"idle=0
            while [ $idle -lt 8 ]; do
                sleep 2
                if flock --nonblock --exclusive users true; then idle=$((idle + 1)); else idle=0; fi
            done
            exec 9>>turn; flock --exclusive 9
            if flock --nonblock --exclusive users true; then "$1" stop -m immediate -D data; rm -rf data; else exec 9>&-; exec sh -c "$0" "$0" "$1"; fi"#;
        let mut keeper = Command::new("sh");
        // Started by a shell that ends at once, so that it is nobody's child here.
        keeper
            .current_dir(&self.folder)
            .args(["-c", "sh -c \"$0\" \"$0\" \"$1\" &", KEEPER])
            .arg(binaries().join("pg_ctl"));
        keeper.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            for name in ["turn", "users"] {
                chown(self.folder.join(name), Some(self.user.uid), Some(self.user.gid))
                    .expect("the keeper sees the locks");
            }
            keeper.uid(self.user.uid).gid(self.user.gid);
        }
        run(&mut keeper);
    }
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program runs");
    assert!(status.success(), "{command:?}: {status}");
}

/// A server for one test alone, which may be stopped and started: to see what happens when the database goes away.
pub struct OwnServer {
    private: PrivateServer,
    _folder: tempfile::TempDir,
}

impl OwnServer {
    /// Starts one. With `durable`, a commit is on disk as in production; for benches.
    ///
    /// # Panics
    /// When the machine has no PostgreSQL or it does not start.
    pub fn start(durable: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let user = server_user();
        chown(folder.path(), Some(user.uid), Some(user.gid)).expect("the server's folder has its owner");
        let private = PrivateServer { folder: folder.path().to_owned(), user, durable };
        private.start();
        Self { private, _folder: folder }
    }

    /// Address of its only database.
    pub fn url(&self) -> String {
        self.private.server().url("postgres")
    }

    /// Ends it at once, as a failing machine would.
    pub fn kill(&self) {
        self.private.stop("immediate");
    }

    /// Starts it again on the same data.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&self) {
        let options = format!("-c listen_addresses='' -k '{}'", self.private.folder.display());
        let mut start = self.private.command("pg_ctl");
        start.args(["start", "-w", "-t", "60", "-o", &options, "-l"]).arg(self.private.folder.join("server.log"));
        start.arg("-D").arg(self.private.data()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(start.status().expect("pg_ctl runs").success(), "PostgreSQL did not start again");
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.private.stop("immediate");
    }
}
