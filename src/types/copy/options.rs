//! What the options of a COPY mean: PostgreSQL's checks, in its order, with its errors.

use super::Encoding;
use crate::error::{Error, Result};
use crate::sqlstate;

/// An option as written.
#[derive(Clone, Debug)]
pub struct RawOption {
    /// Its name, folded.
    pub name: String,
    /// Its value.
    pub value: OptionValue,
    /// The character at which it stands, counted from 1.
    pub position: Option<usize>,
}

/// An option's value as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// None.
    Nothing,
    /// A word or a string.
    Text(String),
    /// A number.
    Number(String),
    /// `*`
    All,
    /// A list in parentheses.
    List(Vec<String>),
}

/// The format of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Fields divided by tabs, with backslashes for what is special.
    Text,
    /// Fields divided by commas, in quotes where they must be.
    Csv,
    /// PostgreSQL's binary rows.
    Binary,
}

/// Whether a line of names comes before the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// None.
    No,
    /// One that is passed over when it is read.
    Yes,
    /// One that must have the columns' names.
    Match,
}

/// Columns that an option names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// None.
    No,
    /// `*`
    All,
    /// These.
    Named(Vec<String>),
}

/// The options of a COPY.
#[derive(Clone, Debug)]
pub struct CopyOptions {
    /// FORMAT.
    pub form: Form,
    /// FREEZE.
    pub freeze: bool,
    /// DELIMITER.
    pub delimiter: u8,
    /// NULL.
    pub null: String,
    /// DEFAULT.
    pub default: Option<String>,
    /// HEADER.
    pub header: Header,
    /// QUOTE.
    pub quote: u8,
    /// ESCAPE.
    pub escape: u8,
    /// FORCE_QUOTE.
    pub force_quote: Columns,
    /// FORCE_NOT_NULL.
    pub force_not_null: Columns,
    /// FORCE_NULL.
    pub force_null: Columns,
    /// ENCODING.
    pub encoding: Encoding,
    /// ON_ERROR ignore.
    pub ignore_errors: bool,
    /// LOG_VERBOSITY verbose.
    pub verbose: bool,
}

/// What the options say, before they are checked against each other.
#[derive(Default)]
struct Said {
    form: Option<Form>,
    freeze: Option<bool>,
    delimiter: Option<String>,
    null: Option<String>,
    default: Option<String>,
    header: Option<Header>,
    quote: Option<String>,
    escape: Option<String>,
    force_quote: Option<Columns>,
    force_not_null: Option<Columns>,
    force_null: Option<Columns>,
    encoding: Option<Encoding>,
    ignore_errors: Option<bool>,
    verbose: Option<bool>,
}

impl CopyOptions {
    /// The meaning of a statement's options; `from` is the direction.
    ///
    /// # Errors
    ///
    /// `42601`, `22023`, `0A000` as PostgreSQL.
    pub fn of(options: &[RawOption], from: bool) -> Result<Self> {
        let mut said = Said::default();
        for option in options {
            said.read(option, from)
                .map_err(|(error, placed)| if placed { error.or_at(option.position) } else { error })?;
        }
        said.checked(from)
    }
}

/// An error, and whether it points at the option.
type Refused = (Error, bool);

impl Said {
    fn read(&mut self, option: &RawOption, from: bool) -> Result<(), Refused> {
        let plain = |error| (error, false);
        match option.name.as_str() {
            "format" => once(&mut self.form, || form(option)),
            "freeze" => once(&mut self.freeze, || boolean(option).map_err(plain)),
            "delimiter" => once(&mut self.delimiter, || string(option).map_err(plain)),
            "null" => once(&mut self.null, || string(option).map_err(plain)),
            "default" => once(&mut self.default, || string(option).map_err(plain)),
            "header" => once(&mut self.header, || header(option, from).map_err(plain)),
            "quote" => once(&mut self.quote, || string(option).map_err(plain)),
            "escape" => once(&mut self.escape, || string(option).map_err(plain)),
            "force_quote" => once(&mut self.force_quote, || columns(option)),
            "force_not_null" => once(&mut self.force_not_null, || columns(option)),
            "force_null" => once(&mut self.force_null, || columns(option)),
            "encoding" => once(&mut self.encoding, || encoding(option)),
            "on_error" => once(&mut self.ignore_errors, || {
                if !from {
                    let message = "COPY ON_ERROR cannot be used with COPY TO";
                    return Err((Error::new(sqlstate::INVALID_PARAMETER_VALUE, message), true));
                }
                choice(option, "ON_ERROR", &["stop", "ignore"])
            }),
            "log_verbosity" => once(&mut self.verbose, || choice(option, "LOG_VERBOSITY", &["default", "verbose"])),
            name => Err((Error::new(sqlstate::SYNTAX_ERROR, format!("option \"{name}\" not recognized")), true)),
        }
    }

    fn checked(self, from: bool) -> Result<CopyOptions> {
        let form = self.form.unwrap_or(Form::Text);
        let csv = form == Form::Csv;
        let quoting = self.quote.is_some() || self.escape.is_some();
        if form == Form::Binary {
            self.check_binary()?;
        }
        let separator = if csv { "," } else { "\t" };
        let delimiter = self.delimiter.unwrap_or_else(|| separator.to_owned());
        let null = self.null.unwrap_or_else(|| (if csv { "" } else { "\\N" }).to_owned());
        let (had_quote, had_escape) = (self.quote.is_some(), self.escape.is_some());
        let quote = self.quote.unwrap_or_else(|| "\"".to_owned());
        let escape = self.escape.unwrap_or_else(|| quote.clone());
        check_delimiter(&delimiter, &null, self.default.as_deref(), csv)?;
        let header = self.header.unwrap_or(Header::No);
        if form == Form::Binary && header != Header::No {
            return Err(Error::unsupported("cannot specify HEADER in BINARY mode"));
        }
        let delimiter = delimiter.as_bytes()[0];
        if quoting || csv {
            check_quoting(csv, delimiter, (had_quote, &quote), (had_escape, &escape))?;
        }
        let columns = |said: Option<Columns>| said.unwrap_or(Columns::No);
        let forced = [columns(self.force_quote), columns(self.force_not_null), columns(self.force_null)];
        check_forced(&forced, csv, from)?;
        let quote = quote.as_bytes().first().copied().unwrap_or(b'"');
        let marks = Marks { delimiter, quote: csv.then_some(quote), null: &null };
        marks.check(self.default.as_deref(), self.freeze == Some(true), from)?;
        let [force_quote, force_not_null, force_null] = forced;
        Ok(CopyOptions {
            form,
            freeze: self.freeze.unwrap_or(false),
            delimiter,
            quote,
            escape: escape.as_bytes().first().copied().unwrap_or(quote),
            null,
            default: self.default,
            header,
            force_quote,
            force_not_null,
            force_null,
            encoding: self.encoding.unwrap_or(Encoding::Utf8),
            ignore_errors: self.ignore_errors.unwrap_or(false),
            verbose: self.verbose.unwrap_or(false),
        })
    }

    /// What is no option of the binary format.
    fn check_binary(&self) -> Result<()> {
        let said = [
            ("DELIMITER", self.delimiter.is_some()),
            ("NULL", self.null.is_some()),
            ("DEFAULT", self.default.is_some()),
        ];
        if let Some((name, _)) = said.iter().find(|(_, said)| *said) {
            return Err(Error::new(sqlstate::SYNTAX_ERROR, format!("cannot specify {name} in BINARY mode")));
        }
        if self.ignore_errors == Some(true) {
            return Err(Error::new(sqlstate::SYNTAX_ERROR, "only ON_ERROR STOP is allowed in BINARY mode"));
        }
        Ok(())
    }
}

/// Keeps an option's value; `42601` for a second one.
fn once<T>(place: &mut Option<T>, read: impl FnOnce() -> Result<T, Refused>) -> Result<(), Refused> {
    if place.is_some() {
        return Err((Error::new(sqlstate::SYNTAX_ERROR, "conflicting or redundant options"), true));
    }
    *place = Some(read()?);
    Ok(())
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message.into())
}

fn string(option: &RawOption) -> Result<String> {
    match &option.value {
        OptionValue::Nothing => {
            Err(Error::new(sqlstate::SYNTAX_ERROR, format!("{} requires a parameter", option.name)))
        }
        OptionValue::Text(text) | OptionValue::Number(text) => Ok(text.clone()),
        OptionValue::All => Ok("*".to_owned()),
        OptionValue::List(items) => Ok(items.join(", ")),
    }
}

fn form(option: &RawOption) -> Result<Form, Refused> {
    match string(option).map_err(|error| (error, false))?.as_str() {
        "text" => Ok(Form::Text),
        "csv" => Ok(Form::Csv),
        "binary" => Ok(Form::Binary),
        other => Err((invalid(format!("COPY format \"{other}\" not recognized")), true)),
    }
}

/// A Boolean as a word or number says it; `None` for another word.
fn truth(value: &OptionValue) -> Option<bool> {
    match value {
        OptionValue::Nothing => Some(true),
        OptionValue::Number(digits) => match digits.as_str() {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        },
        OptionValue::Text(word) => match word.to_ascii_lowercase().as_str() {
            "true" | "on" => Some(true),
            "false" | "off" => Some(false),
            _ => None,
        },
        OptionValue::All | OptionValue::List(_) => None,
    }
}

fn boolean(option: &RawOption) -> Result<bool> {
    truth(&option.value)
        .ok_or_else(|| Error::new(sqlstate::SYNTAX_ERROR, format!("{} requires a Boolean value", option.name)))
}

fn header(option: &RawOption, from: bool) -> Result<Header> {
    if let Some(truth) = truth(&option.value) {
        return Ok(if truth { Header::Yes } else { Header::No });
    }
    match &option.value {
        OptionValue::Text(word) if word.eq_ignore_ascii_case("match") && from => Ok(Header::Match),
        OptionValue::Text(word) if word.eq_ignore_ascii_case("match") => {
            Err(Error::unsupported(format!("cannot use \"{word}\" with HEADER in COPY TO")))
        }
        _ => {
            let message = format!("{} requires a Boolean value or \"match\"", option.name);
            Err(Error::new(sqlstate::SYNTAX_ERROR, message))
        }
    }
}

fn columns(option: &RawOption) -> Result<Columns, Refused> {
    match &option.value {
        OptionValue::All => Ok(Columns::All),
        OptionValue::List(names) => Ok(Columns::Named(names.clone())),
        _ => {
            let message = format!("argument to option \"{}\" must be a list of column names", option.name);
            Err((invalid(message), true))
        }
    }
}

fn encoding(option: &RawOption) -> Result<Encoding, Refused> {
    let name = string(option).map_err(|error| (error, false))?;
    let found = Encoding::of(&name).map_err(|error| (error, true))?;
    found
        .ok_or_else(|| (invalid(format!("argument to option \"{}\" must be a valid encoding name", option.name)), true))
}

/// Whether the second of two words is said.
fn choice(option: &RawOption, shown: &str, words: &[&str; 2]) -> Result<bool, Refused> {
    let word = string(option).map_err(|error| (error, false))?;
    match words.iter().position(|known| word.eq_ignore_ascii_case(known)) {
        Some(place) => Ok(place == 1),
        None => Err((invalid(format!("COPY {shown} \"{word}\" not recognized")), true)),
    }
}

fn check_delimiter(delimiter: &str, null: &str, default: Option<&str>, csv: bool) -> Result<()> {
    let has_line_end = |text: &str| text.contains(['\r', '\n']);
    if delimiter.len() != 1 {
        return Err(Error::unsupported("COPY delimiter must be a single one-byte character"));
    }
    if has_line_end(delimiter) {
        return Err(invalid("COPY delimiter cannot be newline or carriage return"));
    }
    if has_line_end(null) {
        return Err(invalid("COPY null representation cannot use newline or carriage return"));
    }
    if default.is_some_and(has_line_end) {
        return Err(invalid("COPY default representation cannot use newline or carriage return"));
    }
    if !csv && "\\.abcdefghijklmnopqrstuvwxyz0123456789".contains(delimiter) {
        return Err(invalid(format!("COPY delimiter cannot be \"{delimiter}\"")));
    }
    Ok(())
}

fn check_quoting(
    csv: bool,
    delimiter: u8,
    (had_quote, quote): (bool, &str),
    (had_escape, escape): (bool, &str),
) -> Result<()> {
    let needs = |what: &str| Error::unsupported(format!("COPY {what} requires CSV mode"));
    let single = |what: &str| Error::unsupported(format!("COPY {what} must be a single one-byte character"));
    match csv {
        false if had_quote => Err(needs("QUOTE")),
        true if quote.len() != 1 => Err(single("quote")),
        true if quote.as_bytes() == [delimiter] => Err(invalid("COPY delimiter and quote must be different")),
        false if had_escape => Err(needs("ESCAPE")),
        true if escape.len() != 1 => Err(single("escape")),
        _ => Ok(()),
    }
}

fn check_forced([quote, not_null, null]: &[Columns; 3], csv: bool, from: bool) -> Result<()> {
    for (name, columns, only_from) in
        [("FORCE_QUOTE", quote, false), ("FORCE_NOT_NULL", not_null, true), ("FORCE_NULL", null, true)]
    {
        if *columns == Columns::No {
            continue;
        }
        if !csv {
            return Err(Error::unsupported(format!("COPY {name} requires CSV mode")));
        }
        if from && !only_from {
            return Err(Error::unsupported(format!("COPY {name} cannot be used with COPY FROM")));
        }
        if !from && only_from {
            return Err(invalid(format!("COPY {name} cannot be used with COPY TO")));
        }
    }
    Ok(())
}

/// The characters that divide fields, and what stands for NULL.
struct Marks<'a> {
    delimiter: u8,
    quote: Option<u8>,
    null: &'a str,
}

impl Marks<'_> {
    fn check(&self, default: Option<&str>, freeze: bool, from: bool) -> Result<()> {
        let delimiter_in = |text: &str| text.as_bytes().contains(&self.delimiter);
        let quote_in = |text: &str| self.quote.is_some_and(|quote| text.as_bytes().contains(&quote));
        let divides = |what: &str| format!("COPY delimiter character must not appear in the {what} specification");
        let quotes = |what: &str| format!("CSV quote character must not appear in the {what} specification");
        if delimiter_in(self.null) {
            return Err(invalid(divides("NULL")));
        }
        if quote_in(self.null) {
            return Err(invalid(quotes("NULL")));
        }
        if freeze && !from {
            return Err(invalid("COPY FREEZE cannot be used with COPY TO"));
        }
        match default {
            None => Ok(()),
            Some(_) if !from => Err(Error::unsupported("COPY DEFAULT cannot be used with COPY TO")),
            Some(default) if delimiter_in(default) => Err(Error::unsupported(divides("DEFAULT"))),
            Some(default) if quote_in(default) => Err(Error::unsupported(quotes("DEFAULT"))),
            Some(default) if default == self.null => {
                Err(Error::unsupported("NULL specification and DEFAULT specification cannot be the same"))
            }
            Some(_) => Ok(()),
        }
    }
}
