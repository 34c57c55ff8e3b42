//! A client's bytes to batches of a table's columns: lines or binary rows, taken apart and converted some rows at a time.
//!
//! Rows before a broken one come out before its error does, so that what is wrong with them is told first. Errors name
//! the line, the column and the value, as PostgreSQL's CONTEXT does.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::FieldRef;

use super::decode::{Fault, Problem, Source};
use super::lines::{self, Lines};
use super::options::{CopyOptions, Form, Header};
use super::rows::{Cell, Fields, Row, Waiting};
use super::{binary, csv, text};
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::types::{Format, TextStyle};

/// The column of the numbers of lines.
pub const LINE: &str = "\u{1}line";
/// Rows that are converted together, at most.
const BATCH_ROWS: usize = 8_192;
/// Bytes of rows that are converted together, about.
const BATCH_BYTES: usize = 1 << 20;
/// Bytes of a line or value that an error shows.
const SHOWN_BYTES: usize = 100;

/// What the data is read into.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The table's name.
    pub table: String,
    /// The columns in the order of the data.
    pub columns: Vec<ShapeColumn>,
}

/// A column that is read.
#[derive(Clone, Debug)]
pub struct ShapeColumn {
    /// The column.
    pub field: FieldRef,
    /// Whether DEFAULT has a meaning for it.
    pub has_default: bool,
    /// FORCE_NOT_NULL.
    pub force_not_null: bool,
    /// FORCE_NULL.
    pub force_null: bool,
}

/// Rows as columns.
#[derive(Debug)]
pub struct Decoded {
    /// The number of each row's line, then the columns that are given.
    pub batch: RecordBatch,
    /// Whether each column of the shape is given; the others take their defaults.
    pub given: Vec<bool>,
    /// The rows' lines as they came; none of binary data.
    lines: Option<Waiting>,
    table: String,
}

/// What the reader has.
#[derive(Debug)]
pub enum Step {
    /// Rows.
    Rows(Box<Decoded>),
    /// It needs more bytes.
    More,
    /// All rows were given.
    End,
}

/// Reads the data of one COPY.
pub struct Reader {
    shape: Arc<Shape>,
    options: CopyOptions,
    style: TextStyle,
    input: Input,
    eof: bool,
    /// The header line is still to come.
    heading: bool,
    row: Row,
    /// The row was read and waits for those before it, which take other defaults.
    held: Option<u64>,
    /// The line being read, or the row's.
    line: Vec<u8>,
    waiting: Waiting,
    given: Vec<bool>,
    /// What ended the reading, once the rows before it are given.
    failed: Option<Error>,
    /// Rows passed over by ON_ERROR ignore.
    pub skipped: u64,
    notices: Vec<Error>,
}

enum Input {
    Lines(Lines),
    Binary(binary::Rows),
}

/// What reading a row came to.
enum Read {
    /// A row; its line's number.
    Row(u64),
    Skipped,
    More,
    End,
}

impl Reader {
    /// A reader of nothing so far.
    #[must_use]
    pub fn new(shape: Arc<Shape>, options: CopyOptions, style: &TextStyle) -> Self {
        let input = match options.form {
            Form::Binary => Input::Binary(binary::Rows::default()),
            Form::Csv => Input::Lines(Lines::new(Some((options.quote, options.escape)))),
            Form::Text => Input::Lines(Lines::new(None)),
        };
        let width = shape.columns.len();
        Self {
            heading: options.header != Header::No,
            options,
            style: style.clone(),
            input,
            eof: false,
            row: Row::default(),
            held: None,
            line: Vec::new(),
            waiting: Waiting::new(width),
            given: vec![true; width],
            failed: None,
            skipped: 0,
            notices: Vec::new(),
            shape,
        }
    }

    /// Takes more bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        match &mut self.input {
            Input::Lines(lines) => lines.push(bytes),
            Input::Binary(rows) => rows.push(bytes),
        }
    }

    /// Nothing will come any more.
    pub fn finish(&mut self) {
        self.eof = true;
    }

    /// Bytes of memory that it holds.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let input = match &self.input {
            Input::Lines(lines) => lines.held(),
            Input::Binary(rows) => rows.held(),
        };
        input + self.waiting.held() + self.row.bytes.capacity()
    }

    /// Notices about rows that were passed over.
    pub fn take_notices(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.notices)
    }

    /// The next rows. With `flush` as many as there are, else only a batch's worth.
    ///
    /// # Errors
    ///
    /// What is wrong with the data, once the rows before it are given.
    pub fn next(&mut self, flush: bool) -> Result<Step> {
        loop {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            match self.fill() {
                Ok(Filled::Enough) => {}
                Ok(Filled::Exhausted) if flush || self.eof => {}
                Ok(Filled::Exhausted) => return Ok(Step::More),
                Err(error) => self.failed = Some(error),
            }
            if self.waiting.len() == 0 {
                match (self.failed.take(), self.eof) {
                    (Some(error), _) => return Err(error),
                    (None, true) => return Ok(Step::End),
                    (None, false) => return Ok(Step::More),
                }
            }
            if let Some(decoded) = self.decode()? {
                return Ok(Step::Rows(Box::new(decoded)));
            }
        }
    }

    /// The CONTEXT of an error that is about no row in particular; none before the first row of binary data.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let number = match &self.input {
            Input::Lines(lines) => lines.number.max(1),
            Input::Binary(rows) if rows.number == 0 => return None,
            Input::Binary(rows) => rows.number,
        };
        Some(format!("COPY {}, line {number}", self.shape.table))
    }

    /// Reads rows until there are enough of them.
    fn fill(&mut self) -> Result<Filled> {
        loop {
            if self.waiting.len() >= BATCH_ROWS || self.waiting.size() >= BATCH_BYTES {
                return Ok(Filled::Enough);
            }
            if self.held.is_none() {
                match self.read()? {
                    Read::Row(number) => self.held = Some(number),
                    Read::Skipped => continue,
                    Read::More | Read::End => return Ok(Filled::Exhausted),
                }
            }
            let given = self.row.cells.iter().map(|cell| *cell != Cell::Default);
            if self.waiting.len() > 0 && given.clone().ne(self.given.iter().copied()) {
                return Ok(Filled::Enough);
            }
            if let Some(number) = self.held.take() {
                self.given = given.collect();
                self.waiting.push(&self.row, number, &self.line);
            }
        }
    }

    fn read(&mut self) -> Result<Read> {
        match &mut self.input {
            Input::Binary(rows) => {
                let next = rows.next(self.shape.columns.len(), self.eof, &mut self.row);
                let number = rows.number;
                match next {
                    Ok(binary::Next::Row) => Ok(Read::Row(number)),
                    Ok(binary::Next::More) => Ok(Read::More),
                    Ok(binary::Next::End) => Ok(Read::End),
                    Err((error, _)) if number == 0 => Err(error),
                    Err((error, column)) => {
                        let mut place = format!("COPY {}, line {number}", self.shape.table);
                        if let Some(column) = column {
                            place = format!("{place}, column {}", self.name(column));
                        }
                        Err(error.context(place))
                    }
                }
            }
            Input::Lines(_) => self.read_line(),
        }
    }

    fn read_line(&mut self) -> Result<Read> {
        let Input::Lines(lines) = &mut self.input else { return Ok(Read::End) };
        let shape = Arc::clone(&self.shape);
        let found = lines.next(self.eof);
        let number = lines.number;
        let short = || format!("COPY {}, line {number}", shape.table);
        let range = match found.map_err(|error| error.context(short()))? {
            lines::Next::Line(range) => range,
            lines::Next::More => return Ok(Read::More),
            lines::Next::End => return Ok(Read::End),
        };
        let text = self.options.encoding.decode(lines.line(range)).map_err(|error| error.context(short()))?;
        self.line.clear();
        self.line.extend_from_slice(&text);
        let line = std::mem::take(&mut self.line);
        let read = self.read_fields(&line, &shape, number);
        let read = read.map_err(|error| match error.get_context() {
            Some(_) => error,
            None => error.context(format!("{}: \"{}\"", short(), shown(&line))),
        });
        self.line = line;
        read
    }

    /// The fields of a line.
    fn read_fields(&mut self, line: &[u8], shape: &Shape, number: u64) -> Result<Read> {
        if std::mem::take(&mut self.heading) {
            self.check_header(line)?;
            return Ok(Read::Skipped);
        }
        let width = shape.columns.len();
        split(line, &self.options, &shape.columns, &mut self.row)?;
        if self.row.cells.len() > width {
            return Err(broken("extra data after last expected column"));
        }
        self.force();
        if self.row.cells.len() < width {
            // What is wrong with the fields before comes first.
            if self.check_fields(number)? {
                return Ok(Read::Skipped);
            }
            let name = self.name(self.row.cells.len());
            return Err(broken(format!("missing data for column \"{name}\"")));
        }
        Ok(Read::Row(number))
    }

    fn name(&self, column: usize) -> &str {
        self.shape.columns.get(column).map_or("", |column| column.field.name())
    }

    /// What FORCE_NULL and FORCE_NOT_NULL make of the row's fields.
    fn force(&mut self) {
        if self.options.form != Form::Csv {
            return;
        }
        let null = self.options.null.as_bytes();
        for (i, column) in self.shape.columns.iter().enumerate() {
            let is_null_text = self.row.value(i) == Some(null);
            match self.row.cells.get_mut(i) {
                Some(cell @ Cell::Null) if column.force_not_null => {
                    let start = self.row.bytes.len();
                    self.row.bytes.extend_from_slice(null);
                    *cell = Cell::Value(start..self.row.bytes.len());
                }
                Some(cell) if is_null_text && column.force_null => *cell = Cell::Null,
                _ => {}
            }
        }
    }

    /// HEADER match.
    fn check_header(&mut self, line: &[u8]) -> Result<()> {
        if self.options.header != Header::Match {
            return Ok(());
        }
        split(line, &CopyOptions { default: None, ..self.options.clone() }, &[], &mut self.row)?;
        let (got, expected) = (self.row.cells.len(), self.shape.columns.len());
        if got != expected {
            return Err(broken(format!("wrong number of fields in header line: got {got}, expected {expected}")));
        }
        for i in 0..expected {
            let (name, at) = (self.name(i), i + 1);
            let got = match self.row.value(i) {
                Some(field) if field == name.as_bytes() => continue,
                Some(field) => format!("\"{}\"", String::from_utf8_lossy(field)),
                None => format!("null value (\"{}\")", self.options.null),
            };
            return Err(broken(format!(
                "column name mismatch in header line field {at}: got {got}, expected \"{name}\""
            )));
        }
        Ok(())
    }

    /// Converts the fields of the row being read; gives whether one of them makes it a row to be passed over.
    fn check_fields(&mut self, number: u64) -> Result<bool> {
        for column in 0..self.row.cells.len() {
            let Some(value) = self.row.value(column) else { continue };
            let field = &self.shape.columns[column].field;
            if let Err(error) = super::column::decode(field, Format::Text, &[Some(value)], &self.style) {
                let value = Some(value.to_vec());
                let fault = Fault { row: 0, column, error };
                return self.fault(fault, number, value.as_deref()).map(|()| true);
            }
        }
        Ok(false)
    }

    /// The rows that wait, as columns; none when all of them were passed over.
    fn decode(&mut self) -> Result<Option<Decoded>> {
        let waiting = std::mem::replace(&mut self.waiting, Waiting::new(self.shape.columns.len()));
        let format = if self.options.form == Form::Binary { Format::Binary } else { Format::Text };
        let given = self.given.clone();
        let (shape, style) = (Arc::clone(&self.shape), self.style.clone());
        let source = Source { shape: &shape, given: &given, waiting: &waiting, format, style: &style };
        let mut rows: Vec<usize> = (0..waiting.len()).collect();
        let batch = loop {
            let faults = match source.batch(&rows, self.options.ignore_errors) {
                Ok(batch) => break batch,
                Err(Problem::Whole(error)) => return Err(error),
                Err(Problem::Faults(faults)) => faults,
            };
            let mut passed = HashSet::new();
            for fault in faults {
                let (place, at) = (fault.row, rows[fault.row]);
                let value = waiting.value(at, fault.column);
                if let Err(error) = self.fault(fault, waiting.lines[at], value) {
                    self.failed = Some(error);
                    rows.truncate(place);
                    break;
                }
                passed.insert(at);
            }
            rows.retain(|row| !passed.contains(row));
        };
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let lines = (self.options.form != Form::Binary).then_some(waiting);
        Ok(Some(Decoded { batch, given, lines, table: self.shape.table.clone() }))
    }

    /// A field that is no value of its column: its error, or a notice where such rows are passed over.
    fn fault(&mut self, fault: Fault, line: u64, value: Option<&[u8]>) -> Result<()> {
        let name = self.name(fault.column).to_owned();
        let shown_value = value.map(shown);
        if self.options.ignore_errors && is_soft(&fault.error) {
            self.skipped += 1;
            if self.options.verbose {
                let what = shown_value.map_or_else(|| "null input".to_owned(), |value| format!("\"{value}\""));
                let message = format!(
                    "skipping row due to data type incompatibility at line {line} for column \"{name}\": {what}"
                );
                let notice = Error::notice(sqlstate::SUCCESSFUL_COMPLETION, message);
                self.notices.push(notice.context(format!("COPY {}", self.shape.table)));
            }
            return Ok(());
        }
        let place = format!("COPY {}, line {line}, column {name}", self.shape.table);
        let what = match (self.options.form, shown_value) {
            (Form::Binary, _) => String::new(),
            (_, Some(value)) => format!(": \"{value}\""),
            (_, None) => ": null input".to_owned(),
        };
        Err(fault.error.context(format!("{place}{what}")))
    }
}

/// Whether there are rows enough.
enum Filled {
    Enough,
    Exhausted,
}

impl Decoded {
    /// The CONTEXT of an error about a row, which is named by the number of its line; `whole`: with the line itself.
    #[must_use]
    pub fn place(&self, line: i64, whole: bool) -> String {
        let place = format!("COPY {}, line {line}", self.table);
        let Some(lines) = self.lines.as_ref().filter(|_| whole) else { return place };
        match lines.lines.iter().position(|number| i64::try_from(*number) == Ok(line)) {
            Some(row) => format!("{place}: \"{}\"", shown(lines.raw(row))),
            None => place,
        }
    }
}

/// Takes a line apart into the row's fields.
fn split(line: &[u8], options: &CopyOptions, columns: &[ShapeColumn], row: &mut Row) -> Result<()> {
    let default = options.default.as_deref().map(str::as_bytes);
    let mut fields = Fields::new(row, options.null.as_bytes(), default, columns);
    match options.form {
        Form::Csv => csv::split(line, options, &mut fields),
        Form::Text | Form::Binary => text::split(line, options.delimiter, &mut fields),
    }
}

/// Whether ON_ERROR ignore passes over a row for an error: what an input function says of its text.
fn is_soft(error: &Error) -> bool {
    error.sqlstate().class() == "22"
}

/// Bytes of the client as errors show them.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.len() <= SHOWN_BYTES {
        return text.into_owned();
    }
    format!("{}...", &text[..text.floor_char_boundary(SHOWN_BYTES)])
}

fn broken(message: impl Into<String>) -> Error {
    Error::new(sqlstate::BAD_COPY_FILE_FORMAT, message.into())
}
