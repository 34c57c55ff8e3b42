//! The PostgreSQL wire protocol: from an accepted socket to calls on a [`crate::session::Session`], and back.
//!
//! The only room that names pgwire, and it takes only the encoders of the server's messages from it: what a client
//! sends is framed and decoded here, so that no bytes of a stranger's can make the server panic, hold more memory
//! than a message's limit, or take clear text for text that came under TLS.
//!
//! A connection goes through [`startup::open`], [`authenticate::authenticate`] and [`Conversation::run`], all on one
//! [`Link`]; whichever ends it gives an [`End`], and [`Link::close`] tells the client.

pub mod authenticate;
mod backend;
mod conversation;
mod copy;
mod cursor;
mod error;
mod extended;
pub mod frame;
pub mod frontend;
mod guard;
mod link;
pub mod options;
mod rows;
mod simple;
mod socket;
pub mod startup;
pub mod tls;

pub use authenticate::Door;
pub use conversation::Conversation;
pub use link::{End, Link, LinkLimits};
pub use startup::{CancelRequest, Opening, Startup};
pub use tls::Tls;
