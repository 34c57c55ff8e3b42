//! Where a table's files are, and which they are at this moment.
//!
//! A location is a file, a folder (everything below it), a glob, or the URL of one of these in an object store (over
//! http a file only). Hidden files (`_SUCCESS`, `.crc`, …) and empty ones are no part of a table.

use std::path::{Component, Path as FsPath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use url::Url;

use super::versioned::classify;
use crate::error::{Error, Result};
use crate::sqlstate;

/// How long a listing may take.
const LIST_TIMEOUT: Duration = Duration::from_mins(1);

/// Characters that make a path a glob.
const GLOB: [char; 3] = ['*', '?', '['];

/// Where a table's files are.
#[derive(Clone, Debug)]
pub(super) struct Location {
    /// The URL, for a remote store.
    pub remote: Option<Url>,
    /// The file or folder, or a glob's fixed part.
    pub base: Path,
    /// Which files below the base; all when there is none.
    pub glob: Option<glob::Pattern>,
}

/// A location's files at one moment.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    /// What partition folders are counted from.
    pub base: Path,
    /// The files, by path.
    pub files: Vec<ObjectMeta>,
}

impl Location {
    /// Reads a location as configured.
    pub fn parse(location: &str) -> Result<Self> {
        match Url::parse(location) {
            Ok(url) if location.contains("://") && url.scheme() != "file" => Self::remote(url),
            _ => Self::local(location.strip_prefix("file://").unwrap_or(location)),
        }
    }

    /// A path of the file system; one that exists as written is no glob, whatever its name contains.
    fn local(path: &str) -> Result<Self> {
        let invalid = |e: &dyn std::fmt::Display| invalid(path, e);
        let path = std::path::absolute(path).map_err(|e| invalid(&e))?;
        if path.exists() {
            return Ok(Self { remote: None, base: local_path(&path)?, glob: None });
        }
        let mut fixed = PathBuf::new();
        for part in path.components() {
            match part {
                Component::Normal(name) if name.to_string_lossy().contains(GLOB) => {
                    let glob = path.to_str().ok_or_else(|| invalid(&"not valid UTF-8"))?;
                    let glob = glob::Pattern::new(glob.trim_start_matches('/')).map_err(|e| invalid(&e))?;
                    return Ok(Self { remote: None, base: local_path(&fixed)?, glob: Some(glob) });
                }
                other => fixed.push(other),
            }
        }
        Ok(Self { remote: None, base: local_path(&path)?, glob: None })
    }

    /// A URL; `?` begins a query in one, so globs there have `*` and `[…]` only.
    fn remote(url: Url) -> Result<Self> {
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::unsupported("a table's URL cannot have a query or fragment")
                .hint("Signed URLs do not work; put credentials into the environment."));
        }
        let whole = Path::from_url_path(url.path()).map_err(|e| invalid(url.as_str(), &e))?;
        let (fixed, glob) = match whole.as_ref().find(GLOB) {
            None => (whole, None),
            Some(at) => {
                let folder = whole.as_ref()[..at].rsplit_once('/').map_or("", |(folder, _)| folder);
                let glob = glob::Pattern::new(whole.as_ref()).map_err(|e| invalid(url.as_str(), &e))?;
                (Path::from(folder), Some(glob))
            }
        };
        Ok(Self { remote: Some(url), base: fixed, glob })
    }

    /// The files there now; none is an error.
    pub async fn list(&self, store: &Arc<dyn ObjectStore>) -> Result<Listing> {
        let found = tokio::time::timeout(LIST_TIMEOUT, self.find(store)).await;
        let mut listing = found.map_err(|_| {
            let seconds = LIST_TIMEOUT.as_secs();
            Error::new(sqlstate::IO_ERROR, format!("listing \"{self}\" took longer than {seconds} s"))
        })??;
        refuse_table_formats(&listing)?;
        let base = &listing.base;
        listing.files.retain(|file| file.size > 0 && (file.location == *base || !is_hidden(base, &file.location)));
        listing.files.sort_by(|a, b| a.location.cmp(&b.location));
        if listing.files.is_empty() {
            return Err(Error::new(sqlstate::UNDEFINED_FILE, format!("there are no files at \"{self}\"")));
        }
        Ok(listing)
    }

    /// What is at the location, hidden and empty files included.
    async fn find(&self, store: &Arc<dyn ObjectStore>) -> Result<Listing> {
        let base = self.base.clone();
        let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::default() };
        if let Some(glob) = &self.glob {
            let all: Vec<ObjectMeta> =
                store.list(Some(&self.base)).try_collect().await.map_err(|e| classify(&self.base, &e))?;
            let files = all.into_iter().filter(|file| glob.matches_with(file.location.as_ref(), options)).collect();
            return Ok(Listing { base, files });
        }
        let web = self.remote.as_ref().is_some_and(|url| url.scheme().starts_with("http"));
        match store.head(&self.base).await {
            Ok(file) if !self.is_local_folder() => Ok(Listing { base, files: vec![file] }),
            Err(e) if web => Err(classify(&self.base, &e)),
            Err(e) if !matches!(e, object_store::Error::NotFound { .. }) && self.remote.is_some() => {
                Err(classify(&self.base, &e))
            }
            _ => {
                let files = store.list(Some(&self.base)).try_collect().await.map_err(|e| classify(&self.base, &e))?;
                Ok(Listing { base, files })
            }
        }
    }

    /// The file system answers for a folder as for a file; object stores have no folders.
    fn is_local_folder(&self) -> bool {
        self.remote.is_none() && FsPath::new("/").join(self.base.as_ref()).is_dir()
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.glob.as_ref().map_or(self.base.as_ref(), glob::Pattern::as_str);
        match &self.remote {
            Some(url) => write!(f, "{}/{path}", &url[..url::Position::BeforePath]),
            None => write!(f, "/{path}"),
        }
    }
}

/// A path's parts below a base.
pub(super) fn parts_below<'a>(base: &Path, path: &'a Path) -> Vec<&'a str> {
    let rest = path.as_ref().strip_prefix(base.as_ref()).unwrap_or(path.as_ref());
    rest.split('/').filter(|part| !part.is_empty()).collect()
}

/// Whether a name is a hidden file's or folder's. A partition folder never is.
pub(super) fn is_hidden_name(name: &str) -> bool {
    name.starts_with('.') || (name.starts_with('_') && !name.contains('='))
}

/// Whether a file, or a folder between the base and it, is hidden.
fn is_hidden(base: &Path, path: &Path) -> bool {
    parts_below(base, path).into_iter().any(is_hidden_name)
}

/// A folder that is a table of Delta Lake, Hudi or Iceberg also has files that are no part of the table any more:
/// reading all of them would give wrong answers.
fn refuse_table_formats(listing: &Listing) -> Result<()> {
    let format = listing.files.iter().find_map(|file| {
        let parts = parts_below(&listing.base, &file.location);
        let metadata = parts.len() > 1 && parts[parts.len() - 2] == "metadata";
        match () {
            () if parts.contains(&"_delta_log") => Some("Delta Lake"),
            () if parts.contains(&".hoodie") => Some("Hudi"),
            () if metadata && file.location.as_ref().ends_with(".metadata.json") => Some("Iceberg"),
            () => None,
        }
    });
    match format {
        Some(format) => Err(Error::unsupported(format!("{format} tables are not supported"))
            .detail(format!("\"{}\" holds the metadata of one.", listing.base))),
        None => Ok(()),
    }
}

/// A path of the file system as the store names it.
fn local_path(path: &FsPath) -> Result<Path> {
    Path::from_absolute_path(path).map_err(|e| invalid(&path.display().to_string(), &e))
}

/// A location that means nothing.
fn invalid(location: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::new(sqlstate::CONFIG_FILE_ERROR, format!("invalid location \"{location}\": {reason}"))
}
