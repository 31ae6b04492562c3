//! A closure on its way through a worker: run as often as the engine needs, answered exactly once.
//!
//! A panic of the closure must never reach the worker's thread.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use tokio::sync::oneshot;

use crate::{error::StoreError, tx::WriteTx};

/// What a worker sees of a job.
pub(crate) trait Job: Send {
    /// Whose rows it works on.
    fn tenant(&self) -> i64;
    /// When it got into line.
    fn queued_at(&self) -> Instant;
    /// Runs the closure and keeps its result; true if it wants its changes kept.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> bool;
    /// Sends the closure's result to the caller, or the store's error in its place.
    fn answer(self: Box<Self>, end: Result<(), StoreError>);
}

/// A job in the line.
pub(crate) type BoxedJob = Box<dyn Job>;

/// A closure with the way back to its caller.
pub(crate) struct Call<F, T, E> {
    closure: F,
    tenant: i64,
    queued_at: Instant,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Call<F, T, E> {
    /// The job and where its answer will arrive.
    pub(crate) fn new(closure: F, tenant: i64) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (caller, answer) = oneshot::channel();
        (Self { closure, tenant, queued_at: Instant::now(), result: None, caller }, answer)
    }
}

impl<F, T, E> Job for Call<F, T, E>
where
    F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn tenant(&self) -> i64 {
        self.tenant
    }

    fn queued_at(&self) -> Instant {
        self.queued_at
    }

    fn run(&mut self, tx: &mut WriteTx<'_>) -> bool {
        let ran = catch_unwind(AssertUnwindSafe(|| (self.closure)(tx)));
        let result = ran.unwrap_or_else(|panic| Err(E::from(panicked(&*panic))));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, end: Result<(), StoreError>) {
        let result = match end {
            Ok(()) => {
                self.result.unwrap_or_else(|| Err(E::from(StoreError::other("a job was answered but never run"))))
            }
            Err(error) => Err(E::from(error)),
        };
        // The caller may have given up waiting: then nobody needs the answer.
        drop(self.caller.send(result));
    }
}

fn panicked(panic: &(dyn Any + Send)) -> StoreError {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("(no text)"), "a transaction's closure panicked; its changes were undone");
    StoreError::other("a defect stopped the transaction; its changes were undone")
}
