//! PostgreSQL's text output, one function per type, each appending to a byte vector.
//!
//! The row encoder and casts to text print through the same functions. Dates and times take days and microseconds
//! from 1970-01-01, Arrow's epoch.

mod bytes;
mod datetime;
mod interval;
mod number;

pub use bytes::{array_element, bytea, char_byte, json_string, record_field, uuid};
pub(super) use datetime::fill_digits;
pub use datetime::{date, time, timestamp, timestamptz, timetz};
pub use interval::{Interval, interval, nanos_to_us};
pub use number::{Digits256, boolean, float4, float8, integer, numeric, numeric256};
