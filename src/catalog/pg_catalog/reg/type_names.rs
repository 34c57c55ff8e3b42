//! Type names: SQL's spelling to an OID and type modifier, and back (`format_type`).

use super::{is_space, numeric, or_digits, schema_name, schema_oid, search_path, undefined_schema};
use crate::catalog::pg_catalog::definitions::{qualified, quote_identifier};
use crate::catalog::pg_catalog::source::Object;
use crate::catalog::pg_catalog::statics;
use crate::catalog::vars::SessionVars;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The bytes of a variable-length header, which `varchar` and `numeric` count in their modifiers.
const HEADER: i32 = 4;

/// The OID of a type by its text form.
///
/// # Errors
/// 42704 for an unknown type, 3F000 for an unknown schema, 42601 for what is no type name.
pub fn lookup_regtype(vars: &SessionVars, text: &str) -> Result<u32> {
    if let Some(oid) = numeric(text) {
        return Ok(oid);
    }
    Ok(lookup_type(vars, text)?.0)
}

/// A type's text form.
#[must_use]
pub fn regtype_name(vars: &SessionVars, oid: u32) -> String {
    or_digits(oid, type_place(vars, oid).is_some().then(|| format_type(vars, oid, None)))
}

/// A type's schema and name by OID, row types of users' relations included.
#[must_use]
pub fn type_place(vars: &SessionVars, oid: u32) -> Option<(&str, String)> {
    let source = vars.snapshot.system().source();
    match source.object(oid) {
        Some(Object::RowType(table)) => {
            let relation = &source.tables[table].relation;
            Some((&relation.schema, relation.name.clone()))
        }
        Some(Object::ArrayType(table)) => {
            let table = &source.tables[table];
            Some((&table.relation.schema, table.array_type_name()))
        }
        _ => {
            let row = statics::types().get(&oid)?;
            Some((schema_name(vars, row.namespace)?, row.name.clone()))
        }
    }
}

/// Whether a type is found by its bare name; `None` for an unknown OID.
#[must_use]
pub fn type_visible(vars: &SessionVars, oid: u32) -> Option<bool> {
    let (_, name) = type_place(vars, oid)?;
    Some(search_path(vars).find_map(|schema| in_schema(vars, schema, &name)) == Some(oid))
}

/// `format_type(oid, typmod)`: SQL's name of a type. `typmod` is `None` where the caller gives none, which differs
/// from -1 for `character` and `bit`.
#[must_use]
pub fn format_type(vars: &SessionVars, oid: u32, typmod: Option<i32>) -> String {
    if oid == 0 {
        return "-".to_owned();
    }
    let element = element(vars, oid);
    let base = element.unwrap_or(oid);
    let Some((schema, name)) = type_place(vars, base) else { return "???".to_owned() };
    let modifier = typmod.filter(|&typmod| typmod >= 0);
    let shown = sql_name(base, typmod).unwrap_or_else(|| {
        let visible = type_visible(vars, base) == Some(true);
        let name = if visible { quote_identifier(&name) } else { qualified(schema, &name) };
        match modifier {
            Some(modifier) => format!("{name}({modifier})"),
            None => name,
        }
    });
    if element.is_some() { format!("{shown}[]") } else { shown }
}

/// SQL's name of a type of `pg_catalog`, without modifier; `???` for an OID that is none.
#[must_use]
pub fn builtin_type_name(oid: u32) -> String {
    let Some(row) = statics::types().get(&oid) else { return "???".to_owned() };
    if row.is_array {
        return format!("{}[]", builtin_type_name(row.element));
    }
    sql_name(oid, None).unwrap_or_else(|| quote_identifier(&row.name))
}

/// Whether SQL itself names a type, so that its name never takes a schema.
#[must_use]
pub fn is_sql_name(oid: u32) -> bool {
    let base = statics::types().get(&oid).filter(|row| row.is_array).map_or(oid, |row| row.element);
    sql_name(base, None).is_some()
}

/// The element type of a true array type.
fn element(vars: &SessionVars, oid: u32) -> Option<u32> {
    let source = vars.snapshot.system().source();
    if let Some(Object::ArrayType(table)) = source.object(oid) {
        return Some(source.tables[table].row_type);
    }
    statics::types().get(&oid).filter(|row| row.is_array).map(|row| row.element)
}

/// The names that SQL itself gives types, with their modifiers.
fn sql_name(oid: u32, typmod: Option<i32>) -> Option<String> {
    let modifier = typmod.filter(|&typmod| typmod >= 0);
    let given = typmod.is_some();
    let length = |name: &str, header: i32| match modifier {
        Some(modifier) if header == 0 || modifier > header => format!("{name}({})", modifier - header),
        _ => name.to_owned(),
    };
    let precision = |name: &str, suffix: &str| match modifier {
        Some(modifier) => format!("{name}({modifier}){suffix}"),
        None => format!("{name}{suffix}"),
    };
    Some(match oid {
        16 => "boolean".to_owned(),
        20 => "bigint".to_owned(),
        21 => "smallint".to_owned(),
        23 => "integer".to_owned(),
        // A word of the grammar, yet never quoted.
        114 => "json".to_owned(),
        700 => "real".to_owned(),
        701 => "double precision".to_owned(),
        // Without a length where one could be given, the type is not SQL's `character` (which has length 1).
        1042 | 1560 if given && modifier.is_none() => return None,
        1042 => length("character", HEADER),
        1560 => length("bit", 0),
        1562 => length("bit varying", 0),
        1043 => length("character varying", HEADER),
        1083 => precision("time", " without time zone"),
        1114 => precision("timestamp", " without time zone"),
        1184 => precision("timestamp", " with time zone"),
        1266 => precision("time", " with time zone"),
        1186 => match modifier {
            Some(modifier) => format!("interval{}", interval_modifier(modifier)),
            None => "interval".to_owned(),
        },
        1700 => match modifier {
            Some(modifier) if modifier >= HEADER => {
                let packed = modifier - HEADER;
                let scale = ((packed & 0x7ff) ^ 1024) - 1024;
                format!("numeric({},{scale})", (packed >> 16) & 0xffff)
            }
            _ => "numeric".to_owned(),
        },
        _ => return None,
    })
}

/// The fields and precision of an interval's modifier.
fn interval_modifier(typmod: i32) -> String {
    const FIELDS: [(i32, &str); 14] = [
        (1 << 2, " year"),
        (1 << 1, " month"),
        (1 << 3, " day"),
        (1 << 10, " hour"),
        (1 << 11, " minute"),
        (1 << 12, " second"),
        ((1 << 2) | (1 << 1), " year to month"),
        ((1 << 3) | (1 << 10), " day to hour"),
        ((1 << 3) | (1 << 10) | (1 << 11), " day to minute"),
        ((1 << 3) | (1 << 10) | (1 << 11) | (1 << 12), " day to second"),
        ((1 << 10) | (1 << 11), " hour to minute"),
        ((1 << 10) | (1 << 11) | (1 << 12), " hour to second"),
        ((1 << 11) | (1 << 12), " minute to second"),
        (0x7fff, ""),
    ];
    let (fields, precision) = ((typmod >> 16) & 0x7fff, typmod & 0xffff);
    let name = FIELDS.iter().find(|known| known.0 == fields).map_or("", |known| known.1);
    if precision == 0xffff { name.to_owned() } else { format!("{name}({precision})") }
}

fn in_schema(vars: &SessionVars, schema: &str, name: &str) -> Option<u32> {
    let source = vars.snapshot.system().source();
    if let Some(table) = source.table_named(schema, name) {
        return Some(table.row_type);
    }
    if let Some(element) = name.strip_prefix('_')
        && let Some(table) = source.table_named(schema, element)
    {
        return Some(table.array_type);
    }
    statics::type_names().in_namespace(statics::namespaces().oid_of(schema)?, name)
}

/// The OID and type modifier of a type name as SQL spells it: `numeric(10,2)`, `timestamp with time zone`, `text[]`,
/// `"char"`, `public.orders`.
///
/// # Errors
/// 42704 for an unknown type, 3F000 for an unknown schema, 42601 for what is no type name.
pub fn lookup_type(vars: &SessionVars, text: &str) -> Result<(u32, i32)> {
    let tokens = tokens(text).ok_or_else(|| invalid(text))?;
    let mut parser = TypeParser { tokens: &tokens, at: 0, text };
    let name = parser.name()?;
    let modifiers = parser.modifiers()?;
    let name = parser.suffix(name)?;
    let array = parser.array()?;
    if let Some(token) = parser.tokens.get(parser.at) {
        let message = format!("syntax error at or near \"{}\"", token.text());
        return Err(Error::new(sqlstate::SYNTAX_ERROR, message).context(format!("invalid type name \"{text}\"")));
    }
    let oid = resolve(vars, &name)?;
    let typmod = typmod(oid, &modifiers);
    if !array {
        return Ok((oid, typmod));
    }
    let source = vars.snapshot.system().source();
    let array = match source.object(oid) {
        Some(Object::RowType(table)) => source.tables[table].array_type,
        // An array of arrays is the same type: dimensions are no part of it.
        _ if element(vars, oid).is_some() => oid,
        _ => statics::types().get(&oid).map_or(0, |row| row.array),
    };
    if array == 0 { Err(undefined(&format!("{}[]", name.join(".")))) } else { Ok((array, typmod)) }
}

fn resolve(vars: &SessionVars, name: &[String]) -> Result<u32> {
    match name {
        [name] => search_path(vars).find_map(|schema| in_schema(vars, schema, name)).ok_or_else(|| undefined(name)),
        [schema, name] => {
            schema_oid(vars, schema).ok_or_else(|| undefined_schema(schema))?;
            in_schema(vars, schema, name).ok_or_else(|| undefined(&format!("{schema}.{name}")))
        }
        parts => {
            let message = format!("improper qualified name (too many dotted names): {}", parts.join("."));
            Err(Error::new(sqlstate::SYNTAX_ERROR, message))
        }
    }
}

fn undefined(name: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, format!("type \"{name}\" does not exist"))
}

fn invalid(text: &str) -> Error {
    Error::new(sqlstate::SYNTAX_ERROR, format!("invalid type name \"{text}\""))
}

/// The packed modifier of a type from the numbers in its parentheses.
fn typmod(oid: u32, modifiers: &[i32]) -> i32 {
    match (oid, modifiers) {
        (1042 | 1043, [length]) => length.saturating_add(HEADER),
        (1700, [precision]) => (precision << 16).saturating_add(HEADER),
        (1700, [precision, scale]) => ((precision << 16) | (scale & 0x7ff)).saturating_add(HEADER),
        (1186, [precision]) => (0x7fff << 16) | precision,
        (1560 | 1562 | 1083 | 1114 | 1184 | 1266, [number]) => *number,
        _ => -1,
    }
}

/// A word, number or sign of a type name.
enum Token {
    Word(String),
    Quoted(String),
    Number(i32),
    Sign(char),
}

impl Token {
    fn text(&self) -> String {
        match self {
            Self::Word(word) | Self::Quoted(word) => word.clone(),
            Self::Number(number) => number.to_string(),
            Self::Sign(sign) => sign.to_string(),
        }
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while let Some(c) = rest.chars().next() {
        let (token, after) = if c == '"' {
            let (name, after) = super::name_part(rest)?;
            (Token::Quoted(name), after)
        } else if c.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (Token::Number(rest[..end].parse().ok()?), &rest[end..])
        } else if c.is_alphanumeric() || c == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
            (Token::Word(rest[..end].to_ascii_lowercase()), &rest[end..])
        } else {
            (Token::Sign(c), &rest[c.len_utf8()..])
        };
        tokens.push(token);
        rest = after.trim_start_matches(is_space);
    }
    (!tokens.is_empty()).then_some(tokens)
}

struct TypeParser<'a> {
    tokens: &'a [Token],
    at: usize,
    text: &'a str,
}

impl TypeParser<'_> {
    fn word(&self) -> Option<&str> {
        match self.tokens.get(self.at) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.word() == Some(word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: char) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(c)) if *c == sign);
        self.at += usize::from(found);
        found
    }

    /// The name's parts; SQL's own names become those of `pg_type`.
    fn name(&mut self) -> Result<Vec<String>> {
        if let Some(word) = self.word().map(str::to_owned)
            && !matches!(self.tokens.get(self.at + 1), Some(Token::Sign('.')))
        {
            self.at += 1;
            if word == "setof" {
                return Err(invalid(self.text));
            }
            return Ok(vec![self.sql_word(word)]);
        }
        let mut parts = Vec::new();
        loop {
            match self.tokens.get(self.at) {
                Some(Token::Word(word) | Token::Quoted(word)) => parts.push(word.clone()),
                _ => return Err(invalid(self.text)),
            }
            self.at += 1;
            if !self.sign('.') {
                return Ok(parts);
            }
        }
    }

    /// What SQL's word, and the words that go with it, are called in `pg_type`.
    fn sql_word(&mut self, word: String) -> String {
        let name = match word.as_str() {
            "int" | "integer" => "int4",
            "smallint" => "int2",
            "bigint" => "int8",
            "real" => "float4",
            "float" => "float8",
            "double" if self.take("precision") => "float8",
            "decimal" | "dec" => "numeric",
            "boolean" => "bool",
            "character" | "char" | "nchar" => {
                if self.take("varying") {
                    "varchar"
                } else {
                    "bpchar"
                }
            }
            "national" if self.take("character") || self.take("char") => {
                if self.take("varying") {
                    "varchar"
                } else {
                    "bpchar"
                }
            }
            "bit" if self.take("varying") => "varbit",
            _ => return word,
        };
        name.to_owned()
    }

    /// The numbers in parentheses.
    fn modifiers(&mut self) -> Result<Vec<i32>> {
        let mut numbers = Vec::new();
        if !self.sign('(') {
            return Ok(numbers);
        }
        loop {
            let negative = self.sign('-');
            match self.tokens.get(self.at) {
                Some(Token::Number(number)) => numbers.push(if negative { -number } else { *number }),
                _ => return Err(invalid(self.text)),
            }
            self.at += 1;
            if self.sign(')') {
                return Ok(numbers);
            }
            if !self.sign(',') {
                return Err(invalid(self.text));
            }
        }
    }

    /// `with time zone`, and the fields of an interval.
    fn suffix(&mut self, name: Vec<String>) -> Result<Vec<String>> {
        let [only] = name.as_slice() else { return Ok(name) };
        let zoned = match only.as_str() {
            "time" => "timetz",
            "timestamp" => "timestamptz",
            "interval" => {
                while matches!(self.word(), Some("year" | "month" | "day" | "hour" | "minute" | "second" | "to")) {
                    self.at += 1;
                }
                self.modifiers()?;
                return Ok(name);
            }
            _ => return Ok(name),
        };
        if self.take("with") {
            let zone = self.take("time") && self.take("zone");
            return if zone { Ok(vec![zoned.to_owned()]) } else { Err(invalid(self.text)) };
        }
        if self.take("without") && !(self.take("time") && self.take("zone")) {
            return Err(invalid(self.text));
        }
        Ok(name)
    }

    /// `[]`, `[3]`, `array`, `array[3]`, any number of them.
    fn array(&mut self) -> Result<bool> {
        let mut array = self.take("array");
        while self.sign('[') {
            array = true;
            if matches!(self.tokens.get(self.at), Some(Token::Number(_))) {
                self.at += 1;
            }
            if !self.sign(']') {
                return Err(invalid(self.text));
            }
        }
        Ok(array)
    }
}
