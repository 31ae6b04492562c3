//! Long work that tells how far it is 进度, in the answer to the request that asked for it: lines of JSON while it goes on,
//! `{"progress": …}`; then one with what became of it, `{"done": …, "file": {"name", "bytes"} | null}` or
//! `{"problem": …}`; then the file's bytes, where there is one.
//!
//! A reader that goes away ends the work, so nothing here may begin what must not stop half-way: each step of the work
//! is whole in itself. Whatever was written to a disk meanwhile goes with the answer.

use std::path::PathBuf;

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Serialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{fs::File, io::AsyncReadExt, sync::mpsc, task::JoinHandle};

use super::problem::{Answer, Problem};

/// Lines that wait for a slow reader; what is told beyond them is left out.
const WAITING_MAX: usize = 16;
/// Bytes of a file sent at once.
const CHUNK: usize = 64 << 10;

/// Where work tells how far it is.
#[derive(Debug, Clone)]
pub struct Progress(mpsc::Sender<Bytes>);

impl Progress {
    /// Tells how far it is. A reader that cannot follow misses some of it.
    pub fn tell(&self, how_far: &impl Serialize) {
        drop(self.0.try_send(line(&json!({ "progress": how_far }))));
    }
}

/// What became of the work.
#[derive(Debug)]
pub struct Done {
    /// For the reader, as JSON.
    pub report: Value,
    /// A file to send, by its path and the name it should have.
    pub file: Option<(PathBuf, String)>,
    /// Where the work kept its files; removed when the answer is over.
    pub folder: TempDir,
}

/// The answer that goes on as long as the work does.
pub fn answer<W>(work: impl FnOnce(Progress) -> W) -> Response
where
    W: Future<Output = Answer<Done>> + Send + 'static,
{
    let (tell, told) = mpsc::channel(WAITING_MAX);
    let working = Stage::Working(told, Work(tokio::spawn(work(Progress(tell)))));
    let body = stream::unfold(working, Stage::next);
    // 'identity' keeps the compression from holding lines back until they are many.
    let headers = [(header::CONTENT_TYPE, "application/x-jiban-progress"), (header::CONTENT_ENCODING, "identity")];
    (headers, Body::from_stream(body)).into_response()
}

/// The work; it ends with its reader.
struct Work(JoinHandle<Answer<Done>>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.abort();
    }
}

enum Stage {
    Working(mpsc::Receiver<Bytes>, Work),
    Sending(File, TempDir),
    Over,
}

impl Stage {
    async fn next(self) -> Option<(std::io::Result<Bytes>, Self)> {
        match self {
            Self::Working(mut told, mut work) => match told.recv().await {
                Some(line) => Some((Ok(line), Self::Working(told, work))),
                None => {
                    let done = (&mut work.0).await.unwrap_or_else(|why| Err(Problem::internal(why)));
                    let (last, next) = match done {
                        Ok(done) => ended(done).await,
                        Err(problem) => (json!({ "problem": problem }), Self::Over),
                    };
                    Some((Ok(line(&last)), next))
                }
            },
            Self::Sending(mut file, folder) => {
                let mut bytes = vec![0; CHUNK];
                match file.read(&mut bytes).await {
                    Ok(0) => None,
                    Ok(read) => {
                        bytes.truncate(read);
                        Some((Ok(bytes.into()), Self::Sending(file, folder)))
                    }
                    Err(why) => Some((Err(why), Self::Over)),
                }
            }
            Self::Over => None,
        }
    }
}

async fn ended(done: Done) -> (Value, Stage) {
    let Some((path, name)) = done.file else {
        return (json!({ "done": done.report, "file": null }), Stage::Over);
    };
    let opened = async {
        let file = File::open(&path).await?;
        let bytes = file.metadata().await?.len();
        Ok::<_, std::io::Error>((file, bytes))
    };
    match opened.await {
        Ok((file, bytes)) => (
            json!({ "done": done.report, "file": { "name": name, "bytes": bytes } }),
            Stage::Sending(file, done.folder),
        ),
        Err(why) => (json!({ "problem": Problem::internal(why) }), Stage::Over),
    }
}

fn line(value: &Value) -> Bytes {
    format!("{value}\n").into()
}
