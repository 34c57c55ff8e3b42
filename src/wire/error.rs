//! Reports as messages: [`crate::Error`] → the fields of ErrorResponse and NoticeResponse.
//!
//! Every error that leaves through the wire passes here.

use super::backend::without_nul;
use crate::error::Error;

/// The fields in PostgreSQL's order: severity (twice: this server has one language), SQLSTATE, message, detail, hint,
/// position, context.
pub(super) fn fields(report: &Error) -> Vec<(u8, String)> {
    let severity = report.severity().as_str();
    let mut fields = vec![
        (b'S', severity.to_owned()),
        (b'V', severity.to_owned()),
        (b'C', report.sqlstate().to_string()),
        (b'M', without_nul(report.message())),
    ];
    let optional = [
        (b'D', report.get_detail().map(without_nul)),
        (b'H', report.get_hint().map(without_nul)),
        (b'P', report.position().map(|position| position.to_string())),
        (b'W', report.get_context().map(without_nul)),
    ];
    fields.extend(optional.into_iter().filter_map(|(code, value)| Some((code, value?))));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlstate;

    #[test]
    fn a_report_becomes_fields() {
        let report = Error::new(sqlstate::UNDEFINED_TABLE, "relation \"a\0b\" does not exist").at(15).hint("Look.");
        let text: Vec<_> = fields(&report).into_iter().map(|(code, value)| (char::from(code), value)).collect();
        let expected = [
            ('S', "ERROR"),
            ('V', "ERROR"),
            ('C', "42P01"),
            ('M', "relation \"ab\" does not exist"),
            ('H', "Look."),
            ('P', "15"),
        ];
        assert_eq!(text, expected.map(|(code, value)| (code, value.to_owned())));
    }
}
