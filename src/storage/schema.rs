//! One schema for a table from the schemas of its files.
//!
//! Columns are matched by name. A column missing from a file is NULL there; a column whose types differ takes the
//! wider one where nothing is lost, and is an error where none is. Types are those PostgreSQL has: timestamps in
//! microseconds (an instant is in UTC), text and bytes as views, which the engine reads fastest.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use datafusion::parquet::basic::LogicalType;
use datafusion::parquet::schema::types::SchemaDescriptor;

use crate::config::FileFormatKind;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{PG_TYPE_KEY, PG_TYPMOD_KEY, oid, timetz};

/// OID of `json`.
const JSON_OID: &str = "114";
/// OID of `uuid`.
const UUID_OID: &str = "2950";
/// Arrow's own mark of what a field's values mean.
const EXTENSION_KEY: &str = "ARROW:extension:name";

/// A file's columns with the types that the table gives them.
pub(super) fn normalize(schema: &Schema) -> Schema {
    let normal = |field: &FieldRef| {
        Field::new(field.name(), table_type(field.data_type()), field.is_nullable()).with_metadata(meaning(field))
    };
    Schema::new(schema.fields().iter().map(normal).collect::<Vec<_>>())
}

/// A file's columns with the types they have, any of which may be NULL in another file.
pub(super) fn loose(schema: &Schema) -> Schema {
    let field =
        |field: &FieldRef| Field::new(field.name(), field.data_type().clone(), true).with_metadata(meaning(field));
    Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

/// Marks the columns that Parquet calls UUID or JSON, for which Arrow has no type.
pub(super) fn mark_logical_types(schema: &mut Schema, parquet: &SchemaDescriptor) {
    let oid = |field: &Field| {
        let leaf = parquet.columns().iter().find(|leaf| leaf.path().parts() == [field.name().as_str()])?;
        match leaf.logical_type_ref()? {
            LogicalType::Uuid => Some(UUID_OID),
            LogicalType::Json => Some(JSON_OID),
            _ => None,
        }
    };
    let mark = |field: &FieldRef| match oid(field) {
        Some(oid) if !field.metadata().contains_key(PG_TYPE_KEY) => {
            let mark = HashMap::from([(PG_TYPE_KEY.to_owned(), oid.to_owned())]);
            Arc::new(
                Field::new(field.name(), DataType::clone(field.data_type()), field.is_nullable()).with_metadata(mark),
            )
        }
        _ => Arc::clone(field),
    };
    schema.fields = schema.fields().iter().map(mark).collect();
}

/// The columns of all files, in the order in which they first appear. `files` are (name, normalized schema).
///
/// CSV and Arrow files must have the same columns in the same order, because their readers go by position.
pub(super) fn merge(files: &[(&str, &Schema)], format: FileFormatKind) -> Result<SchemaRef> {
    let Some(((first_name, first), others)) = files.split_first() else {
        return Err(Error::internal("a table has no files"));
    };
    let mut merged: Vec<FieldRef> = first.fields().iter().map(Arc::clone).collect();
    let positional = matches!(format, FileFormatKind::Csv | FileFormatKind::Arrow);
    for (name, schema) in others {
        if positional && !same_names(&merged, schema) {
            return Err(Error::new(
                sqlstate::INVALID_OBJECT_DEFINITION,
                format!("the files \"{first_name}\" and \"{name}\" have different columns"),
            ));
        }
        for field in &mut merged {
            *field = match schema.fields().find(field.name()) {
                Some((_, found)) => united(field, found, format).ok_or_else(|| conflict(field, found, name))?,
                None => changed(field, field.data_type(), true),
            };
        }
        let new = schema.fields().iter().filter(|field| !merged.iter().any(|known| known.name() == field.name()));
        let new: Vec<FieldRef> = new.map(|field| changed(field, field.data_type(), true)).collect();
        merged.extend(new);
    }
    refuse_duplicates(&merged)?;
    Ok(Arc::new(Schema::new(merged)))
}

/// The metadata that says what a field's values mean; writers put much else there.
fn meaning(field: &Field) -> HashMap<String, String> {
    let ours = |key: &str| matches!(key, PG_TYPE_KEY | PG_TYPMOD_KEY | EXTENSION_KEY);
    let kept = field.metadata().iter().filter(|(key, _)| ours(key));
    let mut kept: HashMap<String, String> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    if *field.data_type() == DataType::FixedSizeBinary(timetz::WIDTH) && !kept.contains_key(PG_TYPE_KEY) {
        // Bytes of this width are a time with zone elsewhere; a file's are only bytes.
        kept.insert(PG_TYPE_KEY.to_owned(), oid::BYTEA.to_string());
    }
    kept
}

/// The type a table gives to a column of this type.
fn table_type(data_type: &DataType) -> DataType {
    let zone = |zone: &Option<Arc<str>>| zone.as_ref().map(|_| Arc::from("UTC"));
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Null => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Timestamp(_, tz) => DataType::Timestamp(TimeUnit::Microsecond, zone(tz)),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        other => other.clone(),
    }
}

/// The field that holds every value of both, if there is one.
fn united(a: &FieldRef, b: &FieldRef, format: FileFormatKind) -> Option<FieldRef> {
    let wider = wider(a.data_type(), b.data_type(), format)?;
    Some(changed(a, &wider, a.is_nullable() || b.is_nullable()))
}

/// A field with another type and nullability, its name and meaning kept.
fn changed(field: &FieldRef, data_type: &DataType, nullable: bool) -> FieldRef {
    let metadata = HashMap::clone(field.metadata());
    Arc::new(Field::new(field.name(), DataType::clone(data_type), nullable).with_metadata(metadata))
}

/// The type that holds every value of both, if there is one.
fn wider<'a>(a: &'a DataType, b: &'a DataType, format: FileFormatKind) -> Option<Cow<'a, DataType>> {
    use DataType::{Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Utf8View};
    let rank = |t: &DataType| [Int8, Int16, Int32, Int64].iter().position(|known| known == t);
    match (a, b) {
        _ if a == b => Some(Cow::Borrowed(a)),
        _ if rank(a).is_some() && rank(b).is_some() => Some(Cow::Borrowed(if rank(a) > rank(b) { a } else { b })),
        (Float32 | Float64, Float32 | Float64) => Some(Cow::Owned(Float64)),
        (Decimal128(digits, scale), Decimal128(others, same)) if scale == same => {
            Some(Cow::Owned(Decimal128(*digits.max(others), *scale)))
        }
        // In text formats types are only guessed, from the values that one file happens to have.
        (Int64, Float64) | (Float64, Int64) if is_text(format) => Some(Cow::Owned(Float64)),
        _ if format == FileFormatKind::Csv => Some(Cow::Owned(Utf8View)),
        _ => None,
    }
}

/// Whether values are written as text, without types.
fn is_text(format: FileFormatKind) -> bool {
    matches!(format, FileFormatKind::Csv | FileFormatKind::Json)
}

/// Whether columns are the same by position, as formats without names in their rows need it.
fn same_names(fields: &[FieldRef], schema: &Schema) -> bool {
    fields.len() == schema.fields().len() && fields.iter().zip(schema.fields()).all(|(a, b)| a.name() == b.name())
}

/// SQL could not tell two columns of one name apart.
fn refuse_duplicates(fields: &[FieldRef]) -> Result<()> {
    let mut names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            let message = format!("the column \"{}\" is there more than once", pair[0]);
            Err(Error::new(sqlstate::DUPLICATE_COLUMN, message))
        }
        None => Ok(()),
    }
}

/// Two files that cannot be one table.
fn conflict(field: &Field, found: &Field, file: &str) -> Error {
    let (name, expected, found) = (field.name(), field.data_type(), found.data_type());
    Error::new(
        sqlstate::DATATYPE_MISMATCH,
        format!("the column \"{name}\" is {expected} in some files and {found} in \"{file}\""),
    )
    .hint("Files of one table must have the same types; put the others into a table of their own.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(fields: &[(&str, DataType)]) -> Schema {
        Schema::new(fields.iter().map(|(name, t)| Field::new(*name, t.clone(), false)).collect::<Vec<_>>())
    }

    #[test]
    fn missing_columns_are_null_and_numbers_widen() {
        let a = schema(&[("id", DataType::Int32), ("x", DataType::Float32)]);
        let b = schema(&[("y", DataType::Utf8View), ("id", DataType::Int64)]);
        let merged = merge(&[("a", &a), ("b", &b)], FileFormatKind::Parquet).expect("they fit");
        let fields: Vec<_> =
            merged.fields().iter().map(|f| (f.name().as_str(), f.data_type(), f.is_nullable())).collect();
        assert_eq!(
            fields,
            [("id", &DataType::Int64, false), ("x", &DataType::Float32, true), ("y", &DataType::Utf8View, true)]
        );
    }

    #[test]
    fn conflicts_name_the_column_and_the_file() {
        let a = schema(&[("id", DataType::Int32)]);
        let b = schema(&[("id", DataType::Utf8View)]);
        let error = merge(&[("a", &a), ("b", &b)], FileFormatKind::Parquet).expect_err("they conflict");
        assert_eq!(error.message(), "the column \"id\" is Int32 in some files and Utf8View in \"b\"");
        let merged = merge(&[("a", &a), ("b", &b)], FileFormatKind::Csv).expect("text holds both");
        assert_eq!(merged.field(0).data_type(), &DataType::Utf8View);
        let c = schema(&[("other", DataType::Int32)]);
        assert!(merge(&[("a", &a), ("c", &c)], FileFormatKind::Csv).is_err());
    }

    #[test]
    fn types_are_those_of_postgres() {
        let stamp = DataType::Timestamp(TimeUnit::Nanosecond, Some(Arc::from("Europe/Berlin")));
        let normal = normalize(&schema(&[("t", stamp), ("s", DataType::LargeUtf8), ("b", DataType::Binary)]));
        let types: Vec<_> = normal.fields().iter().map(|f| f.data_type().clone()).collect();
        let micros = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")));
        assert_eq!(types, [micros, DataType::Utf8View, DataType::BinaryView]);
    }
}
