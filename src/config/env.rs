//! `LAKEWIRE_SECTION_KEY` variables: each overrides one key of the file.
//!
//! `LAKEWIRE_SERVER_LISTEN` is `server.listen`. A variable that means no key is a mistake, except
//! [`CONFIG_VARIABLE`], which names the file. An empty variable counts as not set. Lists (`[[tables]]`,
//! `[[auth.users]]`) have no variables.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::mistake::{Mistake, Origin};

/// What all our variables begin with.
pub(super) const PREFIX: &str = "LAKEWIRE_";

/// Names the configuration file; read by the command line, not here.
pub(super) const CONFIG_VARIABLE: &str = "LAKEWIRE_CONFIG";

/// The variables that nothing has read yet.
#[derive(Debug, Default)]
pub(super) struct Variables {
    unread: BTreeMap<String, String>,
}

impl Variables {
    /// Ours of the given variables; a value that is not UTF-8 is a mistake.
    pub fn of(variables: &[(String, OsString)]) -> (Self, Vec<Mistake>) {
        let mut unread = BTreeMap::new();
        let mut mistakes = Vec::new();
        let ours = variables.iter().filter(|(name, _)| name.starts_with(PREFIX) && name != CONFIG_VARIABLE);
        for (name, value) in ours {
            match value.to_str() {
                Some("") => {}
                Some(text) => {
                    unread.insert(name.clone(), text.to_owned());
                }
                None => mistakes.push(Mistake {
                    origin: Origin::Variable(name.clone()),
                    message: "the value is not valid UTF-8".to_owned(),
                }),
            }
        }
        (Self { unread }, mistakes)
    }

    /// The variable of a key, as (variable, text).
    pub fn take(&mut self, section: &str, key: &str) -> Option<(String, String)> {
        self.unread.remove_entry(&variable(section, key))
    }

    /// Every variable of an open section (any key goes), as (variable, key, text).
    pub fn take_all(&mut self, section: &str) -> Vec<(String, String, String)> {
        let prefix = variable(section, "");
        let names: Vec<String> = self.unread.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
        let entry = |name: String| {
            let (name, text) = self.unread.remove_entry(&name)?;
            let key = name[prefix.len()..].to_ascii_lowercase();
            Some((name, key, text))
        };
        names.into_iter().filter_map(entry).collect()
    }

    /// The names that nothing has asked for.
    pub fn unread(&self) -> impl Iterator<Item = &str> {
        self.unread.keys().map(String::as_str)
    }
}

/// The variable of a key.
pub(super) fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}_{key}").replace('.', "_").to_ascii_uppercase()
}
