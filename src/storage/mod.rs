//! Placeholder. `open` turns a configured table into a provider.
