//! The one integration test binary: it runs the server as its users do, over sockets and with their clients.

mod harness;

mod cancel;
mod config;
mod docs;
mod lifecycle;
mod protocol;
mod psql;
mod slt;
mod storage;
mod streaming;
mod tidy;
mod tokio_pg;
mod tools;
mod tpch;
