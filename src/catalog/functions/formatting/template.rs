//! Date and time templates as a list of fields, separators and text.

/// A field of a template; the letter case of names is in [`Node::Field`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Meridiem { dots: bool },
    Era { dots: bool },
    Century,
    DayName,
    DayAbbreviation,
    DayOfYear,
    DayOfMonth,
    DayOfWeek,
    Fraction(u32),
    Exact,
    Hour24,
    Hour12,
    IsoDayOfYear,
    IsoDayOfWeek,
    IsoWeek,
    IsoYear(u32),
    Julian,
    Minute,
    Month,
    MonthName,
    MonthAbbreviation,
    Millisecond,
    Microsecond,
    Offset,
    Quarter,
    RomanMonth,
    SecondOfDay,
    Second,
    ZoneHour,
    ZoneMinute,
    Zone,
    WeekOfYear,
    WeekOfMonth,
    YearComma,
    Year(u32),
}

/// How a name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Capital,
    Lower,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A field.
    Field {
        key: Key,
        case: Case,
        /// As the template spells it, for messages.
        name: &'static str,
        /// `FM`: no padding.
        fill: bool,
        /// `TH` (upper case) or `th`.
        ordinal: Option<bool>,
    },
    /// A space or another separator.
    Separator(char),
    /// Any other character.
    Text(char),
}

/// PostgreSQL's words, the longer ones of an initial first. Fields that are numbers come in either case.
const WORDS: &[(&str, Key)] = &[
    ("A.D.", Key::Era { dots: true }),
    ("A.M.", Key::Meridiem { dots: true }),
    ("AD", Key::Era { dots: false }),
    ("AM", Key::Meridiem { dots: false }),
    ("B.C.", Key::Era { dots: true }),
    ("BC", Key::Era { dots: false }),
    ("CC", Key::Century),
    ("DAY", Key::DayName),
    ("DDD", Key::DayOfYear),
    ("DD", Key::DayOfMonth),
    ("DY", Key::DayAbbreviation),
    ("Day", Key::DayName),
    ("Dy", Key::DayAbbreviation),
    ("D", Key::DayOfWeek),
    ("FF1", Key::Fraction(1)),
    ("FF2", Key::Fraction(2)),
    ("FF3", Key::Fraction(3)),
    ("FF4", Key::Fraction(4)),
    ("FF5", Key::Fraction(5)),
    ("FF6", Key::Fraction(6)),
    ("FX", Key::Exact),
    ("HH24", Key::Hour24),
    ("HH12", Key::Hour12),
    ("HH", Key::Hour12),
    ("IDDD", Key::IsoDayOfYear),
    ("ID", Key::IsoDayOfWeek),
    ("IW", Key::IsoWeek),
    ("IYYY", Key::IsoYear(4)),
    ("IYY", Key::IsoYear(3)),
    ("IY", Key::IsoYear(2)),
    ("I", Key::IsoYear(1)),
    ("J", Key::Julian),
    ("MI", Key::Minute),
    ("MM", Key::Month),
    ("MONTH", Key::MonthName),
    ("MON", Key::MonthAbbreviation),
    ("MS", Key::Millisecond),
    ("Month", Key::MonthName),
    ("Mon", Key::MonthAbbreviation),
    ("OF", Key::Offset),
    ("P.M.", Key::Meridiem { dots: true }),
    ("PM", Key::Meridiem { dots: false }),
    ("Q", Key::Quarter),
    ("RM", Key::RomanMonth),
    ("SSSSS", Key::SecondOfDay),
    ("SSSS", Key::SecondOfDay),
    ("SS", Key::Second),
    ("TZH", Key::ZoneHour),
    ("TZM", Key::ZoneMinute),
    ("TZ", Key::Zone),
    ("US", Key::Microsecond),
    ("WW", Key::WeekOfYear),
    ("W", Key::WeekOfMonth),
    ("Y,YYY", Key::YearComma),
    ("YYYY", Key::Year(4)),
    ("YYY", Key::Year(3)),
    ("YY", Key::Year(2)),
    ("Y", Key::Year(1)),
    ("a.d.", Key::Era { dots: true }),
    ("a.m.", Key::Meridiem { dots: true }),
    ("ad", Key::Era { dots: false }),
    ("am", Key::Meridiem { dots: false }),
    ("b.c.", Key::Era { dots: true }),
    ("bc", Key::Era { dots: false }),
    ("cc", Key::Century),
    ("day", Key::DayName),
    ("ddd", Key::DayOfYear),
    ("dd", Key::DayOfMonth),
    ("dy", Key::DayAbbreviation),
    ("d", Key::DayOfWeek),
    ("ff1", Key::Fraction(1)),
    ("ff2", Key::Fraction(2)),
    ("ff3", Key::Fraction(3)),
    ("ff4", Key::Fraction(4)),
    ("ff5", Key::Fraction(5)),
    ("ff6", Key::Fraction(6)),
    ("fx", Key::Exact),
    ("hh24", Key::Hour24),
    ("hh12", Key::Hour12),
    ("hh", Key::Hour12),
    ("iddd", Key::IsoDayOfYear),
    ("id", Key::IsoDayOfWeek),
    ("iw", Key::IsoWeek),
    ("iyyy", Key::IsoYear(4)),
    ("iyy", Key::IsoYear(3)),
    ("iy", Key::IsoYear(2)),
    ("i", Key::IsoYear(1)),
    ("j", Key::Julian),
    ("mi", Key::Minute),
    ("mm", Key::Month),
    ("month", Key::MonthName),
    ("mon", Key::MonthAbbreviation),
    ("ms", Key::Millisecond),
    ("of", Key::Offset),
    ("p.m.", Key::Meridiem { dots: true }),
    ("pm", Key::Meridiem { dots: false }),
    ("q", Key::Quarter),
    ("rm", Key::RomanMonth),
    ("sssss", Key::SecondOfDay),
    ("ssss", Key::SecondOfDay),
    ("ss", Key::Second),
    ("tzh", Key::ZoneHour),
    ("tzm", Key::ZoneMinute),
    ("tz", Key::Zone),
    ("us", Key::Microsecond),
    ("ww", Key::WeekOfYear),
    ("w", Key::WeekOfMonth),
    ("y,yyy", Key::YearComma),
    ("yyyy", Key::Year(4)),
    ("yyy", Key::Year(3)),
    ("yy", Key::Year(2)),
    ("y", Key::Year(1)),
];

impl Key {
    /// Whether the field is a number.
    pub fn is_digit(self) -> bool {
        !matches!(
            self,
            Self::Meridiem { .. }
                | Self::Era { .. }
                | Self::DayName
                | Self::DayAbbreviation
                | Self::Exact
                | Self::MonthName
                | Self::MonthAbbreviation
                | Self::Offset
                | Self::RomanMonth
                | Self::Zone
                | Self::ZoneHour
        )
    }
}

/// Reads a template.
pub(super) fn parse(template: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let (mut fill, mut after) = (false, rest);
        while let Some(prefix) = ["FM", "fm", "TM", "tm"].into_iter().find(|p| after.starts_with(p)) {
            fill |= prefix.eq_ignore_ascii_case("FM");
            after = &after[2..];
        }
        if let Some((name, key)) = WORDS.iter().find(|(name, _)| after.starts_with(name)) {
            after = &after[name.len()..];
            let mut ordinal = None;
            for (suffix, upper) in [("TH", true), ("th", false)] {
                if let Some(next) = after.strip_prefix(suffix) {
                    (ordinal, after) = (Some(upper), next);
                    break;
                }
            }
            after = after.strip_prefix("SP").unwrap_or(after);
            nodes.push(Node::Field { key: *key, case: case_of(name), name, fill, ordinal });
            rest = after;
            continue;
        }
        rest = if fill || after.len() < rest.len() { after } else { literal(rest, &mut nodes) };
    }
    nodes
}

fn case_of(name: &str) -> Case {
    let mut letters = name.chars().filter(char::is_ascii_alphabetic);
    let upper = |ch: Option<char>| ch.is_some_and(|ch| ch.is_ascii_uppercase());
    match (upper(letters.next()), upper(letters.next())) {
        (true, true) => Case::Upper,
        (true, false) => Case::Capital,
        _ => Case::Lower,
    }
}

/// Reads what is no field; gives what is left.
fn literal<'a>(rest: &'a str, nodes: &mut Vec<Node>) -> &'a str {
    let mut chars = rest.chars();
    match chars.next() {
        Some('"') => {
            while let Some(ch) = chars.next() {
                match ch {
                    '"' => break,
                    '\\' => nodes.extend(chars.next().map(Node::Text)),
                    _ => nodes.push(Node::Text(ch)),
                }
            }
        }
        // Only before a quote is a backslash an escape outside of quotes.
        Some('\\') if chars.as_str().starts_with('"') => {
            chars.next();
            nodes.push(Node::Text('"'));
        }
        Some(ch) if ch.is_ascii_whitespace() || (ch.is_ascii_punctuation()) => nodes.push(Node::Separator(ch)),
        Some(ch) => nodes.push(Node::Text(ch)),
        None => {}
    }
    chars.as_str()
}
