//! The folder into which queries spill: one per process, removed with it.
//!
//! What a killed server has left behind is wiped when the next one starts. A lock file tells a dead server's folder
//! from a living one's, so that servers may share a data directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::warn;

use crate::error::{Error, Result};
use crate::sqlstate;

/// Inside each process's folder, locked as long as the process lives.
const LOCK: &str = "lock";

/// Numbers the folders of one process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// This process's own folder below the spill folder.
#[derive(Debug)]
pub struct SpillDir {
    path: PathBuf,
    _lock: File,
}

impl SpillDir {
    /// Wipes what dead servers left in `parent` and makes a folder of this process's own there.
    pub fn create(parent: &Path) -> Result<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("{}-{number}", std::process::id()));
        let failed = |e: std::io::Error| {
            Error::new(sqlstate::IO_ERROR, format!("could not set up the spill folder \"{}\": {e}", parent.display()))
        };
        fs::create_dir_all(parent).map_err(failed)?;
        wipe(parent).map_err(failed)?;
        fs::create_dir_all(&path).map_err(failed)?;
        // The lock appears locked, so that no other server can take it for a dead one's.
        let unlocked = path.join("lock.new");
        let lock = File::create(&unlocked).map_err(failed)?;
        lock.lock().and_then(|()| fs::rename(&unlocked, path.join(LOCK))).map_err(failed)?;
        Ok(Self { path, _lock: lock })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SpillDir {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_dir_all(&self.path) {
            warn!(folder = %self.path.display(), "the spill folder could not be removed: {e}");
        }
    }
}

/// Removes the folders of processes that do not live any more.
fn wipe(parent: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let path = entry?.path();
        // Only folders like our own are touched, whatever else somebody keeps there.
        let Ok(lock) = File::open(path.join(LOCK)) else { continue };
        if lock.try_lock().is_ok()
            && let Err(e) = fs::remove_dir_all(&path)
        {
            warn!(folder = %path.display(), "an old spill folder could not be removed: {e}");
        }
    }
    Ok(())
}
