//! The one error type: what went wrong, as PostgreSQL would report it.
//!
//! Every layer returns [`Error`]; `wire/error.rs` (and the HTTP door) turn it into bytes. Messages follow
//! PostgreSQL's style: lowercase, no full stop, double quotes round names; detail and hint are sentences.
//! An error never holds a parameter value or a secret.

use std::borrow::Cow;
use std::fmt;

use crate::sqlstate::{self, SqlState};

/// A result with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How grave a report is; `Fatal` ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The statement failed; the session goes on.
    Error,
    /// The session ends after this report.
    Fatal,
    /// A warning that accompanies a success.
    Warning,
    /// A notice that accompanies a success.
    Notice,
}

impl Severity {
    /// The word in fields `S` and `V` of an ErrorResponse or NoticeResponse.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
            Self::Warning => "WARNING",
            Self::Notice => "NOTICE",
        }
    }
}

/// An error, warning or notice with PostgreSQL's fields.
#[derive(Clone)]
pub struct Error(Box<Report>);

#[derive(Clone)]
struct Report {
    severity: Severity,
    sqlstate: SqlState,
    message: Cow<'static, str>,
    detail: Option<String>,
    hint: Option<String>,
    context: Option<String>,
    position: Option<usize>,
    /// Line and column in the script, until they are made a position.
    place: Option<(u64, u64)>,
    /// The row of a batch that it is about.
    row: Option<usize>,
}

impl Error {
    /// An error of a class, with PostgreSQL's message.
    pub fn new(sqlstate: SqlState, message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_severity(Severity::Error, sqlstate, message)
    }

    /// An error that ends the session.
    pub fn fatal(sqlstate: SqlState, message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_severity(Severity::Fatal, sqlstate, message)
    }

    /// A warning (not a failure).
    pub fn warning(sqlstate: SqlState, message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_severity(Severity::Warning, sqlstate, message)
    }

    /// A notice (not a failure).
    pub fn notice(sqlstate: SqlState, message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_severity(Severity::Notice, sqlstate, message)
    }

    /// A fault of the server itself: `XX000`. Nothing a user does may end here.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(sqlstate::INTERNAL_ERROR, message)
    }

    /// `0A000`: PostgreSQL can do this and lakewire cannot.
    pub fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(sqlstate::FEATURE_NOT_SUPPORTED, message)
    }

    /// `08P01`, a broken message from the client.
    pub fn protocol(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(sqlstate::PROTOCOL_VIOLATION, message)
    }

    fn with_severity(severity: Severity, sqlstate: SqlState, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Report {
            severity,
            sqlstate,
            message: message.into(),
            detail: None,
            hint: None,
            context: None,
            position: None,
            place: None,
            row: None,
        }))
    }

    /// The same report with a DETAIL sentence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// The same report with a HINT sentence.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same report with a CONTEXT line (field `W`).
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.0.context = Some(context.into());
        self
    }

    /// The same report pointing at a character of the statement, counted from 1.
    #[must_use]
    pub fn at(mut self, position: usize) -> Self {
        self.0.position = Some(position);
        self
    }

    /// The same report, its position filled in only where it has none yet.
    #[must_use]
    pub fn or_at(mut self, position: Option<usize>) -> Self {
        self.0.position = self.0.position.or(position);
        self
    }

    /// The same report about a line and column of the script, for whoever knows the script to make a position of.
    #[must_use]
    pub fn placed(mut self, line: u64, column: u64) -> Self {
        self.0.place = Some((line, column));
        self
    }

    /// The line and column of the script that it is about.
    #[must_use]
    pub fn place(&self) -> Option<(u64, u64)> {
        self.0.place
    }

    /// The same report about a row of a batch, for whoever knows where that row came from.
    #[must_use]
    pub fn of_row(mut self, row: usize) -> Self {
        self.0.row = Some(row);
        self
    }

    /// The row of a batch that it is about.
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        self.0.row
    }

    /// The same report as one that ends the session.
    #[must_use]
    pub fn into_fatal(mut self) -> Self {
        self.0.severity = Severity::Fatal;
        self
    }

    /// Its severity.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.0.severity
    }

    /// Its SQLSTATE.
    #[must_use]
    pub fn sqlstate(&self) -> SqlState {
        self.0.sqlstate
    }

    /// Its primary message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Its DETAIL, if any.
    #[must_use]
    pub fn get_detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// Its HINT, if any.
    #[must_use]
    pub fn get_hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Its CONTEXT, if any.
    #[must_use]
    pub fn get_context(&self) -> Option<&str> {
        self.0.context.as_deref()
    }

    /// The character of the statement it points at, counted from 1.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        self.0.position
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.0.severity.as_str(), self.0.message, self.0.sqlstate)
    }
}

impl std::error::Error for Error {}
