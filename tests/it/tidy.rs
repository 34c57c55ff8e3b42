//! The rules of ARCHITECTURE.md that a machine can check: who may import whom, what a file looks like, and that prose
//! names files that exist.
//!
//! Each test reports every offence at once, as `file:line: what`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::repository;

/// The rooms in the order data flows: one may use only those after it.
const ROOMS: &[&str] = &[
    "server", "wire", "http", "session", "plan", "exec", "catalog", "storage", "ingest", "sql", "types", "auth",
    "config",
];

/// Modules that any room may use, and that use only each other.
const FREE: &[&str] = &["config", "error", "settings", "sqlstate", "telemetry"];

/// The binary's own modules, which put the rooms together.
const TOP: &[&str] = &["cli", "lib", "main"];

/// Rooms that must not see how a statement is planned.
const BLIND: &[&str] = &["server", "wire", "http", "session"];

const PLAN_TYPES: &[&str] = &["LogicalPlan", "ExecutionPlan", "PhysicalExpr", "TableProvider", "DataFrame"];

/// Lines of a file at most.
const MAX_LINES: usize = 800;

#[test]
fn rooms_import_only_what_stands_below_them() {
    let mut found = Vec::new();
    for file in sources("src") {
        let room = room_of(&file.path);
        let code: Vec<&str> = file.code().map(|(_, text)| text).collect();
        for (line, name) in imports(&code.join("\n")) {
            if !may_use(&room, &name) {
                found.push(file.at(line, &format!("`{room}` uses `{name}`, which does not stand below it")));
            }
        }
    }
    report(&found);
}

#[test]
fn only_wire_names_pgwire_and_doors_name_no_plan_type() {
    let mut found = Vec::new();
    for file in sources("src") {
        let room = room_of(&file.path);
        for (line, text) in file.code() {
            if room != "wire" && has_word(text, "pgwire") {
                found.push(file.at(line, "only `wire` may name pgwire"));
            }
            for name in PLAN_TYPES.iter().filter(|name| BLIND.contains(&room.as_str()) && has_word(text, name)) {
                found.push(file.at(line, &format!("`{room}` names the plan type {name}")));
            }
        }
    }
    report(&found);
}

#[test]
fn files_say_what_they_are_and_stay_short() {
    let mut found = Vec::new();
    for file in sources("src").into_iter().chain(sources("tests")) {
        if !file.text.starts_with("//!") {
            found.push(file.at(1, "a file opens with `//!`: its role and its limits"));
        }
        let lines = file.text.lines().count();
        if lines > MAX_LINES {
            found.push(file.at(lines, &format!("{lines} lines, at most {MAX_LINES} are allowed")));
        }
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let parent = file.path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        for vague in ["utils", "util", "common", "helpers", "helper", "misc"] {
            if stem == vague || parent == vague {
                found.push(file.at(1, "a name that says what is inside, please"));
            }
        }
    }
    report(&found);
}

#[test]
fn nothing_is_put_off_or_taken_for_granted() {
    let markers = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X:"].concat()];
    let mut found = Vec::new();
    for file in sources("src").into_iter().chain(sources("tests")) {
        let is_source = file.path.starts_with("src");
        for (line, text) in file.lines() {
            if markers.iter().any(|marker| text.contains(marker)) {
                found.push(file.at(line, "no open ends: do it or file it"));
            }
            if is_source && text.contains(&[".unw", "rap()"].concat()) {
                found.push(file.at(line, "`expect` says why it cannot fail"));
            }
            let sleeps = [["thread::", "sleep"].concat(), ["time::", "sleep("].concat()];
            if !is_source && sleeps.iter().any(|sleep| text.contains(sleep)) {
                found.push(file.at(line, "tests wait for events, not for time"));
            }
            if text.trim_start().starts_with(&["#[ign", "ore"].concat()) {
                found.push(file.at(line, "a test runs or does not exist"));
            }
        }
    }
    report(&found);
}

#[test]
fn no_path_of_a_certain_machine() {
    let machine = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["/opt", "/pg"]].map(|parts| parts.concat());
    let mut found = Vec::new();
    for path in files("") {
        let Ok(text) = fs::read_to_string(repository(&path.to_string_lossy())) else { continue };
        let file = Source { path, text };
        for (line, text) in file.lines() {
            if machine.iter().any(|prefix| text.contains(prefix)) {
                found.push(file.at(line, "a path that exists on one machine only"));
            }
        }
    }
    report(&found);
}

#[test]
fn prose_names_files_that_exist() {
    let mut found = Vec::new();
    for file in texts(files(""), "md") {
        let folder = file.path.parent().unwrap_or(Path::new("")).to_owned();
        for (line, text) in file.lines() {
            for name in named_paths(text) {
                if !repository(&name).exists() && !repository("").join(&folder).join(&name).exists() {
                    found.push(file.at(line, &format!("`{name}` does not exist")));
                }
            }
        }
    }
    report(&found);
}

/// A file by its path in the repository.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn at(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path.display())
    }

    /// Numbered lines.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, text)| (i + 1, text))
    }

    /// Numbered lines without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().map(|(line, text)| (line, text.split("//").next().unwrap_or(text)))
    }
}

fn sources(folder: &str) -> Vec<Source> {
    texts(files(folder), "rs")
}

fn texts(files: Vec<PathBuf>, extension: &str) -> Vec<Source> {
    let wanted = files.into_iter().filter(|path| path.extension().is_some_and(|e| e == extension));
    wanted
        .map(|path| {
            let text = fs::read_to_string(repository(&path.to_string_lossy())).expect("source files are UTF-8");
            Source { path, text }
        })
        .collect()
}

/// Every file below a folder of the repository that is not made by a build.
fn files(folder: &str) -> Vec<PathBuf> {
    const MADE: &[&str] = &["target", "node_modules", "__pycache__", "lakewire-data", "data", ".cache"];
    let root = repository("");
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).expect("the repository is readable") {
            let path = entry.expect("its entries are readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name == ".git" {
                // A folder, or a file in a working tree that belongs to another clone.
            } else if !path.is_dir() {
                found.push(path.strip_prefix(&root).expect("it is below the root").to_owned());
            } else if !MADE.contains(&name.as_str()) || path.starts_with(root.join("src")) {
                open.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The first folder or file name below `src`.
fn room_of(path: &Path) -> String {
    let first = path.components().nth(1).map(|part| part.as_os_str().to_string_lossy().into_owned());
    first.unwrap_or_default().trim_end_matches(".rs").to_owned()
}

fn may_use(room: &str, name: &str) -> bool {
    let rank = |name: &str| ROOMS.iter().position(|r| *r == name);
    let type_or_macro = !name.starts_with(|c: char| c.is_ascii_lowercase());
    if room == name || type_or_macro || FREE.contains(&name) || TOP.contains(&room) {
        return true;
    }
    matches!((rank(room), rank(name)), (Some(user), Some(used)) if user < used) && !FREE.contains(&room)
}

/// The names right behind `crate::`, of a group all of them, with their lines.
fn imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | ':')) {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let names = rest.strip_prefix('{').map_or_else(|| vec![word(rest)], group_heads);
        let line = code[..at].matches('\n').count() + 1;
        found.extend(names.into_iter().map(|name| (line, name)));
    }
    found
}

/// `a::b, c::{d, e}}` → `a`, `c`.
fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut heads = vec![word(group.trim_start())];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(word(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn has_word(text: &str, wanted: &str) -> bool {
    text.match_indices(wanted).any(|(at, _)| {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        !text[..at].ends_with(part) && !text[at + wanted.len()..].starts_with(part)
    })
}

/// Paths in backticks or links: they have a slash or a known ending, and no placeholder.
fn named_paths(line: &str) -> Vec<String> {
    let ticked = line.split('`').skip(1).step_by(2);
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let names = ticked.chain(linked).map(|name| name.split('#').next().unwrap_or(name).trim_end_matches('/'));
    let first_is_ours = |name: &str| {
        let first = name.split('/').next().unwrap_or(name);
        repository(first).exists() && !first.is_empty()
    };
    let is_file = |name: &str| {
        ["md", "rs", "toml", "sql", "py", "yml", "slt"].iter().any(|e| name.ends_with(&format!(".{e}")))
            && !name.contains('/')
    };
    names
        .filter(|name| !name.contains(|c: char| c.is_whitespace() || "*{}<>$…:=\"'(|".contains(c)))
        .filter(|name| (name.contains('/') && first_is_ours(name)) || is_file(name))
        .filter(|name| !name.starts_with("target"))
        .map(str::to_owned)
        .collect()
}

fn report(found: &[String]) {
    assert!(found.is_empty(), "{} offences:\n{}", found.len(), found.join("\n"));
}
