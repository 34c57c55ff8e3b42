//! Prose and recipes say the same: every `make` target that a document names exists, every configuration key does.

use std::collections::BTreeSet;
use std::fs;

use crate::harness::repository;

const DOCUMENTS: &[&str] =
    &["README.md", "ARCHITECTURE.md", "docs/configuration.md", "docs/performance.md", "docs/compatibility.md"];

#[test]
fn documents_name_recipes_that_exist() {
    let makefile = read("Makefile");
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', '#', '.', ' ']))
        .filter_map(|line| line.split_once(':').map(|(target, _)| target))
        .collect();
    for document in DOCUMENTS {
        for named in read(document).split("`make ").skip(1) {
            let target: String = named.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            assert!(targets.contains(target.as_str()), "{document} names `make {target}`");
        }
    }
}

#[test]
fn the_configuration_guide_names_every_key_and_no_other() {
    let sample = keys_of(&read("config/lakewire.toml"));
    let guide = read("docs/configuration.md");
    let named: BTreeSet<String> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|rest| rest.split_once('`').map(|(key, _)| key.to_owned()))
        .collect();
    let missing: Vec<_> = sample.difference(&named).collect();
    let unknown: Vec<_> = named.difference(&sample).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "not in the guide: {missing:?}; not in the sample: {unknown:?}");
}

/// `section.key` of every line of the sample, commented-out examples included.
fn keys_of(sample: &str) -> BTreeSet<String> {
    let mut section = String::new();
    let mut keys = BTreeSet::new();
    for line in sample.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.trim_start_matches('[').split(']').next()) {
            name.clone_into(&mut section);
        } else if let Some((key, _)) = line.split_once(" = ") {
            let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
            // Settings are PostgreSQL's, not ours to list.
            if is_key && section != "settings" {
                keys.insert(format!("{section}.{key}"));
            }
        }
    }
    keys
}

fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
