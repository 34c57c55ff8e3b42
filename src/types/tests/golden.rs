//! What PostgreSQL 17 said of every case in `tests/golden/types/cases.sql`, said here too.

use std::fmt::Write as _;

use super::{cell, decode, type_named};
use crate::types::zone::Zone;
use crate::types::{DateOrder, DateStyle, Format, IntervalStyle, TextStyle};

static VECTORS: &str = include_str!("../../../tests/golden/types/vectors.tsv");

struct Case {
    settings: String,
    type_name: String,
    literal: String,
    code: String,
    printed: String,
    sent: Vec<u8>,
}

#[test]
fn every_case_answers_as_postgresql() {
    let mut report = String::new();
    let mut count = 0;
    for line in VECTORS.lines() {
        let case = Case::parse(line);
        count += 1;
        if let Err(problem) = case.check() {
            writeln!(report, "{} {} {:?}: {problem}", case.settings, case.type_name, case.literal)
                .expect("writing to memory cannot fail");
        }
    }
    assert!(count > 800, "the vectors are there");
    assert!(report.is_empty(), "\n{report}");
}

impl Case {
    fn parse(line: &str) -> Self {
        let fields: Vec<_> = line.split('\t').map(unescape).collect();
        let [settings, type_name, literal, code, printed, sent] = <[String; 6]>::try_from(fields).expect("six columns");
        Self { settings, type_name, literal, code, printed, sent: from_hex(&sent) }
    }

    fn check(&self) -> Result<(), String> {
        let (oid, style) = (type_named(&self.type_name), style(&self.settings));
        let read = decode(oid, Format::Text, self.literal.as_bytes(), &style);
        let array = match (read, self.code.as_str()) {
            (Ok(array), "ok") => array,
            (Err(error), code) if code != "ok" => {
                let same = error.sqlstate().as_str() == code && error.message() == self.printed;
                return if same { Ok(()) } else { Err(format!("{error:?} instead of {code} {}", self.printed)) };
            }
            (Ok(array), code) => return Err(format!("{array:?} instead of {code} {}", self.printed)),
            (Err(error), _) => return Err(format!("{error:?} instead of {}", self.printed)),
        };
        let show = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let text = cell(oid, &array, Format::Text, &style).map_err(|error| format!("text: {error:?}"))?;
        let text = show(text.ok_or("NULL")?);
        if text != self.printed {
            return Err(format!("prints {text:?} instead of {:?}", self.printed));
        }
        let binary = cell(oid, &array, Format::Binary, &style).map_err(|error| format!("binary: {error:?}"))?;
        let binary = binary.ok_or("NULL")?;
        if binary != self.sent {
            return Err(format!("sends {binary:02x?} instead of {:02x?}", self.sent));
        }
        let again = decode(oid, Format::Binary, &self.sent, &style).map_err(|error| format!("receive: {error:?}"))?;
        if again.as_ref() != array.as_ref() {
            return Err(format!("receives {again:?} instead of {array:?}"));
        }
        Ok(())
    }
}

fn style(settings: &str) -> TextStyle {
    let mut style = TextStyle::default();
    for pair in settings.split(';').filter(|pair| *pair != "-") {
        let (name, value) = pair.split_once('=').expect("name=value");
        match name {
            "timezone" => style.time_zone = Zone::named(value).expect("a zone"),
            "extra_float_digits" => style.extra_float_digits = value.parse().expect("a number"),
            "bytea_output" => style.bytea_escape = value == "escape",
            "datestyle" => (style.date_style, style.date_order) = date_style(value),
            "intervalstyle" => {
                style.interval_style = match value {
                    "postgres_verbose" => IntervalStyle::PostgresVerbose,
                    "sql_standard" => IntervalStyle::SqlStandard,
                    "iso_8601" => IntervalStyle::Iso8601,
                    _ => IntervalStyle::Postgres,
                }
            }
            _ => panic!("setting {name}"),
        }
    }
    style
}

fn date_style(value: &str) -> (DateStyle, DateOrder) {
    let (style, order) = value.split_once(',').expect("style,order");
    let style = match style {
        "sql" => DateStyle::Sql,
        "postgres" => DateStyle::Postgres,
        "german" => DateStyle::German,
        _ => DateStyle::Iso,
    };
    let order = match order {
        "dmy" => DateOrder::Dmy,
        "ymd" => DateOrder::Ymd,
        _ => DateOrder::Mdy,
    };
    (style, order)
}

/// COPY's escapes undone.
fn unescape(field: &str) -> String {
    let mut out = String::new();
    let mut rest = field.chars();
    while let Some(character) = rest.next() {
        let escaped = if character == '\\' { rest.next() } else { None };
        out.push(match escaped {
            None => character,
            Some('t') => '\t',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('b') => '\x08',
            Some('f') => '\x0c',
            Some('v') => '\x0b',
            Some(other) => other,
        });
    }
    out
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal")).collect()
}
