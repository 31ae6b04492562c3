//! An installation made by the command line alone, and processes that serve it and can be killed.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use jiban::{
    app::App,
    infra::config::{Config, Home},
};
use jiban_store::{Store, StoreConfig};

/// Password of every account.
pub(crate) const PASSWORD: &str = "a-password-for-tests";
/// Who has an account: the liaison office and the enforcement team.
pub(crate) const STAFF: [&str; 2] = ["xlb1", "zfd1"];
/// Longest wait for a process to serve.
const START_MAX: Duration = Duration::from_secs(60);

/// A data folder that is ready to serve.
pub(crate) struct Installation {
    folder: tempfile::TempDir,
}

impl Installation {
    /// Makes one over this database: settings, keys, policy, the demo's subdistrict, accounts.
    pub(crate) fn new(url: &str) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut config = Config::default();
        config.store.url = url.to_owned();
        // Everybody here is one address, and works without a pause.
        (config.server.public_per_minute, config.server.staff_per_minute) = (10_000_000, 10_000_000);
        let made = Self { folder: tempfile::tempdir().unwrap() };
        // `init` keeps the settings it finds.
        Home::create(made.folder.path(), &config).unwrap();
        made.jiban(&["init"]);
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo");
        let file = |name: &str| demo.join(name).to_str().unwrap().to_owned();
        let (units, people) = (file("units.csv"), file("people.csv"));
        let (spots, areas) = (file("spots.csv"), file("grids.geojson"));
        made.jiban(&[
            "import",
            "organisation",
            "--units",
            &units,
            "--people",
            &people,
            "--spots",
            &spots,
            "--areas",
            &areas,
        ]);
        for person in STAFF {
            made.jiban(&["user", "add", person]);
        }
        made
    }

    /// The program's parts over the same database, in this process: to look at what is stored, and to bring in records.
    pub(crate) async fn app(&self) -> App {
        let home = Home::open(self.folder.path()).unwrap();
        let config = StoreConfig { readers: 2, writers: 2, ..StoreConfig::new(&home.config.store.url) };
        App::start(&home, Store::open(&config).await.unwrap()).await.unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jiban"));
        command.arg("--data").arg(self.folder.path()).args(arguments);
        command
    }

    /// Runs a command of the program to its end, which must be a good one.
    pub(crate) fn jiban(&self, arguments: &[&str]) {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Only `user add` reads it; the others may have ended already.
        drop(writeln!(child.stdin.take().unwrap(), "{PASSWORD}"));
        let done = child.wait_with_output().unwrap();
        let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(done.status.success(), "{arguments:?}: {}{}", told(&done.stdout), told(&done.stderr));
    }

    /// Starts a process and kills it so soon that it may not serve yet: while it opens what another left behind.
    pub(crate) fn stumble(&self, after: Duration) {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts a process that serves, on a free port of its own.
    pub(crate) fn serve(&self) -> Node {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0", "--json-logs"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (tell, told) = mpsc::channel();
        // Reads to the end, so that the process never waits for a reader of its log.
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                if entry["fields"]["message"] == "serving" {
                    drop(tell.send(entry["fields"]["address"].as_str().unwrap().to_owned()));
                } else {
                    // Shown where the test fails.
                    println!("{line}");
                }
            }
        });
        let address = told.recv_timeout(START_MAX).unwrap_or_else(|why| panic!("the program does not serve: {why}"));
        Node { base: format!("http://{address}"), child }
    }
}

/// A process of the program. Dropping it kills it.
pub(crate) struct Node {
    /// Where it serves.
    pub(crate) base: String,
    child: Child,
}

impl Node {
    /// Ends it by SIGKILL, as a failing machine would; it is gone when this returns.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
