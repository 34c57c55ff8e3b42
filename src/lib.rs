//! lakewire: a PostgreSQL server to its clients, a long-lived analytics engine inside.
//!
//! # The life of a query
//!
//! 1. [`server`] accepts a socket, bounds it, and gives it to [`wire`].
//! 2. [`wire`] negotiates, authenticates ([`auth`]) and turns messages into calls on a [`session::Session`];
//!    [`http`] is the second door to the same session.
//! 3. [`sql`] turns text into a statement; a utility statement ends in [`session`], a query goes on.
//! 4. [`plan`] gives it PostgreSQL's meaning as a DataFusion plan, resolving names in one [`catalog`] snapshot.
//! 5. [`exec`] runs the plan on the CPU runtime under one cancel token, one memory budget and one time limit.
//! 6. Tables' bytes come from [`storage`], brought there by [`ingest`] where they were not Parquet.
//! 7. [`types`] writes columns as PostgreSQL rows, and the door sends them.
//!
//! Modules import only what stands below them in this file (and [`config`], [`error`], [`sqlstate`],
//! [`telemetry`], [`settings`]).

pub mod server;
pub mod wire;
pub mod http;
pub mod session;
pub mod plan;
pub mod exec;
pub mod catalog;
pub mod storage;
pub mod ingest;
pub mod sql;
pub mod types;
pub mod auth;
pub mod config;

pub mod error;
pub mod settings;
pub mod sqlstate;
pub mod telemetry;

pub use error::{Error, Result};
