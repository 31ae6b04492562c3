//! Photos and files in a real S3-compatible store: SeaweedFS, started for the test on loopback.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use axum::body::Bytes;
use jiban::infra::config;
use jiban_store::{
    Engine, StoreError,
    blobs::{BlobConfig, BlobName, Blobs},
    testkit::{TestDb, block_on},
};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::kit::{MONDAY, TestApp, at, photo};

const BUCKET: &str = "photos";
const KEY: &str = "a-key";
/// Key of another account, which may use every bucket.
const WIDE_KEY: &str = "a-wide-key";
const SECRET: &str = "a-secret-for-tests";
/// Longest wait for the server to answer.
const START_MAX: Duration = Duration::from_secs(60);
/// Ports it takes: master, volume, filer and S3, and of each the inner one.
const PORTS: usize = 8;

/// An S3-compatible server with one bucket, an account that may read, write and list in it, and one that may everywhere.
struct S3Server {
    endpoint: String,
    ports: Vec<u16>,
    child: Child,
    _folder: tempfile::TempDir,
}

impl S3Server {
    async fn start() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        // Between looking for ports and taking them, somebody else may: then once more.
        for _ in 0..3 {
            if let Some(server) = Self::try_start().await {
                return server;
            }
        }
        panic!("SeaweedFS does not start, three times over")
    }

    async fn try_start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let account = |key: &str, only: &str| {
            let actions = ["Read", "Write", "List"].map(|action| format!("{action}{only}"));
            json!({ "name": key, "credentials": [{ "accessKey": key, "secretKey": SECRET }], "actions": actions })
        };
        let both = json!({ "identities": [account(KEY, &format!(":{BUCKET}")), account(WIDE_KEY, "")] });
        let accounts = folder.path().join("accounts.json");
        fs::write(&accounts, both.to_string()).unwrap();
        let free: Vec<TcpListener> = (0..PORTS).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<u16> = free.iter().map(|port| port.local_addr().unwrap().port()).collect();
        drop(free);
        let mut command = Command::new(program());
        command.args(["-logtostderr", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]);
        // Of its many services only this one, small, and telling nobody.
        command.args([
            "-s3.iam=false",
            "-s3.autoCreateBucket=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.telemetry=false",
        ]);
        command.args(["-master.volumeSizeLimitMB=64", "-volume.max=8"]);
        command.arg(format!("-dir={}", folder.path().display()));
        command.arg(format!("-s3.config={}", accounts.display()));
        for (part, of) in ["master", "volume", "filer", "s3"].into_iter().zip(ports.chunks(2)) {
            command.arg(format!("-{part}.port={}", of[0])).arg(format!("-{part}.port.grpc={}", of[1]));
        }
        let log = File::create(folder.path().join("log")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let endpoint = format!("http://127.0.0.1:{}", ports[6]);
        let mut server = Self { endpoint, ports, child, _folder: folder };
        server.is_ready().await.then_some(server)
    }

    /// Waits until it answers and its bucket is there; false when it ends before.
    async fn is_ready(&mut self) -> bool {
        let http = reqwest::Client::new();
        let bucket = format!("http://127.0.0.1:{}/buckets/{BUCKET}/", self.ports[4]);
        let health = format!("{}/healthz", self.endpoint);
        let began = Instant::now();
        while began.elapsed() < START_MAX {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            let made =
                http.post(&bucket).send().await.is_ok_and(|answer| matches!(answer.status().as_u16(), 201 | 409));
            if made && http.get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("SeaweedFS does not answer within {START_MAX:?}")
    }

    fn settings(&self, bucket: &str, key: &str, secret: &str) -> config::S3 {
        config::S3 {
            endpoint: self.endpoint.clone(),
            bucket: bucket.to_owned(),
            region: "us-east-1".to_owned(),
            key: key.to_owned(),
            secret: secret.to_owned(),
        }
    }

    fn blobs(&self, bucket: &str, key: &str, secret: &str) -> Blobs {
        let config::S3 { endpoint, bucket, region, key, secret } = self.settings(bucket, key, secret);
        Blobs::open(&BlobConfig::S3 { endpoint, region, bucket, access_key: key, secret_key: secret }).unwrap()
    }

    fn stop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.stop();
        // It leaves its sockets behind when it is killed.
        for entry in fs::read_dir("/tmp").into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_str().and_then(|name| name.strip_prefix("seaweedfs-")?.strip_suffix(".sock"));
            let port = name.and_then(|name| name.rsplit_once('-')?.1.parse().ok());
            if port.is_some_and(|port| self.ports.contains(&port)) {
                drop(fs::remove_file(entry.path()));
            }
        }
    }
}

/// The server's program, where `cargo xtask setup` puts it.
fn program() -> PathBuf {
    let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/seaweedfs/bin/weed");
    assert!(program.is_file(), "SeaweedFS is not here, which tests keep files in: run 'cargo xtask setup'");
    program
}

fn name(id: u128) -> BlobName {
    BlobName::attachment(1, Uuid::from_u128(7), Uuid::from_u128(id), "original").unwrap()
}

#[test]
fn a_bucket_keeps_files_as_they_are() {
    block_on(async {
        let server = S3Server::start().await;
        let blobs = server.blobs(BUCKET, KEY, SECRET);
        blobs.check().await.unwrap();
        // The largest upload there is; the server cuts it in pieces.
        let large: Bytes = (0..20_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let files = [Bytes::from_static(b"\xFF\xD8photo"), Bytes::new(), large];
        for (id, bytes) in (1..).zip(&files) {
            assert_eq!(blobs.get(&name(id)).await.unwrap(), None, "nothing is there before");
            blobs.put(&name(id), bytes.clone()).await.unwrap();
        }
        for (id, bytes) in (1..).zip(&files) {
            assert!(blobs.get(&name(id)).await.unwrap().as_ref() == Some(bytes), "file {id} is another");
        }
        for _ in 0..2 {
            blobs.remove(&name(1)).await.unwrap();
            assert_eq!(blobs.get(&name(1)).await.unwrap(), None);
        }
        assert!(blobs.get(&name(2)).await.unwrap().is_some(), "the others stay");
    });
}

#[test]
fn a_bucket_that_refuses_us_says_what_to_look_at() {
    block_on(async {
        let server = S3Server::start().await;
        let refused = [(BUCKET, KEY, "another-secret"), (BUCKET, "nobodys-key", SECRET), ("elsewhere", KEY, SECRET)];
        for (bucket, key, secret) in refused {
            let blobs = server.blobs(bucket, key, secret);
            let mut errors = vec![blobs.check().await.unwrap_err(), blobs.get(&name(1)).await.unwrap_err()];
            errors.push(blobs.put(&name(1), Bytes::from_static(b"x")).await.unwrap_err());
            errors.push(blobs.remove(&name(1)).await.unwrap_err());
            for error in errors {
                says(&error, "the bucket refuses our keys; check bucket, key and secret in the settings");
            }
        }
        let nowhere = server.blobs("nowhere", WIDE_KEY, SECRET);
        let missing = "there is no such bucket; check endpoint and bucket in the settings";
        says(&nowhere.check().await.unwrap_err(), missing);
        says(&nowhere.put(&name(1), Bytes::from_static(b"x")).await.unwrap_err(), missing);
    });
}

/// Whether the error says this and nothing else, so nothing secret either.
#[track_caller]
fn says(error: &StoreError, words: &str) {
    assert_eq!(*error, StoreError::files(words));
}

#[test]
fn a_photo_goes_to_the_bucket_and_comes_back_by_http() {
    block_on(async {
        let mut server = S3Server::start().await;
        let settings = server.settings(BUCKET, KEY, SECRET);
        let db = TestDb::new(Engine::Sqlite);
        let app = TestApp::start_at(db, at(MONDAY), |config| config.files.s3 = Some(settings)).await;
        let case = app.verified().await;
        let stored = app.upload("zfd1", &case.id, "after", "after.jpg", photo()).await.expect(201);
        let path = format!("/cases/{}/attachments", case.id);
        assert_eq!(app.get("zfd1", &path).await.as_array().unwrap().len(), 1);
        let file = format!("{path}/{}", stored["id"].as_str().unwrap());
        let back = app.call("zfd1", Method::GET, &file, None).await;
        back.expect(200);
        assert_eq!(back.bytes.len() as u64, stored["bytes"].as_u64().unwrap());
        assert!(image::load_from_memory(&back.bytes).is_ok(), "it is a photo still");
        let (case_id, id) = (case.id.parse().unwrap(), stored["id"].as_str().unwrap().parse().unwrap());
        let name = BlobName::attachment(app.app.store.tenant(), case_id, id, "original").unwrap();
        let kept = server.blobs(BUCKET, KEY, SECRET).get(&name).await.unwrap();
        assert_eq!(kept.as_deref(), Some(&back.bytes[..]), "it lies in the bucket");

        server.stop();
        let before = app.kinds(&case.id).await;
        app.upload("zfd1", &case.id, "evidence", "late.jpg", photo()).await.refused(503, "files_unavailable");
        app.call("zfd1", Method::GET, &file, None).await.refused(503, "files_unavailable");
        assert_eq!(app.kinds(&case.id).await, before, "a file that is not kept is not on the case");
    });
}
