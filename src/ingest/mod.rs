//! Any source → Parquet. So far the TPC-H demo.

pub mod demo;
mod progress;
mod tpch;
