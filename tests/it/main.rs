//! The one integration test binary: it runs the server as its users do, over sockets and with their clients.

mod harness;

mod cancel;
mod docs;
mod lifecycle;
mod config;
mod protocol;
mod psql;
mod storage;
mod slt;
mod streaming;
mod tidy;
mod tokio_pg;
mod tpch;
