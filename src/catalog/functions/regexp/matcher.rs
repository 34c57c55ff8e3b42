//! Finds what PostgreSQL finds: of the matches at the leftmost start the longest, or the shortest.
//!
//! The engine prefers earlier alternatives instead. So where a pattern leaves a choice, the start comes from it, the
//! end from an automaton that follows all alternatives at once, and the groups from taking the match apart
//! ([`super::dissect`]), which also finds what the engine cannot: look-around and back references.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;
use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use super::dissect::Dissector;
use super::translate::{Dissect, Translated, translate};
use super::{Flags, invalid};
use crate::error::Result;

/// Bytes a compiled pattern may take.
const SIZE_LIMIT: usize = 10 << 20;
/// Compiled patterns kept for the process.
const KEPT: usize = 256;

/// A start and an end.
pub(super) type Span = (usize, usize);

/// A compiled pattern, shared by all who use it.
pub(super) enum Pattern {
    /// One that the linear engine finds.
    Linear {
        regex: Regex,
        /// For choosing the end; none when the engine's choice is PostgreSQL's.
        lengths: Option<Box<Lengths>>,
        /// For choosing the groups; none when the engine's are PostgreSQL's.
        dissector: Option<Dissector>,
    },
    /// One with look-around or back references.
    Beyond(Dissector),
}

pub(super) struct Lengths {
    all: DFA,
    shortest: bool,
}

/// A pattern in use by one kernel.
pub(in super::super) struct Matcher {
    pattern: Arc<Pattern>,
    cache: Option<Cache>,
}

/// Compiled patterns by source and flags.
type Patterns = HashMap<(String, Flags), Arc<Pattern>>;

static PATTERNS: LazyLock<Mutex<Patterns>> = LazyLock::new(Mutex::default);

impl Matcher {
    /// A matcher of a pattern; compiled patterns are kept.
    pub fn new(pattern: &str, flags: Flags) -> Result<Self> {
        let key = (pattern.to_owned(), flags);
        let known = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone);
        let pattern = if let Some(pattern) = known {
            pattern
        } else {
            let compiled = Arc::new(Pattern::compile(&translate(pattern, flags)?, flags.ignore_case)?);
            let mut kept = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.insert(key, Arc::clone(&compiled));
            compiled
        };
        let cache = match pattern.as_ref() {
            Pattern::Linear { lengths: Some(lengths), .. } => Some(lengths.all.create_cache()),
            _ => None,
        };
        Ok(Self { pattern, cache })
    }

    /// Whether the pattern matches anywhere.
    pub fn is_match(&self, text: &str) -> Result<bool> {
        match self.pattern.as_ref() {
            Pattern::Linear { regex, .. } => Ok(regex.is_match(text)),
            Pattern::Beyond(dissector) => Ok(dissector.find(text, 0)?.is_some()),
        }
    }

    /// The first match at or after a byte offset.
    pub fn find_at(&mut self, text: &str, from: usize) -> Result<Option<Span>> {
        let found = match self.pattern.as_ref() {
            Pattern::Beyond(dissector) => return Ok(dissector.find(text, from)?.and_then(|groups| groups[0])),
            Pattern::Linear { regex, .. } => regex.find_at(text, from).map(|found| (found.start(), found.end())),
        };
        Ok(found.map(|(start, end)| (start, self.end(text, start).unwrap_or(end))))
    }

    /// The first match at or after a byte offset and its groups, the whole match first.
    pub fn captures_at(&mut self, text: &str, from: usize) -> Result<Option<Vec<Option<Span>>>> {
        let pattern = Arc::clone(&self.pattern);
        match pattern.as_ref() {
            Pattern::Beyond(dissector) => dissector.find(text, from),
            Pattern::Linear { dissector: Some(dissector), .. } => match self.find_at(text, from)? {
                Some(span) => dissector.groups(text, span),
                None => Ok(None),
            },
            Pattern::Linear { regex, .. } => {
                let Some(captures) = regex.captures_at(text, from) else { return Ok(None) };
                let mut groups: Vec<_> = captures.iter().map(|g| g.map(|g| (g.start(), g.end()))).collect();
                if let Some((start, end)) = groups[0] {
                    groups[0] = Some((start, self.end(text, start).unwrap_or(end)));
                }
                Ok(Some(groups))
            }
        }
    }

    /// The end PostgreSQL gives the match that starts here; `None` when the engine's is it.
    fn end(&mut self, text: &str, start: usize) -> Option<usize> {
        let Pattern::Linear { lengths: Some(lengths), .. } = self.pattern.as_ref() else { return None };
        let input = Input::new(text).range(start..).anchored(Anchored::Yes).earliest(lengths.shortest);
        let found = lengths.all.try_search_fwd(self.cache.as_mut()?, &input).ok()??;
        Some(found.offset())
    }
}

impl Pattern {
    fn compile(translated: &Translated, ignore_case: bool) -> Result<Self> {
        let dissector = || Dissector::new(&translated.tree, translated.groups, ignore_case);
        if translated.dissect == Dissect::Whole {
            return dissector().map(Self::Beyond);
        }
        let built = regex::RegexBuilder::new(&translated.pattern).size_limit(SIZE_LIMIT).build();
        let regex = built.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => invalid("regular expression is too complex"),
            _ => invalid("syntax not supported"),
        })?;
        let lengths = if translated.ambiguous {
            let config = Config::new().match_kind(MatchKind::All).unicode_word_boundary(true);
            let all = DFA::builder().configure(config).syntax(syntax::Config::new()).build(&translated.pattern).ok();
            all.map(|all| Box::new(Lengths { all, shortest: translated.shortest }))
        } else {
            None
        };
        let dissector = if translated.dissect == Dissect::Groups { Some(dissector()?) } else { None };
        Ok(Self::Linear { regex, lengths, dissector })
    }
}

/// Matchers of a column of patterns; the last one is remembered.
#[derive(Default)]
pub(in super::super) struct Matchers {
    last: Option<(String, Flags, Matcher)>,
}

impl Matchers {
    /// The matcher of a pattern.
    pub fn get(&mut self, pattern: &str, flags: Flags) -> Result<&mut Matcher> {
        let same = self.last.as_ref().is_some_and(|(p, f, _)| p == pattern && *f == flags);
        if !same {
            self.last = Some((pattern.to_owned(), flags, Matcher::new(pattern, flags)?));
        }
        self.last.as_mut().map(|(_, _, matcher)| matcher).ok_or_else(|| invalid("no pattern"))
    }
}

/// The byte offset of the next character.
pub(super) fn next_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}
