//! Window functions that give a row's value: of the frame (`first_value`, `last_value`, `nth_value`), of the partition
//! (`lag`, `lead`), and the numbers of `ntile`.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, UInt32Array};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type};
use tokio_util::sync::CancellationToken;

use super::super::udf::fault;
use super::bounds::Frames;
use super::{check, undefined};
use crate::error::{Error, Result};
use crate::sqlstate::{self, SqlState};

/// A function of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The frame's first row.
    First,
    /// The frame's last row.
    Last,
    /// The frame's nth row.
    Nth,
    /// A row before the current one.
    Lag,
    /// A row after the current one.
    Lead,
    /// The number of the row's share of the partition.
    Ntile,
}

impl Pick {
    const NAMES: [(&str, Self); 6] = [
        ("first_value", Self::First),
        ("last_value", Self::Last),
        ("nth_value", Self::Nth),
        ("lag", Self::Lag),
        ("lead", Self::Lead),
        ("ntile", Self::Ntile),
    ];

    /// The function of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, pick)| *pick)
    }

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, pick)| *pick == self).map_or("", |(name, _)| name)
    }

    /// Whether the frame matters.
    pub fn uses_frame(self) -> bool {
        matches!(self, Self::First | Self::Last | Self::Nth)
    }

    /// The types the arguments are cast to.
    pub fn coerce(self, types: &mut [DataType]) -> Result<()> {
        let fits = match self {
            Self::First | Self::Last => types.len() == 1,
            Self::Nth => types.len() == 2,
            Self::Lag | Self::Lead => (1..=3).contains(&types.len()),
            Self::Ntile => types.len() == 1,
        };
        let number = match self {
            Self::Ntile => types.first_mut(),
            _ => types.get_mut(1),
        };
        let number = match number {
            Some(number @ (DataType::Int16 | DataType::Int32 | DataType::Null | DataType::Utf8)) => Some(number),
            Some(_) => None,
            None if fits => return Ok(()),
            None => None,
        };
        match number {
            Some(number) if fits => *number = DataType::Int32,
            _ => return Err(undefined(self.name(), types)),
        }
        if let (Some(value), true) = (types.first().cloned(), types.len() == 3) {
            types[2] = value;
        }
        Ok(())
    }

    /// The result's field.
    pub fn field(self, fields: &[FieldRef]) -> Result<FieldRef> {
        match (self, fields.first()) {
            (Self::Ntile, Some(_)) => Ok(Arc::new(Field::new("ntile", DataType::Int32, true))),
            (_, Some(value)) => Ok(Arc::clone(value)),
            (_, None) => Err(undefined(self.name(), &[])),
        }
    }

    /// The value for every row, of its frame.
    pub fn of_frames(self, args: &[ArrayRef], frames: &Frames, cancel: &CancellationToken) -> Result<ArrayRef> {
        let numbers = args.get(1).map(AsArray::as_primitive::<Int32Type>);
        let mut rows = Vec::with_capacity(frames.rows());
        for row in 0..frames.rows() {
            if row % 1024 == 0 {
                check(cancel)?;
            }
            let ranges = frames.of(row);
            let picked = match (self, numbers) {
                (Self::First, _) => nth(&ranges, 0),
                (Self::Last, _) => ranges.iter().rev().find(|r| !r.is_empty()).map(|r| r.end - 1),
                (_, Some(numbers)) if numbers.is_valid(row) => {
                    let number = numbers.value(row);
                    if number <= 0 {
                        return Err(not_positive(sqlstate::INVALID_ARGUMENT_FOR_NTH_VALUE, "nth_value"));
                    }
                    nth(&ranges, usize::try_from(number).map_err(fault)? - 1)
                }
                _ => None,
            };
            rows.push(picked.map(u32::try_from).transpose().map_err(fault)?);
        }
        take(&args[0], &UInt32Array::from(rows), None).map_err(fault)
    }

    /// The value for every row, of the partition.
    pub fn of_partition(self, args: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        if self == Self::Ntile {
            return shares(&args[0], rows);
        }
        let offsets = args.get(1).map(AsArray::as_primitive::<Int32Type>);
        let nulls = arrow::array::new_null_array(args[0].data_type(), 1);
        let default = args.get(2).unwrap_or(&nulls);
        let sources: [&dyn Array; 3] = [args[0].as_ref(), default.as_ref(), nulls.as_ref()];
        let picks = (0..rows).map(|row| {
            let offset = match offsets {
                Some(offsets) if offsets.is_null(row) => return (2, 0),
                Some(offsets) => i64::from(offsets.value(row)),
                None => 1,
            };
            let offset = if self == Self::Lag { -offset } else { offset };
            let target = i64::try_from(row).unwrap_or(i64::MAX).saturating_add(offset);
            match usize::try_from(target).ok().filter(|t| *t < rows) {
                Some(target) => (0, target),
                None if args.len() == 3 => (1, row),
                None => (2, 0),
            }
        });
        interleave(&sources, &picks.collect::<Vec<_>>()).map_err(fault)
    }
}

fn nth(ranges: &[Range<usize>], mut n: usize) -> Option<usize> {
    for range in ranges {
        if n < range.len() {
            return Some(range.start + n);
        }
        n -= range.len();
    }
    None
}

fn not_positive(state: SqlState, name: &str) -> Error {
    Error::new(state, format!("argument of {name} must be greater than zero"))
}

/// `ntile`: the first row says how many shares there are.
fn shares(count: &ArrayRef, rows: usize) -> Result<ArrayRef> {
    let count = count.as_primitive::<Int32Type>();
    if rows == 0 || count.is_null(0) {
        return Ok(arrow::array::new_null_array(&DataType::Int32, rows));
    }
    if count.value(0) <= 0 {
        return Err(not_positive(sqlstate::INVALID_ARGUMENT_FOR_NTILE, "ntile"));
    }
    let count = usize::try_from(count.value(0)).map_err(fault)?;
    // The first shares are one larger when the rows do not divide evenly.
    let (size, larger) = (rows / count, rows % count);
    let share = |row: usize| match row < larger * (size + 1) {
        true => row / (size + 1),
        false => larger + (row - larger * (size + 1)) / size.max(1),
    };
    let number = |row: usize| i32::try_from(share(row) + 1).map_err(fault);
    Ok(Arc::new(Int32Array::from((0..rows).map(number).collect::<Result<Vec<_>>>()?)))
}
