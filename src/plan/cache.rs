//! Plans of statements seen before, bounded, keyed by everything that planning reads.
//!
//! A key holds the catalog's version and a fingerprint of the settings, so an entry is never wrong, only unused; the
//! least recently used ones make room.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Declared, Plan, PlanEnv};

/// Plans kept.
const CAPACITY: usize = 512;
/// Longest statement whose plan is kept, bytes: a longer one is unlikely to come again and costs too much memory.
const MAX_TEXT_BYTES: usize = 32 << 10;

/// What a plan depends on.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    text: Arc<str>,
    context: u64,
    version: u64,
}

impl Key {
    /// The key of a statement in an environment.
    #[must_use]
    pub fn new(text: &Arc<str>, declared: &Declared, env: &PlanEnv) -> Self {
        let mut hasher = DefaultHasher::new();
        env.vars.search_path.hash(&mut hasher);
        env.vars.style.hash(&mut hasher);
        env.vars.user.hash(&mut hasher);
        for field in declared {
            field.as_ref().map(|f| (f.data_type(), crate::types::pg_type(f).oid)).hash(&mut hasher);
        }
        Self { text: Arc::clone(text), context: hasher.finish(), version: env.snapshot.version }
    }
}

/// The cache; shared by all sessions.
#[derive(Default)]
pub struct PlanCache {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    plans: HashMap<Key, (Arc<Plan>, u64)>,
    clock: u64,
}

impl PlanCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The plan kept under a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Arc<Plan>> {
        let mut entries = self.entries.lock();
        entries.clock += 1;
        let clock = entries.clock;
        entries.plans.get_mut(key).map(|(plan, used)| {
            *used = clock;
            Arc::clone(plan)
        })
    }

    /// Keeps a plan.
    pub fn put(&self, key: Key, plan: &Arc<Plan>) {
        if key.text.len() > MAX_TEXT_BYTES || !plan.reusable || names_a_moment(&key.text) {
            return;
        }
        let mut entries = self.entries.lock();
        if entries.plans.len() >= CAPACITY {
            entries.evict();
        }
        entries.clock += 1;
        let clock = entries.clock;
        entries.plans.insert(key, (Arc::clone(plan), clock));
    }
}

/// Whether a text may hold a literal such as `'now'` or `'today'`, which is read while planning.
fn names_a_moment(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["'now", "'today", "'tomorrow", "'yesterday", "' now", "' today"].iter().any(|word| text.contains(word))
}

impl Entries {
    /// Drops the older half, so that eviction is rare.
    fn evict(&mut self) {
        let mut ages: Vec<u64> = self.plans.values().map(|(_, used)| *used).collect();
        ages.sort_unstable();
        let median = ages[ages.len() / 2];
        self.plans.retain(|_, (_, used)| *used > median);
    }
}
