//! What is wrong with a configuration, and where: the only way a load fails.

use std::cmp::Ordering;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::sqlstate;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line of the configuration file, counted from 1.
    Line(usize),
    /// An environment variable.
    Variable(String),
    /// A command-line flag.
    Flag(&'static str),
    /// Nowhere: something is missing.
    None,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub origin: Origin,
    /// What, without a full stop and without secrets.
    pub message: String,
}

/// Everything that is wrong, the file's mistakes first and in its order; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    file: Option<PathBuf>,
    list: Vec<Mistake>,
}

impl Mistakes {
    /// The mistakes found while reading `file`; `None` when there are none.
    pub(super) fn collect(file: Option<&Path>, mut list: Vec<Mistake>) -> Option<Self> {
        list.sort_by(|a, b| match (&a.origin, &b.origin) {
            (Origin::Line(a), Origin::Line(b)) => a.cmp(b),
            (Origin::Line(_), _) => Ordering::Less,
            (_, Origin::Line(_)) => Ordering::Greater,
            _ => Ordering::Equal,
        });
        (!list.is_empty()).then(|| Self { file: file.map(Path::to_owned), list })
    }

    /// Each mistake with its place, one line each.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.list.iter().map(|mistake| self.line(mistake))
    }

    /// The first mistake, and how many more there are: the one line with which a start stops.
    #[must_use]
    pub fn summary(&self) -> String {
        let first = self.line(&self.list[0]);
        match self.list.len() {
            1 => first,
            2 => format!("{first} (and 1 more mistake; \"lakewire check\" shows both)"),
            n => format!("{first} (and {} more mistakes; \"lakewire check\" shows all)", n - 1),
        }
    }

    fn line(&self, mistake: &Mistake) -> String {
        let Mistake { origin, message } = mistake;
        match (origin, &self.file) {
            (Origin::Line(line), Some(file)) => format!("{}:{line}: {message}", file.display()),
            (Origin::None, Some(file)) => format!("{}: {message}", file.display()),
            (Origin::Line(_) | Origin::None, None) => message.clone(),
            (Origin::Variable(name), _) => format!("{name}: {message}"),
            (Origin::Flag(name), _) => format!("{name}: {message}"),
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())
    }
}

impl std::error::Error for Mistakes {}

impl From<Mistakes> for Error {
    fn from(mistakes: Mistakes) -> Self {
        Self::new(sqlstate::CONFIG_FILE_ERROR, mistakes.summary())
    }
}
