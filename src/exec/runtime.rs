//! The CPU runtime: threads for plans, apart from the socket runtime's.
//!
//! Its threads have deep stacks (reserved, not committed), because planners recurse over what clients write.

use std::future::Future;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

/// Address space for each thread's stack, bytes; only touched pages cost memory.
const STACK_BYTES: usize = 256 << 20;

/// How long a driver's thread outlives its query: the allocator gives a thread's free memory back when it ends.
const IDLE_THREAD: Duration = Duration::from_millis(500);

/// A multi-thread tokio runtime for plans.
pub struct CpuRuntime {
    handle: Handle,
    runtime: Mutex<Option<Runtime>>,
}

impl CpuRuntime {
    /// A runtime of `threads` workers and up to `max_drivers` blocking threads.
    pub fn new(threads: usize, max_drivers: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .max_blocking_threads(max_drivers.max(16))
            .thread_stack_size(STACK_BYTES)
            .thread_keep_alive(IDLE_THREAD)
            .thread_name("lakewire-cpu")
            .enable_all()
            .build()
            .map_err(|e| Error::internal(format!("could not start the CPU runtime: {e}")))?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Mutex::new(Some(runtime)) })
    }

    /// A handle to spawn or block on.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs `work` on a thread that may block.
    pub fn spawn_blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        self.handle.spawn_blocking(work)
    }

    /// Runs a future on the workers.
    pub fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.handle.spawn(work)
    }

    /// Ends the runtime without waiting for what still runs.
    pub fn shut_down(&self) {
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for CpuRuntime {
    fn drop(&mut self) {
        self.shut_down();
    }
}
