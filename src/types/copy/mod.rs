//! COPY's formats: columns to lines of text, CSV or binary rows, and a client's bytes back to columns.
//!
//! [`options`] says what a statement's options mean, [`Writer`] makes messages of batches, [`Reader`] makes batches of
//! bytes that come in any pieces. Neither knows tables or statements. Reading never panics, whatever the bytes, and
//! holds no more than one row or line beyond what it was given to hold.

mod binary;
mod column;
mod csv;
mod decode;
mod encoding;
mod lines;
mod numeric;
pub mod options;
mod reader;
mod rows;
mod text;
mod writer;

#[cfg(test)]
mod tests;

pub use encoding::Encoding;
pub use options::{Columns, CopyOptions, Form, Header, OptionValue, RawOption};
pub use reader::{Decoded, LINE, Reader, Shape, ShapeColumn, Step};
pub use writer::{Heading, Writer};
