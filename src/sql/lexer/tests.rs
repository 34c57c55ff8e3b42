//! What the lexer makes of texts, in the words of its tokens.

use super::tokens;

fn read(text: &str) -> String {
    match tokens(text) {
        Ok(tokens) => tokens.iter().map(|t| format!("{:?}", t.token)).collect::<Vec<_>>().join(" "),
        Err(error) => format!("{} {}", error.sqlstate(), error.message()),
    }
}

#[test]
fn numbers_have_bases_and_no_junk() {
    assert_eq!(
        read("0x1F 1_000 .5 1e3"),
        r#"Number("31", false) Number("1000", false) Number(".5", false) Number("1e3", false)"#
    );
    assert_eq!(read("123abc"), "42601 trailing junk after numeric literal at or near \"123abc\"");
    assert_eq!(read("0.0e"), "42601 trailing junk after numeric literal at or near \"0.0e\"");
    assert_eq!(read("100_"), "42601 trailing junk after numeric literal at or near \"100_\"");
    assert_eq!(read("0x"), "42601 invalid hexadecimal integer at or near \"0x\"");
    assert_eq!(read("$1a"), "42601 trailing junk after parameter at or near \"$1a\"");
}

#[test]
fn operators_are_as_long_as_they_can_be() {
    assert_eq!(read("1=-1"), r#"Number("1", false) Eq Minus Number("1", false)"#);
    assert_eq!(read("a<>-b"), format!("{} Neq Minus {}", read("a"), read("b")));
    assert_eq!(read("@-1"), r#"CustomBinaryOperator("@-") Number("1", false)"#);
    assert_eq!(read("1--2\n+3"), r#"Number("1", false) Plus Number("3", false)"#);
    assert_eq!(read("a/* /* */ */b"), format!("{} {}", read("a"), read("b")));
}

#[test]
fn strings_take_escapes_and_go_on() {
    assert_eq!(read("'a'\n 'b'"), r#"SingleQuotedString("ab")"#);
    assert_eq!(read(r"E'\x41\102\u0043\'\n'"), r#"EscapedStringLiteral("ABC'\n")"#);
    assert_eq!(read(r"U&'d\0061t\+000061'"), r#"SingleQuotedString("data")"#);
    assert_eq!(read(r"U&'d!0061' UESCAPE '!'"), r#"SingleQuotedString("da")"#);
    assert_eq!(read(r"E'\u061'"), "22025 invalid Unicode escape");
    assert_eq!(read(r"E'\xff'"), "22021 invalid byte sequence for encoding \"UTF8\": 0xff");
    assert_eq!(read("$a$x'$a$"), r#"DollarQuotedString(DollarQuotedString { value: "x'", tag: Some("a") })"#);
    assert_eq!(read("'a"), "42601 unterminated quoted string at or near \"'a\"");
}
