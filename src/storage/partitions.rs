//! Hive partitions: columns whose values stand in folder names (`day=2026-01-31/…`).
//!
//! Types are inferred from all values: whole numbers, dates, else text. A number whose leading zeros carry meaning
//! (more than two digits, as in postal codes) is text. `__HIVE_DEFAULT_PARTITION__` is NULL.

use arrow::datatypes::{DataType, Field, FieldRef};
use chrono::{Datelike as _, NaiveDate};
use datafusion::scalar::ScalarValue;
use object_store::ObjectMeta;
use object_store::path::Path;
use std::sync::Arc;

use super::location::parts_below;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Hive's name of NULL.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Days from 0001-01-01 (chrono's day 1) to 1970-01-01 (Arrow's day 0).
const EPOCH_DAYS: i32 = 719_163;

/// Partition columns and the files' values of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Partitions {
    /// The columns, outermost folder first.
    pub fields: Vec<FieldRef>,
    /// One row per file, in the files' order.
    pub rows: Vec<Vec<ScalarValue>>,
}

/// Finds the partition columns in the files' folders; `wanted` are the columns that the configuration names.
pub(super) fn find(base: &Path, files: &[ObjectMeta], wanted: Option<&[String]>) -> Result<Partitions> {
    let found: Vec<Vec<(String, Option<String>)>> = files.iter().map(|file| pairs(base, &file.location)).collect();
    let names: Vec<String> = match wanted {
        Some(names) => names.to_vec(),
        None => found.first().map_or_else(Vec::new, |pairs| pairs.iter().map(|(name, _)| name.clone()).collect()),
    };
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::with_capacity(files.len()); names.len()];
    for (file, pairs) in files.iter().zip(found) {
        let same = pairs.len() == names.len() && pairs.iter().zip(&names).all(|((name, _), wanted)| name == wanted);
        if !same {
            return Err(Error::new(
                sqlstate::INVALID_OBJECT_DEFINITION,
                format!("the folders of the file \"{}\" do not fit the partition columns", file.location),
            )
            .detail(format!("The table is partitioned by ({}).", names.join(", "))));
        }
        for (column, (_, value)) in columns.iter_mut().zip(pairs) {
            column.push(value);
        }
    }
    let types: Vec<DataType> = columns.iter().map(|values| infer(values)).collect();
    let field = |(name, (data_type, values)): (&String, (&DataType, &Vec<Option<String>>))| {
        Arc::new(Field::new(name, data_type.clone(), values.iter().any(Option::is_none)))
    };
    let fields = names.iter().zip(types.iter().zip(&columns)).map(field).collect();
    let row = |at: usize| columns.iter().zip(&types).map(|(values, t)| scalar(values[at].as_deref(), t)).collect();
    Ok(Partitions { fields, rows: (0..files.len()).map(row).collect() })
}

/// The `key=value` folders between the base and the file.
fn pairs(base: &Path, file: &Path) -> Vec<(String, Option<String>)> {
    let mut parts = parts_below(base, file);
    parts.pop();
    let pair = |part: &str| {
        let (key, value) = part.split_once('=')?;
        let value = percent_decode(value);
        Some((percent_decode(key), (value != NULL).then_some(value)))
    };
    parts.into_iter().filter_map(pair).collect()
}

/// The narrowest type that holds every value of a column.
fn infer(values: &[Option<String>]) -> DataType {
    let known = || values.iter().flatten();
    match () {
        () if known().next().is_none() => DataType::Utf8View,
        () if known().all(|value| integer(value).is_some_and(|n| i32::try_from(n).is_ok())) => DataType::Int32,
        () if known().all(|value| integer(value).is_some()) => DataType::Int64,
        () if known().all(|value| date(value).is_some()) => DataType::Date32,
        () => DataType::Utf8View,
    }
}

/// A folder's value in the column's type.
fn scalar(value: Option<&str>, data_type: &DataType) -> ScalarValue {
    match data_type {
        DataType::Int32 => ScalarValue::Int32(value.and_then(integer).and_then(|n| i32::try_from(n).ok())),
        DataType::Int64 => ScalarValue::Int64(value.and_then(integer)),
        DataType::Date32 => ScalarValue::Date32(value.and_then(date)),
        _ => ScalarValue::Utf8View(value.map(str::to_owned)),
    }
}

/// A whole number that text output gives back as it was, but for one leading zero (`month=01`).
fn integer(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let lossless = !digits.starts_with('0') || digits.len() <= 2;
    if plain && lossless { value.parse().ok() } else { None }
}

/// Days since 1970-01-01.
fn date(value: &str) -> Option<i32> {
    let exact = value.len() == 10;
    let date = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok().filter(|_| exact)?;
    Some(date.num_days_from_ce() - EPOCH_DAYS)
}

/// `%20` and the like, as writers put special characters into folder names.
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    fn files(paths: &[&str]) -> Vec<ObjectMeta> {
        let meta = |path: &&str| ObjectMeta {
            location: Path::parse(path).expect("a plain path"),
            last_modified: Utc::now(),
            size: 1,
            e_tag: None,
            version: None,
        };
        paths.iter().map(meta).collect()
    }

    #[test]
    fn types_come_from_all_values() {
        let files = files(&[
            "t/year=2025/month=01/day=2025-01-31/zip=01234/city=a%20b/x.parquet",
            "t/year=2026/month=12/day=2026-12-01/zip=99999/city=__HIVE_DEFAULT_PARTITION__/x.parquet",
        ]);
        let found = find(&Path::from("t"), &files, None).expect("the folders fit");
        let types: Vec<_> = found.fields.iter().map(|f| (f.data_type().clone(), f.is_nullable())).collect();
        let text = DataType::Utf8View;
        assert_eq!(
            types,
            [
                (DataType::Int32, false),
                (DataType::Int32, false),
                (DataType::Date32, false),
                (text.clone(), false),
                (text, true)
            ]
        );
        assert_eq!(found.rows[0][4], ScalarValue::Utf8View(Some("a b".into())));
        assert_eq!(found.rows[1][2], ScalarValue::Date32(Some(20788)));
        assert!(found.rows[1][4].is_null());
    }

    #[test]
    fn folders_must_agree() {
        let files = files(&["t/a=1/x.parquet", "t/b=1/x.parquet"]);
        let error = find(&Path::from("t"), &files, None).expect_err("a and b differ");
        assert!(error.message().contains("t/b=1/x.parquet"), "{error}");
    }
}
