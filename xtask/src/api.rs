//! `cargo xtask api`: the real server against its own description. Schemathesis reads the OpenAPI document that the
//! server gives, sends what it allows and what it forbids, and holds every answer against it. The people and cases it
//! meets are the demo's; what it knows of them is in `xtask/api/`. It must never reach a server that it did not start.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use clap::Args;

use crate::tool::{self, Outcome};

/// What is installed, into a folder of its own under `target/`.
const TOOL: &str = "schemathesis==4.32.5";
/// Password of the demo's accounts; the demo prints it to everybody.
const PASSWORD: &str = "dongmen-demo";
/// Longest time until the demo answers: it makes its history first.
const READY_MAX: Duration = Duration::from_secs(300);
/// Rates are not what is tested here.
const SETTINGS: &str = "[server]\npublic_per_minute = 1000000\nstaff_per_minute = 1000000\n";

/// How much, and which.
#[derive(Debug, Args)]
pub(crate) struct Api {
    /// Seed of what is sent.
    #[arg(long, default_value_t = 20_261_123)]
    seed: u64,
    /// Random requests for each endpoint, beside those that its description makes necessary.
    #[arg(long, default_value_t = 100)]
    examples: u32,
    /// Days of history of the demo.
    #[arg(long, default_value_t = 5)]
    days: u32,
    /// For schemathesis, e.g. `--include-path /api/v1/cases`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

/// Starts the server, asks it, counts.
pub(crate) fn run(wanted: &Api) -> Outcome {
    let folder = tool::root().join("target/api");
    let program = installed(&folder)?;
    tool::cargo(&["build", "--quiet", "--package", "jiban"])?;
    let server = Server::start(&folder, wanted.days)?;
    let before = server.requests()?;
    let began = Instant::now();
    let report = folder.join("junit.xml");
    drop(fs::remove_file(&report));
    let outcome = Command::new(program)
        .arg("--config-file")
        .arg(tool::root().join("xtask/api/schemathesis.toml"))
        .args(["run", &format!("{}/api/openapi.json", server.url()), "--no-color"])
        .args(["--seed", &wanted.seed.to_string(), "--max-examples", &wanted.examples.to_string()])
        .args(["--report", "junit", "--report-junit-path"])
        .arg(&report)
        .args(&wanted.more)
        .env("SCHEMATHESIS_HOOKS", tool::root().join("xtask/api/hooks.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("JIBAN_API_URL", server.url())
        .env("JIBAN_API_PASSWORD", PASSWORD)
        .current_dir(&folder)
        .status()
        .map_err(|why| format!("schemathesis: {why}"))?;
    let (seconds, sent) = (began.elapsed().as_secs_f64(), server.requests()?.saturating_sub(before));
    let told = fs::read_to_string(&report).unwrap_or_default();
    let failures = told.matches("<failure").count() + told.matches("<error").count();
    println!("requests {sent}   failures {failures}   seconds {seconds:.1}   seed {}", wanted.seed);
    if outcome.success() && failures == 0 && sent > 0 {
        Ok(())
    } else {
        Err(format!("the server and its description differ ({outcome}); the server's log is in target/api/server.log"))
    }
}

/// The program, installed where this version of it is not there yet.
fn installed(folder: &Path) -> Result<PathBuf, String> {
    let home = folder.join(TOOL.replace("==", "-"));
    let program = home.join("bin/schemathesis");
    if !tool::answers(&program.to_string_lossy()) {
        println!("Installing {TOOL}");
        fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        tool::run("python3", &["-m", "venv", "--clear", &home.to_string_lossy()])?;
        tool::run(&home.join("bin/pip").to_string_lossy(), &["install", "--quiet", TOOL])?;
    }
    Ok(program)
}

/// A demo of our own on a free port of loopback; it ends with this value.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(folder: &Path, days: u32) -> Result<Self, String> {
        let told = |what: &Path| {
            let what = what.display().to_string();
            move |why: std::io::Error| format!("{what}: {why}")
        };
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data).map_err(told(&data))?;
        }
        fs::create_dir_all(&data).map_err(told(&data))?;
        fs::write(data.join("jiban.toml"), SETTINGS).map_err(told(&data))?;
        let address = free_address().map_err(|why| format!("no free port on loopback: {why}"))?;
        let log = folder.join("server.log");
        let log = fs::File::create(&log).map_err(told(&log))?;
        let jiban = tool::root().join("target/debug/jiban");
        let process = Command::new(&jiban)
            .args(["demo", "--days", &days.to_string(), "--listen", &address.to_string(), "--folder"])
            .arg(&data)
            .stdin(Stdio::null())
            .stderr(log.try_clone().map_err(told(&data))?)
            .stdout(log)
            .spawn()
            .map_err(told(&jiban))?;
        let mut server = Self { process, address };
        let began = Instant::now();
        while server.get("/readyz").is_err() {
            if let Ok(Some(status)) = server.process.try_wait() {
                return Err(format!("the demo ended ({status}); see target/api/server.log"));
            }
            if began.elapsed() > READY_MAX {
                return Err("the demo does not answer; see target/api/server.log".to_owned());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(server)
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests the server has answered, by its own count.
    fn requests(&self) -> Result<u64, String> {
        let page = self.get("/metrics").map_err(|why| format!("/metrics: {why}"))?;
        let counts = page.lines().filter(|line| line.starts_with("jiban_http_requests_total"));
        Ok(counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    }

    fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
