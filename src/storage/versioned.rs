//! A store that serves exactly the files a table version was made of.
//!
//! Every read names the version it expects (ETag, or size and time); a file that was changed, truncated or removed
//! gives a clear error and never a mixture of two versions. Errors of the store beneath become [`crate::Error`] with a
//! SQLSTATE; [`error_in`] finds it again under whatever DataFusion wrapped round it.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream, StreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result as StoreResult,
};

use crate::error::Error;
use crate::sqlstate;

/// Ranges nearer to each other than this are read as one, bytes.
const COALESCE_BYTES: u64 = 1 << 20;

/// A store that serves only the listed files, each in its listed version. Read-only.
#[derive(Debug)]
pub struct VersionedStore {
    inner: Arc<dyn ObjectStore>,
    files: HashMap<Path, Arc<Version>>,
    /// The file system, which is read without going through `inner`: one open both checks and reads.
    local: bool,
}

/// What a file must be to be read.
#[derive(Clone, Debug)]
struct Version {
    /// Bytes.
    size: u64,
    /// When it was last written.
    modified: DateTime<Utc>,
    /// What the store calls this version, if it names versions.
    etag: Option<String>,
}

impl VersionedStore {
    /// The listed files of a store; `local` when it is the file system.
    #[must_use]
    pub fn new(inner: Arc<dyn ObjectStore>, files: &[ObjectMeta], local: bool) -> Self {
        let version = |file: &ObjectMeta| {
            Arc::new(Version { size: file.size, modified: file.last_modified, etag: file.e_tag.clone() })
        };
        let files = files.iter().map(|file| (file.location.clone(), version(file))).collect();
        Self { inner, files, local }
    }

    /// The version expected of a file.
    fn version(&self, path: &Path) -> StoreResult<&Arc<Version>> {
        let missing = || Error::internal(format!("\"{path}\" is no file of this table version"));
        self.files.get(path).ok_or_else(|| wrapped(missing()))
    }
}

impl Version {
    /// Whether an answer is of this version. Stores without ETags are compared by size and time.
    fn is_of(&self, found: &ObjectMeta) -> bool {
        let same = match (&self.etag, &found.e_tag) {
            (Some(expected), Some(found)) => expected == found,
            _ => self.modified == found.last_modified,
        };
        same && self.size == found.size
    }
}

#[async_trait]
impl ObjectStore for VersionedStore {
    async fn get_opts(&self, location: &Path, mut options: GetOptions) -> StoreResult<GetResult> {
        let version = self.version(location)?;
        // A weak ETag may not be sent as a condition; the answer is compared in any case.
        options.if_match = version.etag.clone().filter(|etag| !etag.starts_with("W/"));
        let result = self.inner.get_opts(location, options).await;
        let result = result.map_err(|e| wrapped(classify(location, &e)))?;
        if version.is_of(&result.meta) { Ok(result) } else { Err(wrapped(changed(location))) }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> StoreResult<Vec<Bytes>> {
        if self.local {
            let (version, path, ranges) = (Arc::clone(self.version(location)?), location.clone(), ranges.to_vec());
            let read = tokio::task::spawn_blocking(move || read_local(&version, &path, &ranges));
            return match read.await {
                Ok(read) => read.map_err(wrapped),
                Err(e) => Err(wrapped(Error::internal(format!("reading a file failed: {e}")))),
            };
        }
        object_store::coalesce_ranges(ranges, |range| self.get_range(location, range), COALESCE_BYTES).await
    }

    fn list(&self, _prefix: Option<&Path>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        stream::once(async { Err(wrapped(Error::internal("a table version's files are not listed"))) }).boxed()
    }

    async fn list_with_delimiter(&self, _prefix: Option<&Path>) -> StoreResult<ListResult> {
        Err(wrapped(Error::internal("a table version's files are not listed")))
    }

    async fn put_opts(&self, path: &Path, _payload: PutPayload, _options: PutOptions) -> StoreResult<PutResult> {
        Err(read_only(path))
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        _options: PutMultipartOptions,
    ) -> StoreResult<Box<dyn MultipartUpload>> {
        Err(read_only(path))
    }

    fn delete_stream(&self, locations: BoxStream<'static, StoreResult<Path>>) -> BoxStream<'static, StoreResult<Path>> {
        locations.map(|path| path.and_then(|path| Err(read_only(&path)))).boxed()
    }

    async fn copy_opts(&self, from: &Path, _to: &Path, _options: CopyOptions) -> StoreResult<()> {
        Err(read_only(from))
    }
}

impl fmt::Display for VersionedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files of {}", self.files.len(), self.inner)
    }
}

/// Our error under the layers that DataFusion, Parquet and Arrow wrapped round it.
#[must_use]
pub fn error_in<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Error> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref::<Error>())
}

/// A store's error as ours: what happened to which file, and the SQLSTATE that PostgreSQL gives to it.
pub(super) fn classify(path: &Path, error: &StoreError) -> Error {
    if let Some(own) = error_in(error) {
        return own.clone();
    }
    match error {
        StoreError::Precondition { .. } | StoreError::NotModified { .. } => changed(path),
        StoreError::NotFound { .. } => {
            Error::new(sqlstate::UNDEFINED_FILE, format!("the file \"{path}\" is not there"))
        }
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            Error::new(sqlstate::IO_ERROR, format!("access to the file \"{path}\" was denied"))
                .hint("The server's own credentials are used; check its environment.")
        }
        other => Error::new(sqlstate::IO_ERROR, format!("could not read the file \"{path}\"")).detail(innermost(other)),
    }
}

/// Two versions of a table would be mixed.
fn changed(path: &Path) -> Error {
    Error::new(sqlstate::DATA_CORRUPTED, format!("the file \"{path}\" has changed since its table was opened"))
        .hint("The table has to be read anew.")
}

/// Our error as a store's, which is all that may leave a store.
fn wrapped(error: Error) -> StoreError {
    StoreError::Generic { store: "lakewire", source: Box::new(error) }
}

/// Nobody writes through a table version.
fn read_only(path: &Path) -> StoreError {
    wrapped(Error::internal(format!("\"{path}\" is read-only")))
}

/// The cause at the bottom, which says more than the layers above it.
fn innermost(error: &StoreError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    format!("{cause}.")
}

/// Reads ranges of a local file after making sure that it is the expected one: one open, no read of another version.
fn read_local(version: &Version, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, Error> {
    let io = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Error::new(sqlstate::UNDEFINED_FILE, format!("the file \"{path}\" is not there"))
        }
        std::io::ErrorKind::UnexpectedEof => changed(path),
        _ => Error::new(sqlstate::IO_ERROR, format!("could not read the file \"{path}\": {e}")),
    };
    let on_disk = LocalFileSystem::new().path_to_filesystem(path).map_err(|e| classify(path, &e))?;
    let file = File::open(on_disk).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    let modified: DateTime<Utc> = metadata.modified().map_err(io)?.into();
    if metadata.len() != version.size || modified != version.modified {
        return Err(changed(path));
    }
    let read = |range: &Range<u64>| {
        let length = usize::try_from(range.end.saturating_sub(range.start))
            .map_err(|_| Error::internal("a range is larger than memory"))?;
        let mut buffer = vec![0; length];
        file.read_exact_at(&mut buffer, range.start).map_err(io)?;
        Ok(Bytes::from(buffer))
    };
    ranges.iter().map(read).collect()
}
