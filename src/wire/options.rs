//! The startup parameter `options`: command-line switches that set settings, as libpq's `options=-c name=value` sends.
//!
//! Only switches that set settings are taken (`-c name=value`, `--name=value`); the others configure PostgreSQL's
//! server process, which this is not.

use crate::error::{Error, Result};
use crate::sqlstate;

/// The settings in an `options` string, in order, names and values as written (`-` in a long name means `_`).
pub fn parse(options: &str) -> Result<Vec<(String, String)>> {
    let mut settings = Vec::new();
    let mut words = split(options).into_iter();
    while let Some(word) = words.next() {
        let (switch, assignment) = match word.strip_prefix("--") {
            Some(assignment) => ("--", assignment.to_owned()),
            None => match word.strip_prefix("-c") {
                Some("") => ("-c ", words.next().ok_or_else(|| invalid(&word))?),
                Some(assignment) => ("-c ", assignment.to_owned()),
                None => return Err(invalid(&word)),
            },
        };
        if assignment.is_empty() {
            return Err(invalid(&word));
        }
        let Some((name, value)) = assignment.split_once('=') else {
            return Err(Error::fatal(sqlstate::SYNTAX_ERROR, format!("{switch}{assignment} requires a value")));
        };
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

/// Splits at white space; a backslash takes the next character as it is.
fn split(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = options.chars();
    while let Some(c) = characters.next() {
        match c {
            c if c.is_ascii_whitespace() || c == '\x0b' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(characters.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

fn invalid(word: &str) -> Error {
    Error::fatal(sqlstate::SYNTAX_ERROR, format!("invalid command-line argument for server process: {word}"))
        .hint("Settings are given as \"-c name=value\" or \"--name=value\".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings(options: &str) -> Vec<(String, String)> {
        parse(options).expect("sound options")
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn both_spellings_and_escapes() {
        assert_eq!(settings("  "), []);
        assert_eq!(
            settings(r"-c search_path=mart,public -cstatement_timeout=30000 --extra-float-digits=3"),
            [pair("search_path", "mart,public"), pair("statement_timeout", "30000"), pair("extra_float_digits", "3")]
        );
        assert_eq!(settings(r"-c DateStyle=SQL,\ DMY -c a=b\\c"), [pair("DateStyle", "SQL, DMY"), pair("a", r"b\c")]);
        assert_eq!(settings("-c a="), [pair("a", "")]);
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for (options, says) in [
            ("-Z 1", "invalid command-line argument for server process: -Z"),
            ("bar", "invalid command-line argument for server process: bar"),
            ("-c", "invalid command-line argument for server process: -c"),
            ("-c work_mem", "-c work_mem requires a value"),
            ("--work_mem", "--work_mem requires a value"),
            ("--", "invalid command-line argument for server process: --"),
        ] {
            let error = parse(options).expect_err(options);
            assert_eq!((error.message(), error.sqlstate()), (says, sqlstate::SYNTAX_ERROR));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(options in r"[-c =a\\\s]{0,40}") {
            let _ = parse(&options);
        }
    }
}
