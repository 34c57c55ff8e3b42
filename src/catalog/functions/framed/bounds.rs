//! The frame of each row of a partition, as ranges of the partition's rows.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Int64Type;

use super::super::arrays::order;
use super::super::datetime::ZoneSpec;
use super::super::udf::fault;
use super::distance::{Direction, Distance, Keys};
use crate::error::{Error, Result};
use crate::sql::frames::Exclusion;
use crate::sql::rewrite::frame_spec::{Bound, FrameSpec, Units};
use crate::sqlstate;

/// The frames of a partition's rows.
pub struct Frames {
    rows: usize,
    /// For each row its first peer and the row after its last.
    peers: Vec<(usize, usize)>,
    bounds: Vec<(usize, usize)>,
    exclusion: Option<Exclusion>,
}

impl Frames {
    /// The frames that `spec` means, from the arguments of its call.
    pub fn new(spec: &FrameSpec, values: &[ArrayRef], rows: usize, zone: &ZoneSpec) -> Result<Self> {
        let keys = &values[spec.order_at()..];
        let groups = Groups::of(keys, rows)?;
        let offset = |at: Option<usize>, which: &str| match at {
            Some(at) => not_null(&values[at], rows, which).map(Some),
            None => Ok(None),
        };
        let start = offset(spec.start_at(), "starting")?;
        let end = offset(spec.end_at(), "ending")?;
        let bounds = match spec.units {
            _ if rows == 0 => Vec::new(),
            Units::Rows => {
                let (start, end) = (count(start.as_ref(), "starting")?, count(end.as_ref(), "ending")?);
                (0..rows).map(|i| in_rows(spec, i, rows, start, end)).collect()
            }
            Units::Groups => {
                let (start, end) = (count(start.as_ref(), "starting")?, count(end.as_ref(), "ending")?);
                (0..rows).map(|i| groups.frame(spec, i, start, end)).collect()
            }
            Units::Range if start.is_none() && end.is_none() => {
                (0..rows).map(|i| groups.frame(spec, i, 0, 0)).collect()
            }
            Units::Range => in_values(spec, &groups, keys, (start, end), zone)?,
        };
        let peers = (0..rows).map(|i| groups.peers(i)).collect();
        Ok(Self { rows, peers, bounds, exclusion: spec.exclusion })
    }

    /// The partition's rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// A row's frame in order: at most three ranges, some of which may be empty.
    pub fn of(&self, row: usize) -> [Range<usize>; 3] {
        let (start, end) = self.bounds[row];
        let end = end.max(start);
        let (first, after) = self.peers[row];
        let clip = |from: usize, to: usize| from.clamp(start, end)..to.clamp(start, end).max(from.clamp(start, end));
        match self.exclusion {
            None => [start..end, end..end, end..end],
            Some(Exclusion::CurrentRow) => [clip(start, row), clip(row + 1, end), end..end],
            Some(Exclusion::Group) => [clip(start, first), clip(after, end), end..end],
            Some(Exclusion::Ties) => [clip(start, first), clip(row, row + 1), clip(after, end)],
        }
    }
}

/// The first value of an offset's column, which has to be one.
fn not_null(column: &ArrayRef, rows: usize, which: &str) -> Result<ArrayRef> {
    if rows > 0 && column.is_null(0) {
        let message = format!("frame {which} offset must not be null");
        return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message));
    }
    Ok(column.slice(0, rows.min(1)))
}

/// An offset as a number of rows or groups.
fn count(offset: Option<&ArrayRef>, which: &str) -> Result<usize> {
    let Some(offset) = offset else { return Ok(0) };
    let numbers = offset.as_primitive_opt::<Int64Type>().ok_or_else(|| fault("an offset of another type"))?;
    usize::try_from(numbers.value(0)).map_err(|_| {
        let message = format!("frame {which} offset must not be negative");
        Error::new(sqlstate::INVALID_PRECEDING_OR_FOLLOWING_SIZE, message)
    })
}

fn in_rows(spec: &FrameSpec, row: usize, rows: usize, start: usize, end: usize) -> (usize, usize) {
    let from = match spec.start {
        Bound::UnboundedPreceding => 0,
        Bound::Preceding => row.saturating_sub(start),
        Bound::CurrentRow => row,
        Bound::Following => row.saturating_add(start).min(rows),
        Bound::UnboundedFollowing => rows,
    };
    let to = match spec.end {
        Bound::UnboundedPreceding => 0,
        Bound::Preceding => (row + 1).saturating_sub(end),
        Bound::CurrentRow => row + 1,
        Bound::Following => row.saturating_add(end).saturating_add(1).min(rows),
        Bound::UnboundedFollowing => rows,
    };
    (from, to)
}

/// Runs of rows that are equal in the ORDER BY columns.
struct Groups {
    /// The group of each row.
    group: Vec<usize>,
    /// The first row of each group, and the number of rows at the end.
    starts: Vec<usize>,
}

impl Groups {
    fn of(keys: &[ArrayRef], rows: usize) -> Result<Self> {
        let comparators = keys.iter().map(|key| order(key, key)).collect::<Result<Vec<_>>>()?;
        let (mut group, mut starts) = (Vec::with_capacity(rows), vec![0]);
        for row in 0..rows {
            if row > 0 && comparators.iter().any(|compare| compare(row - 1, row).is_ne()) {
                starts.push(row);
            }
            group.push(starts.len() - 1);
        }
        if rows > 0 {
            starts.push(rows);
        }
        Ok(Self { group, starts })
    }

    fn peers(&self, row: usize) -> (usize, usize) {
        let group = self.group[row];
        (self.starts[group], self.starts[group + 1])
    }

    /// The frame whose offsets count groups; without offsets also that of RANGE.
    fn frame(&self, spec: &FrameSpec, row: usize, start: usize, end: usize) -> (usize, usize) {
        let (own, groups) = (self.group[row], self.starts.len() - 1);
        let rows = self.starts[groups];
        let from = match spec.start {
            Bound::UnboundedPreceding => 0,
            Bound::Preceding => self.starts[own.saturating_sub(start)],
            Bound::CurrentRow => self.starts[own],
            Bound::Following => self.starts[own.saturating_add(start).min(groups)],
            Bound::UnboundedFollowing => rows,
        };
        let to = match spec.end {
            Bound::UnboundedPreceding => 0,
            Bound::Preceding => self.starts[(own + 1).saturating_sub(end)],
            Bound::CurrentRow => self.starts[own + 1],
            Bound::Following => self.starts[own.saturating_add(end).saturating_add(1).min(groups)],
            Bound::UnboundedFollowing => rows,
        };
        (from, to)
    }
}

/// The frames whose offsets are distances of the ORDER BY column.
fn in_values(
    spec: &FrameSpec,
    groups: &Groups,
    keys: &[ArrayRef],
    offsets: (Option<ArrayRef>, Option<ArrayRef>),
    zone: &ZoneSpec,
) -> Result<Vec<(usize, usize)>> {
    let (Some(column), Some((descending, nulls_first))) = (keys.first(), spec.order.first().copied()) else {
        return Err(fault("a RANGE frame without an ORDER BY column"));
    };
    let keys = Keys::of(column)?;
    let distance = |offset: Option<ArrayRef>| offset.map(|o| Distance::of(&o, column.data_type())).transpose();
    let (start, end) = (distance(offsets.0)?, distance(offsets.1)?);
    let rows = column.len();
    // NULLs stand together at one end; the others are sorted.
    let nulls = column.null_count();
    let valued = if nulls_first { nulls..rows } else { 0..rows - nulls };
    let mut frames = Vec::with_capacity(rows);
    for row in 0..rows {
        let (first, after) = groups.peers(row);
        let edge = |bound: Bound, distance: Option<&Distance>, is_start: bool| -> Result<usize> {
            let distance = match (bound, distance) {
                (Bound::UnboundedPreceding, _) => return Ok(0),
                (Bound::UnboundedFollowing, _) => return Ok(rows),
                (Bound::Preceding | Bound::Following, Some(distance)) if column.is_valid(row) => distance,
                // The peers of NULL are at no distance.
                _ => return Ok(if is_start { first } else { after }),
            };
            let towards = match (bound == Bound::Preceding) != descending {
                true => Direction::Down,
                false => Direction::Up,
            };
            let limit = keys.moved(row, distance, towards, zone)?;
            let before = |other: usize| {
                let ordering = keys.compare(other, &limit);
                let ordering = if descending { ordering.map(std::cmp::Ordering::reverse) } else { ordering };
                match ordering {
                    // Everything is within an undefined distance.
                    None => !is_start,
                    Some(ordering) => {
                        if is_start {
                            ordering.is_lt()
                        } else {
                            ordering.is_le()
                        }
                    }
                }
            };
            Ok(partition_point(valued.clone(), before))
        };
        let from = edge(spec.start, start.as_ref(), true)?;
        let to = edge(spec.end, end.as_ref(), false)?;
        frames.push((from, to));
    }
    Ok(frames)
}

/// The first row of a range that is not `before`, all that are standing in front.
fn partition_point(range: Range<usize>, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
