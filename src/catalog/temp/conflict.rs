//! INSERT … ON CONFLICT: which of the rows to be inserted meet a row that is there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::contents::TableRows;
use super::keys::KeyColumns;
use super::provider::ROW_NUMBER;
use super::{Collected, Target, Written};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The rows of an INSERT, told apart.
#[derive(Debug)]
pub struct Proposed {
    /// The rows that meet nothing.
    pub free: Vec<RecordBatch>,
    /// The places of those rows among all.
    free_places: Vec<u64>,
    /// The rows that meet one, each with that one's number.
    pub excluded: Arc<TableRows>,
    /// The places of those rows among all, by the number of the row that they meet.
    met: HashMap<i64, u64>,
}

/// A table's columns with the number of a row after them.
#[must_use]
pub fn with_row_number(schema: &Schema) -> SchemaRef {
    let number = Arc::new(Field::new(ROW_NUMBER, DataType::Int64, false));
    Arc::new(Schema::new(schema.fields().iter().map(Arc::clone).chain([number]).collect::<Vec<_>>()))
}

/// What a key's value meets.
enum Met {
    Row(i64),
    /// A row of the same statement.
    Own,
}

impl Target<'_> {
    /// Tells the rows apart that meet a row by one of the keys `arbiters`. `updates`: those will be put in the place of
    /// the rows they meet, so that none may be met twice (`21000`).
    pub fn propose(&self, collected: &Collected, arbiters: &[usize], updates: bool) -> Result<Proposed> {
        let batches = self.conforming(&collected.batches, 0)?;
        let all = self.keys();
        let keys: Vec<(usize, &KeyColumns)> = arbiters.iter().filter_map(|&i| Some((i, all.get(i)?))).collect();
        let mut known: Vec<HashMap<Box<[u8]>, Met>> = Vec::with_capacity(keys.len());
        for (place, key) in &keys {
            let mut wanted = HashSet::new();
            for batch in &batches {
                wanted.extend(key.values(batch)?.into_iter().map(|(_, value)| value));
            }
            let found = self.rows.locate(key, *place, &wanted)?;
            known.push(found.into_iter().map(|(value, number)| (value, Met::Row(number))).collect());
        }
        let numbered = with_row_number(self.rows.schema());
        let (mut free, mut free_places, mut excluded, mut met) = (Vec::new(), Vec::new(), Vec::new(), HashMap::new());
        let mut place = 0u64;
        for batch in &batches {
            let rows = meetings(batch, &keys, &mut known, updates)?;
            for (i, row) in rows.iter().enumerate() {
                let at = place + i as u64;
                match row {
                    None => free_places.push(at),
                    Some(Met::Row(number)) if updates && met.insert(*number, at).is_some() => return Err(twice()),
                    Some(_) => {}
                }
            }
            place += batch.num_rows() as u64;
            let is_free: BooleanArray = rows.iter().map(|row| Some(row.is_none())).collect();
            free.push(filter_record_batch(batch, &is_free)?);
            let meets: BooleanArray = rows.iter().map(|row| Some(matches!(row, Some(Met::Row(_))))).collect();
            let number = |row: &Option<Met>| if let Some(Met::Row(number)) = row { Some(*number) } else { None };
            let numbers = Int64Array::from_iter_values(rows.iter().filter_map(number));
            let meeting = filter_record_batch(batch, &meets)?;
            let columns: Vec<ArrayRef> =
                meeting.columns().iter().map(Arc::clone).chain([Arc::new(numbers) as ArrayRef]).collect();
            excluded.push(RecordBatch::try_new(Arc::clone(&numbered), columns)?);
        }
        let excluded = TableRows::empty(numbered).append(&excluded, &[], self.style, self.pool)?;
        Ok(Proposed { free, free_places, excluded: Arc::new(excluded), met })
    }

    /// Puts rows in the place of those they meet, each with the number of the one it replaces, and adds the free ones.
    pub fn merge(&self, proposed: &Proposed, changed: Collected) -> Result<Written> {
        let mut places: Vec<u64> = Vec::new();
        for batch in &changed.batches {
            let numbers = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(batch.column(0));
            places.extend(numbers.values().iter().map(|number| proposed.met.get(number).copied().unwrap_or(u64::MAX)));
        }
        let updated = self.update(changed)?;
        let keys = self.keys();
        let rows = updated.rows.append(&proposed.free, &keys, self.style, self.pool)?;
        places.extend(&proposed.free_places);
        let batches: Vec<RecordBatch> = updated.written.batches().into_iter().chain(proposed.free.clone()).collect();
        let together = concat_batches(self.rows.schema(), &batches)?;
        let mut order: Vec<u64> = (0..together.num_rows() as u64).collect();
        order.sort_by_key(|&row| usize::try_from(row).ok().and_then(|row| places.get(row)));
        let written = take_record_batch(&together, &UInt64Array::from(order))?;
        self.written(rows, &[written])
    }
}

/// For each row of a batch what it meets. Rows that meet nothing are remembered for those that follow.
fn meetings(
    batch: &RecordBatch,
    keys: &[(usize, &KeyColumns)],
    known: &mut [HashMap<Box<[u8]>, Met>],
    updates: bool,
) -> Result<Vec<Option<Met>>> {
    let mut values: Vec<Vec<Option<Box<[u8]>>>> = Vec::with_capacity(keys.len());
    for (_, key) in keys {
        let mut own = vec![None; batch.num_rows()];
        for (row, value) in key.values(batch)? {
            own[row] = Some(value);
        }
        values.push(own);
    }
    let mut met = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let hit = values.iter().zip(known.iter()).find_map(|(own, known)| known.get(own[row].as_ref()?));
        match hit {
            Some(Met::Own) if updates => return Err(twice()),
            Some(Met::Own) => met.push(Some(Met::Own)),
            Some(Met::Row(number)) => met.push(Some(Met::Row(*number))),
            None => {
                for (own, known) in values.iter_mut().zip(known.iter_mut()) {
                    if let Some(value) = own[row].take() {
                        known.insert(value, Met::Own);
                    }
                }
                met.push(None);
            }
        }
    }
    Ok(met)
}

fn twice() -> Error {
    let message = "ON CONFLICT DO UPDATE command cannot affect row a second time";
    let hint = "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.";
    Error::new(sqlstate::CARDINALITY_VIOLATION, message).hint(hint)
}
