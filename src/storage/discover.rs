//! The tables of a folder: one for each file, or for each folder of files that belong together.
//!
//! A folder is one table when it has `key=value` folders below it (Hive) or when its own files are parts (`part-0`,
//! `data_1`, …). What cannot be a table (formats mixed, names taken, tables of Delta Lake) is left out with a warning
//! that names it; the others are served. Nothing is opened here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tracing::warn;

use super::kind::{self, FileKind};
use super::location::is_hidden_name;
use crate::config::TableConfig;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Folders below folders deeper than this are not looked into.
const MAX_DEPTH: usize = 32;

/// The tables of every data file below `dir`; `schema` is for those whose name has none.
pub fn discover(dir: &Path, schema: &str) -> Result<Vec<TableConfig>> {
    let mut tables = BTreeMap::new();
    let folder = Folder::read(dir).map_err(|e| unreadable(dir, &e))?;
    walk(&folder, schema, 0, &mut tables);
    Ok(tables.into_values().collect())
}

/// A folder's visible content, by name.
struct Folder {
    path: PathBuf,
    /// Files of known formats.
    files: Vec<DataFile>,
    /// Folders in it.
    folders: Vec<PathBuf>,
    /// Whether a table format keeps its metadata here.
    is_lake: bool,
}

/// A file of a known format.
struct DataFile {
    path: PathBuf,
    /// Its name without extensions.
    stem: String,
    kind: FileKind,
}

/// Tables by schema and name.
type Tables = BTreeMap<(String, String), TableConfig>;

impl Folder {
    /// Looks into a folder, not below it. Files that can hold nothing are left out with a warning.
    fn read(path: &Path) -> std::io::Result<Self> {
        let mut entries = fs::read_dir(path)?.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut folder = Self { path: path.to_owned(), files: Vec::new(), folders: Vec::new(), is_lake: false };
        for entry in entries {
            let path = entry.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                warn!(path = %path.display(), "skipped: the name is not valid UTF-8");
                continue;
            };
            folder.is_lake |= matches!(name, "_delta_log" | ".hoodie");
            // A dangling link is neither.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if is_hidden_name(name) {
                continue;
            }
            if metadata.is_dir() {
                folder.folders.push(path);
            } else if let Some((stem, kind)) = kind::split(name) {
                if metadata.len() == 0 {
                    warn!(file = %path.display(), "skipped: the file is empty");
                    continue;
                }
                let stem = stem.to_owned();
                folder.files.push(DataFile { path, stem, kind });
            }
        }
        let iceberg = folder.path.join("metadata").join("version-hint.text");
        folder.is_lake |= iceberg.exists();
        Ok(folder)
    }

    /// Whether the folder's rows are in `key=value` folders.
    fn is_partitioned(&self) -> bool {
        self.files.is_empty() && !self.folders.is_empty() && self.folders.iter().all(|path| is_partition_folder(path))
    }

    /// Whether the folder's own files are parts of one table.
    fn has_parts(&self) -> bool {
        !self.files.is_empty() && self.folders.is_empty() && self.files.iter().all(|file| kind::is_part(&file.stem))
    }
}

/// Adds the tables of a folder and of those below it.
fn walk(folder: &Folder, schema: &str, depth: usize, tables: &mut Tables) {
    if folder.is_lake {
        warn!(folder = %folder.path.display(), "skipped: tables of Delta Lake, Iceberg and Hudi are not supported");
        return;
    }
    if folder.is_partitioned() || folder.has_parts() {
        add_folder(folder, schema, tables);
        return;
    }
    for file in &folder.files {
        add(&file.path, &file.stem, Some(file.kind), schema, tables);
    }
    for path in &folder.folders {
        match Folder::read(path) {
            Ok(inner) if depth < MAX_DEPTH => walk(&inner, schema, depth + 1, tables),
            Ok(_) => warn!(folder = %path.display(), "skipped: folders are nested too deeply"),
            Err(e) => warn!(folder = %path.display(), "skipped: {e}"),
        }
    }
}

/// A folder that is one table, if everything below it is of one format.
fn add_folder(folder: &Folder, schema: &str, tables: &mut Tables) {
    let mut kinds = Vec::new();
    collect_kinds(folder, 0, &mut kinds);
    let Some(first) = kinds.first() else { return };
    if let Some(other) = kinds.iter().find(|kind| kind.format != first.format) {
        let (a, b) = (first.format, other.format);
        warn!(folder = %folder.path.display(), "skipped: the folder has files of different formats ({a:?}, {b:?})");
        return;
    }
    // The folder served may be given as "." or the like, which is no name.
    let whole = fs::canonicalize(&folder.path).unwrap_or_default();
    let name = whole.file_name().and_then(|name| name.to_str()).unwrap_or("data");
    let stem = kind::split(name).map_or(name, |(stem, _)| stem);
    add(&folder.path, stem, Some(*first), schema, tables);
}

/// What kinds of files are in and below a folder.
fn collect_kinds(folder: &Folder, depth: usize, kinds: &mut Vec<FileKind>) {
    kinds.extend(folder.files.iter().map(|file| file.kind));
    for path in folder.folders.iter().filter(|_| depth < MAX_DEPTH) {
        if let Ok(inner) = Folder::read(path) {
            collect_kinds(&inner, depth + 1, kinds);
        }
    }
}

/// Adds a table unless its name is taken or belongs to the system.
fn add(path: &Path, stem: &str, kind: Option<FileKind>, schema: &str, tables: &mut Tables) {
    let Some(location) = path.to_str() else { return };
    let (own_schema, name) = kind::table_name(stem);
    let schema = own_schema.unwrap_or_else(|| schema.to_owned());
    if schema.starts_with("pg_") || schema == "information_schema" {
        warn!(path = location, "skipped: the schema \"{schema}\" belongs to the system");
        return;
    }
    let key = (schema, name);
    if let Some(earlier) = tables.get(&key) {
        let (schema, name) = &key;
        warn!(path = location, "skipped: \"{}\" already is the table \"{schema}.{name}\"", earlier.location);
        return;
    }
    let mut table = TableConfig::new(key.0.as_str(), key.1.as_str(), location);
    table.format = kind.map(|kind| kind.format);
    if kind::is_tab_separated(location) {
        table.delimiter = '\t';
    }
    tables.insert(key, table);
}

/// Whether a folder's name is `key=value`.
fn is_partition_folder(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split_once('=').is_some_and(|(key, value)| !key.is_empty() && !value.is_empty())
}

fn unreadable(dir: &Path, error: &std::io::Error) -> Error {
    Error::new(sqlstate::UNDEFINED_FILE, format!("could not read the folder \"{}\": {error}", dir.display()))
}
