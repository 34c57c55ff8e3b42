//! DataFusion's and Arrow's errors → [`Error`] with PostgreSQL's SQLSTATE and wording.
//!
//! Their errors are mostly prose, so some of this reads prose; what cannot be told apart falls to the class of where
//! it arose, and the engine's own wording never passes as `XX000` for something a user wrote.

use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};

use crate::error::Error;
use crate::sqlstate::{self, SqlState};

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        classify(&error)
    }
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        classify_arrow(&error)
    }
}

/// The error a client gets for one of DataFusion's.
#[must_use]
pub fn classify(error: &DataFusionError) -> Error {
    // Our own error may lie under layers of theirs.
    if let Some(own) = crate::storage::error_in(error) {
        return own.clone();
    }
    match error {
        DataFusionError::External(inner) => external(inner.as_ref()),
        DataFusionError::Shared(inner) => classify(inner),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => classify(inner),
        DataFusionError::Collection(errors) => {
            errors.first().map_or_else(|| Error::internal("an empty list of errors"), classify)
        }
        DataFusionError::SchemaError(inner, _) => schema(inner),
        DataFusionError::ArrowError(inner, _) => classify_arrow(inner),
        DataFusionError::NotImplemented(text) if text.contains("CAST from") => {
            Error::new(sqlstate::CANNOT_COERCE, tidy(text))
        }
        DataFusionError::NotImplemented(text) => Error::unsupported(tidy(text)),
        DataFusionError::Plan(text) | DataFusionError::Configuration(text) => planning(text),
        DataFusionError::Execution(text) => running(text),
        DataFusionError::ResourcesExhausted(text) => exhausted(text),
        DataFusionError::SQL(inner, _) => Error::new(sqlstate::SYNTAX_ERROR, tidy(&inner.to_string())),
        DataFusionError::ParquetError(inner) => corrupted(&inner.to_string()),
        DataFusionError::ObjectStore(inner) => object_store(inner),
        DataFusionError::IoError(inner) => Error::new(sqlstate::IO_ERROR, format!("could not read a file: {inner}")),
        other => {
            tracing::error!(error = %other, "the engine failed");
            Error::internal(tidy(&other.to_string()))
        }
    }
}

/// The error a client gets for one of Arrow's.
#[must_use]
pub fn classify_arrow(error: &ArrowError) -> Error {
    match error {
        ArrowError::ExternalError(inner) => external(inner.as_ref()),
        ArrowError::DivideByZero => Error::new(sqlstate::DIVISION_BY_ZERO, "division by zero"),
        ArrowError::ArithmeticOverflow(_) => out_of_range(),
        ArrowError::CastError(text) | ArrowError::ParseError(text) => cast(text),
        ArrowError::NotYetImplemented(text) => Error::unsupported(tidy(text)),
        ArrowError::MemoryError(text) => exhausted(text),
        ArrowError::ParquetError(text) | ArrowError::IpcError(text) | ArrowError::AvroError(text) => corrupted(text),
        ArrowError::CsvError(text) | ArrowError::JsonError(text) => {
            Error::new(sqlstate::DATA_CORRUPTED, format!("could not read the table's file: {}", tidy(text)))
        }
        ArrowError::IoError(_, inner) => Error::new(sqlstate::IO_ERROR, format!("could not read a file: {inner}")),
        ArrowError::OffsetOverflowError(_) => {
            Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "a column of the result exceeds 2 GB in one batch")
        }
        other => running(&other.to_string()),
    }
}

fn external(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Error {
    if let Some(own) = error.downcast_ref::<Error>() {
        return own.clone();
    }
    if let Some(inner) = error.downcast_ref::<DataFusionError>() {
        return classify(inner);
    }
    if let Some(inner) = error.downcast_ref::<ArrowError>() {
        return classify_arrow(inner);
    }
    if let Some(inner) = error.downcast_ref::<object_store::Error>() {
        return object_store(inner);
    }
    running(&error.to_string())
}

fn schema(error: &SchemaError) -> Error {
    match error {
        SchemaError::FieldNotFound { field, .. } => match &field.relation {
            Some(relation) => Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("column {}.{} does not exist", relation.table(), field.name),
            ),
            None => Error::new(sqlstate::UNDEFINED_COLUMN, format!("column \"{}\" does not exist", field.name)),
        },
        SchemaError::AmbiguousReference { field } => {
            Error::new(sqlstate::AMBIGUOUS_COLUMN, format!("column reference \"{}\" is ambiguous", field.name))
        }
        SchemaError::DuplicateQualifiedField { name, qualifier } => Error::new(
            sqlstate::DUPLICATE_ALIAS,
            format!("table name \"{}\" specified more than once", qualifier.table()),
        )
        .detail(format!("Both have a column \"{name}\".")),
        SchemaError::DuplicateUnqualifiedField { name } => {
            Error::new(sqlstate::DUPLICATE_COLUMN, format!("column name \"{name}\" specified more than once"))
        }
    }
}

/// Errors of planning, which are the statement's fault.
fn planning(text: &str) -> Error {
    let lower = text.to_lowercase();
    let has = |part: &str| lower.contains(part);
    let state: SqlState = if has("invalid function") || has("no function matches") || has("to satisfy a call to") {
        let name = between(text, "'", "'").unwrap_or_default().to_owned();
        return undefined_function(&name);
    } else if has("to grouping function is not in grouping columns") {
        let message = "arguments to GROUPING must be grouping expressions of the associated query level";
        return Error::new(sqlstate::GROUPING_ERROR, message);
    } else if has("must appear in the group by") || has("group by") {
        return grouping(text);
    } else if has("unsupported cast") || has("cannot cast") {
        sqlstate::CANNOT_COERCE
    } else if has("cannot coerce") || has("cannot infer common") || has("common type") || has("type mismatch") {
        sqlstate::DATATYPE_MISMATCH
    } else if has("scalar subquery") && has("one column") {
        return Error::new(sqlstate::SYNTAX_ERROR, "subquery must return only one column");
    } else if has("table function") && has("not found") {
        return undefined_function(between(text, "'", "'").unwrap_or_default());
    } else if has("not found in struct") {
        let field = between(text, "ield ", " not found").unwrap_or_default();
        let message = format!("could not identify column \"{field}\" in record data type");
        return Error::new(sqlstate::UNDEFINED_COLUMN, message);
    } else if has("limit must be >= 0") {
        return Error::new(sqlstate::INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, "LIMIT must not be negative");
    } else if has("offset must be >=0") {
        return Error::new(sqlstate::INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE, "OFFSET must not be negative");
    } else if has("order by column out of bounds") {
        let position = between(text, "specified: ", ",").unwrap_or_default();
        let message = format!("ORDER BY position {position} is not in select list");
        return Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message);
    } else if has("for select distinct") {
        let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
        return Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message);
    } else if has("select distinct on expressions must match") {
        let message = "SELECT DISTINCT ON expressions must match initial ORDER BY expressions";
        return Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message);
    } else if has("names given as column alias") {
        sqlstate::INVALID_COLUMN_REFERENCE
    } else if has("specified more than once") {
        sqlstate::DUPLICATE_ALIAS
    } else if has("unary operator '-'") {
        sqlstate::UNDEFINED_FUNCTION
    } else if has("recursion") {
        sqlstate::STATEMENT_TOO_COMPLEX
    } else if has("nested aggregate") || has("aggregate") {
        sqlstate::GROUPING_ERROR
    } else if has("window") {
        sqlstate::WINDOWING_ERROR
    } else if has("placeholder") {
        sqlstate::INDETERMINATE_DATATYPE
    } else {
        sqlstate::SYNTAX_ERROR
    };
    Error::new(state, tidy(text))
}

fn undefined_function(name: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_FUNCTION, format!("function {}() does not exist", name.to_lowercase()))
        .hint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

fn grouping(text: &str) -> Error {
    match between(text, "column \"", "\"") {
        Some(column) => Error::new(
            sqlstate::GROUPING_ERROR,
            format!("column \"{column}\" must appear in the GROUP BY clause or be used in an aggregate function"),
        ),
        None => Error::new(sqlstate::GROUPING_ERROR, tidy(text)),
    }
}

/// Errors of running, which are the data's fault.
fn running(text: &str) -> Error {
    let lower = text.to_lowercase();
    let has = |part: &str| lower.contains(part);
    if has("divide by zero") || has("division by zero") {
        return Error::new(sqlstate::DIVISION_BY_ZERO, "division by zero");
    }
    if has("overflow") || has("out of range") {
        return out_of_range();
    }
    if has("cannot cast") || has("can't cast") || has("error parsing") {
        return cast(text);
    }
    if has("scalar subquery") || has("more than one row") {
        return Error::new(
            sqlstate::CARDINALITY_VIOLATION,
            "more than one row returned by a subquery used as an expression",
        );
    }
    if has("regex parse error") || has("regular expression") {
        return Error::new(
            sqlstate::INVALID_REGULAR_EXPRESSION,
            format!("invalid regular expression: {}", tidy(text.lines().last().unwrap_or(text))),
        );
    }
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, tidy(text))
}

/// `Cannot cast string 'abc' to value of Int32 type` and its kin.
fn cast(text: &str) -> Error {
    let value = between(text, "'", "'").unwrap_or_default();
    let state_and_type = if text.contains("Timestamp") || text.contains("timestamp") {
        (sqlstate::INVALID_DATETIME_FORMAT, "timestamp")
    } else if text.contains("Date") || text.contains("date") {
        (sqlstate::INVALID_DATETIME_FORMAT, "date")
    } else if text.contains("Interval") || text.contains("interval") {
        (sqlstate::INVALID_DATETIME_FORMAT, "interval")
    } else if text.contains("Int64") {
        (sqlstate::INVALID_TEXT_REPRESENTATION, "bigint")
    } else if text.contains("Int32") {
        (sqlstate::INVALID_TEXT_REPRESENTATION, "integer")
    } else if text.contains("Int16") {
        (sqlstate::INVALID_TEXT_REPRESENTATION, "smallint")
    } else if text.contains("Float") {
        (sqlstate::INVALID_TEXT_REPRESENTATION, "double precision")
    } else if text.contains("Bool") {
        (sqlstate::INVALID_TEXT_REPRESENTATION, "boolean")
    } else if text.contains("Decimal") || text.contains("decimal") {
        (sqlstate::INVALID_TEXT_REPRESENTATION, "numeric")
    } else {
        return Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, tidy(text));
    };
    if !text.contains("string") && !text.contains("parsing") && value.is_empty() {
        return out_of_range();
    }
    let (state, name) = state_and_type;
    Error::new(state, format!("invalid input syntax for type {name}: \"{value}\""))
}

fn out_of_range() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
}

fn exhausted(text: &str) -> Error {
    if text.contains("disk") || text.contains("temp") {
        return Error::new(sqlstate::DISK_FULL, "could not write temporary data: the spill limit is reached")
            .detail(tidy(text));
    }
    Error::new(sqlstate::OUT_OF_MEMORY, "out of memory")
        .detail(tidy(text))
        .hint("The statement needs more memory than the server's configuration allows.")
}

fn corrupted(text: &str) -> Error {
    Error::new(sqlstate::DATA_CORRUPTED, format!("could not read the table's file: {}", tidy(text)))
}

fn object_store(error: &object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { path, .. } => {
            Error::new(sqlstate::UNDEFINED_FILE, format!("the table's file \"{path}\" does not exist any more"))
        }
        object_store::Error::Precondition { path, .. } | object_store::Error::NotModified { path, .. } => {
            Error::new(sqlstate::DATA_CORRUPTED, format!("the table's file \"{path}\" has changed"))
        }
        other => Error::new(sqlstate::IO_ERROR, format!("could not read from the object store: {other}")),
    }
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inner, _)| inner)
}

/// The engine's sentence in PostgreSQL's style: first line, no prefix, lower case first, no full stop.
fn tidy(text: &str) -> String {
    let line = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default().trim();
    let line = line.rsplit_once("planning: ").map_or(line, |(_, rest)| rest).trim_end_matches('.');
    let mut chars = line.chars();
    match chars.next() {
        Some(first) if !chars.as_str().starts_with(char::is_uppercase) => first.to_lowercase().chain(chars).collect(),
        _ => line.to_owned(),
    }
}
