//! Finds what PostgreSQL finds: of the matches at the leftmost start the longest, or the shortest.
//!
//! The engine prefers earlier alternatives instead. So where a pattern leaves a choice, the start comes from it, the
//! end from an automaton that follows all alternatives at once, and the groups from a second match bound to both.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;
use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use super::translate::{Translated, translate};
use super::{Flags, invalid};
use crate::error::Result;

/// Bytes a compiled pattern may take.
const SIZE_LIMIT: usize = 10 << 20;
/// Compiled patterns kept for the process.
const KEPT: usize = 256;

/// A start and an end.
pub(super) type Span = (usize, usize);

/// A compiled pattern, shared by all who use it.
pub(super) struct Pattern {
    regex: Regex,
    /// For choosing the end; none when the engine's choice is PostgreSQL's.
    lengths: Option<Lengths>,
}

struct Lengths {
    all: DFA,
    whole: Regex,
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
            let compiled = Arc::new(Pattern::compile(&translate(pattern, flags)?)?);
            let mut kept = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.insert(key, Arc::clone(&compiled));
            compiled
        };
        let cache = pattern.lengths.as_ref().map(|l| l.all.create_cache());
        Ok(Self { pattern, cache })
    }

    /// Whether the pattern matches anywhere.
    pub fn is_match(&self, text: &str) -> bool {
        self.pattern.regex.is_match(text)
    }

    /// The first match at or after a byte offset.
    pub fn find_at(&mut self, text: &str, from: usize) -> Option<Span> {
        let found = self.pattern.regex.find_at(text, from)?;
        let end = self.end(text, found.start()).unwrap_or(found.end());
        Some((found.start(), end))
    }

    /// The first match at or after a byte offset and its groups, the whole match first.
    pub fn captures_at(&mut self, text: &str, from: usize) -> Option<Vec<Option<Span>>> {
        let spans = |c: &regex::Captures<'_>| c.iter().map(|g| g.map(|g| (g.start(), g.end()))).collect::<Vec<_>>();
        let captures = self.pattern.regex.captures_at(text, from)?;
        let whole = captures.get(0)?;
        let Some(end) = self.end(text, whole.start()).filter(|end| *end != whole.end()) else {
            return Some(spans(&captures));
        };
        let bound = self.pattern.lengths.as_ref()?.whole.captures_at(&text[..end], whole.start());
        match bound {
            Some(bound) if bound.get(0).is_some_and(|g| g.start() == whole.start()) => Some(spans(&bound)),
            // What follows the end decided the match; the groups stay as the engine found them.
            _ => {
                let mut found = spans(&captures);
                found[0] = Some((whole.start(), end));
                Some(found)
            }
        }
    }

    /// The end PostgreSQL gives the match that starts here; `None` when the engine's is it.
    fn end(&mut self, text: &str, start: usize) -> Option<usize> {
        let lengths = self.pattern.lengths.as_ref()?;
        let input = Input::new(text).range(start..).anchored(Anchored::Yes).earliest(lengths.shortest);
        let found = lengths.all.try_search_fwd(self.cache.as_mut()?, &input).ok()??;
        Some(found.offset())
    }
}

impl Pattern {
    fn compile(translated: &Translated) -> Result<Self> {
        let build = |pattern: &str| {
            regex::RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => invalid("regular expression is too complex"),
                _ => invalid("syntax not supported"),
            })
        };
        let regex = build(&translated.pattern)?;
        let lengths = if translated.ambiguous {
            let config = Config::new().match_kind(MatchKind::All).unicode_word_boundary(true);
            let all = DFA::builder().configure(config).syntax(syntax::Config::new()).build(&translated.pattern).ok();
            let whole = build(&format!("(?:{})\\z", translated.pattern))?;
            all.map(|all| Lengths { all, whole, shortest: translated.shortest })
        } else {
            None
        };
        Ok(Self { regex, lengths })
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
