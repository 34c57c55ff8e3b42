//! PostgreSQL's own functions, operators and casts by name and type, as parse analysis looks them up.

use std::collections::HashMap;
use std::sync::OnceLock;

use arrow::array::AsArray;
use arrow::datatypes::UInt32Type;

use crate::catalog::pg_catalog::{data, statics};
use crate::catalog::vars::SessionVars;
use crate::types::oid;

/// One function.
#[derive(Debug)]
pub struct Function {
    /// `f` function, `a` aggregate, `w` window function, `p` procedure.
    pub kind: u8,
    /// Types of its input arguments.
    pub arguments: Vec<u32>,
    /// How many of them, from the end, may be left out.
    pub defaults: usize,
    /// The type of its elements when the last argument is VARIADIC, else 0.
    pub variadic: u32,
    /// Its result.
    pub result: u32,
    /// Names and types of its output columns.
    pub columns: Vec<(String, u32)>,
}

/// One operator.
#[derive(Debug)]
pub struct Operator {
    /// Type of its left operand, 0 for a prefix operator.
    pub left: u32,
    /// Type of its right operand.
    pub right: u32,
    /// Its result.
    pub result: u32,
}

/// How a value of one type becomes one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// By a function.
    Function,
    /// As it is.
    Relabel,
    /// Element by element.
    Elements,
    /// Through its text.
    Text,
}

/// When a cast is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// Without being asked.
    Implicit,
    /// For a column's value.
    Assignment,
    /// When it is written.
    Explicit,
}

/// The functions of a name.
#[must_use]
pub fn functions(name: &str) -> &'static [Function] {
    static FUNCTIONS: OnceLock<HashMap<String, Vec<Function>>> = OnceLock::new();
    let all = FUNCTIONS.get_or_init(|| {
        let Some(rows) = data::rows("pg_catalog", "pg_proc") else { return HashMap::new() };
        let text = |column, row| statics::texts(rows, column).value(row).bytes().next().unwrap_or_default();
        let mut all: HashMap<String, Vec<Function>> = HashMap::new();
        for row in 0..rows.num_rows() {
            let oid = statics::oids(rows, "oid").value(row);
            let Some(known) = statics::functions().get(&oid) else { continue };
            all.entry(known.name.clone()).or_default().push(Function {
                kind: text("prokind", row),
                arguments: known.arguments.clone(),
                defaults: known.defaults,
                variadic: statics::oids(rows, "provariadic").value(row),
                result: known.result,
                columns: known.columns.clone(),
            });
        }
        all
    });
    all.get(name).map_or(&[], Vec::as_slice)
}

/// The operators of a name.
#[must_use]
pub fn operators(name: &str) -> &'static [Operator] {
    static OPERATORS: OnceLock<HashMap<String, Vec<Operator>>> = OnceLock::new();
    let all = OPERATORS.get_or_init(|| {
        let Some(rows) = data::rows("pg_catalog", "pg_operator") else { return HashMap::new() };
        let oid = |column, row| statics::column(rows, column).as_primitive::<UInt32Type>().value(row);
        let mut all: HashMap<String, Vec<Operator>> = HashMap::new();
        for row in 0..rows.num_rows() {
            let name = statics::texts(rows, "oprname").value(row).to_owned();
            let (left, right, result) = (oid("oprleft", row), oid("oprright", row), oid("oprresult", row));
            all.entry(name).or_default().push(Operator { left, right, result });
        }
        all
    });
    all.get(name).map_or(&[], Vec::as_slice)
}

/// The casts of `pg_cast`: when they are made and how.
fn casts() -> &'static HashMap<(u32, u32), (Context, Path)> {
    static CASTS: OnceLock<HashMap<(u32, u32), (Context, Path)>> = OnceLock::new();
    CASTS.get_or_init(|| {
        let Some(rows) = data::rows("pg_catalog", "pg_cast") else { return HashMap::new() };
        let (sources, targets) = (statics::oids(rows, "castsource"), statics::oids(rows, "casttarget"));
        let (contexts, methods) = (statics::texts(rows, "castcontext"), statics::texts(rows, "castmethod"));
        let cast = |row| {
            let context = match contexts.value(row) {
                "i" => Context::Implicit,
                "a" => Context::Assignment,
                _ => Context::Explicit,
            };
            let path = match methods.value(row) {
                "f" => Path::Function,
                "b" => Path::Relabel,
                _ => Path::Text,
            };
            ((sources.value(row), targets.value(row)), (context, path))
        };
        (0..rows.num_rows()).map(cast).collect()
    })
}

/// Whether a type has a function that cuts its values to a modifier.
#[must_use]
pub fn has_length(oid: u32) -> bool {
    casts().contains_key(&(oid, oid))
}

/// The category of a type.
#[must_use]
pub fn category(oid: u32) -> u8 {
    statics::types().get(&oid).and_then(|row| row.category.bytes().next()).unwrap_or(b'C')
}

/// Whether a type is the one its category prefers.
#[must_use]
pub fn is_preferred(oid: u32) -> bool {
    static PREFERRED: OnceLock<Vec<u32>> = OnceLock::new();
    let preferred = PREFERRED.get_or_init(|| {
        let Some(rows) = data::rows("pg_catalog", "pg_type") else { return Vec::new() };
        let (oids, preferred) = (statics::oids(rows, "oid"), statics::bools(rows, "typispreferred"));
        (0..rows.num_rows()).filter(|row| preferred.value(*row)).map(|row| oids.value(row)).collect()
    });
    preferred.contains(&oid)
}

/// The element type of a true array type; 0 for any other.
#[must_use]
pub fn element(vars: &SessionVars, array: u32) -> u32 {
    use crate::catalog::pg_catalog::source::Object;
    let source = vars.snapshot.system().source();
    if let Some(Object::ArrayType(place)) = source.object(array) {
        return source.tables.get(place).map_or(0, |table| table.row_type);
    }
    statics::types().get(&array).filter(|row| row.is_array).map_or(0, |row| row.element)
}

/// The array type over an element type; 0 for none.
#[must_use]
pub fn array_of(vars: &SessionVars, element: u32) -> u32 {
    use crate::catalog::pg_catalog::source::Object;
    let source = vars.snapshot.system().source();
    if let Some(Object::RowType(place)) = source.object(element) {
        return source.tables.get(place).map_or(0, |table| table.array_type);
    }
    statics::types().get(&element).map_or(0, |row| row.array)
}

/// Whether a type is that of a relation's rows.
#[must_use]
pub fn is_row_type(vars: &SessionVars, oid: u32) -> bool {
    use crate::catalog::pg_catalog::source::Object;
    oid == oid::RECORD
        || matches!(vars.snapshot.system().source().object(oid), Some(Object::RowType(_)))
        || statics::types().get(&oid).is_some_and(|row| row.kind == "c")
}

/// `anyarray`
pub const ANY_ARRAY: u32 = 2277;
/// `anyelement`
pub const ANY_ELEMENT: u32 = 2283;
/// `anynonarray`
pub const ANY_NON_ARRAY: u32 = 2776;
/// `anycompatible`
pub const ANY_COMPATIBLE: u32 = 5077;
/// `anycompatiblearray`
pub const ANY_COMPATIBLE_ARRAY: u32 = 5078;
/// `anycompatiblenonarray`
pub const ANY_COMPATIBLE_NON_ARRAY: u32 = 5079;
/// `anyenum`, `anyrange`, `anymultirange` and their compatible kin.
const OTHERS: [u32; 5] = [3500, 3831, 4537, 4538, 5080];
/// `record[]`
const RECORD_ARRAY: u32 = 2287;

/// Whether a type stands for an array of others.
#[must_use]
pub fn is_any_array(oid: u32) -> bool {
    matches!(oid, ANY_ARRAY | ANY_COMPATIBLE_ARRAY)
}

/// Whether a type stands for one of others.
#[must_use]
pub fn is_any_element(oid: u32) -> bool {
    matches!(oid, ANY_ELEMENT | ANY_NON_ARRAY | ANY_COMPATIBLE | ANY_COMPATIBLE_NON_ARRAY)
}

/// Whether a type stands for others that need only have a type in common.
#[must_use]
pub fn is_compatible(oid: u32) -> bool {
    matches!(oid, ANY_COMPATIBLE | ANY_COMPATIBLE_ARRAY | ANY_COMPATIBLE_NON_ARRAY)
}

/// Whether a type stands for others.
#[must_use]
pub fn is_polymorphic(oid: u32) -> bool {
    is_any_array(oid) || is_any_element(oid) || OTHERS.contains(&oid)
}

/// How a type becomes another in a context; `None` when it does not.
#[must_use]
pub fn path(vars: &SessionVars, from: u32, to: u32, context: Context) -> Option<Path> {
    if from == to {
        return Some(Path::Relabel);
    }
    if let Some((least, path)) = casts().get(&(from, to)) {
        return (*least <= context).then_some(*path);
    }
    let (a, b) = (element(vars, from), element(vars, to));
    if a != 0 && b != 0 {
        let inner = path_of_elements(vars, a, b, context)?;
        return Some(inner);
    }
    // Every type has a text: it is assigned to strings, and read from them when that is written.
    let text = context >= Context::Assignment && category(to) == b'S'
        || context == Context::Explicit && category(from) == b'S';
    text.then_some(Path::Text)
}

fn path_of_elements(vars: &SessionVars, from: u32, to: u32, context: Context) -> Option<Path> {
    match path(vars, from, to, context)? {
        Path::Text => Some(Path::Text),
        _ => Some(Path::Elements),
    }
}

/// Whether a value of a type can stand where another is wanted.
#[must_use]
pub fn can_coerce(vars: &SessionVars, from: u32, to: u32, context: Context) -> bool {
    if from == to || from == oid::UNKNOWN || to == oid::ANY {
        return true;
    }
    if is_polymorphic(to) {
        return match to {
            ANY_ARRAY | ANY_COMPATIBLE_ARRAY => element(vars, from) != 0,
            ANY_ELEMENT | ANY_COMPATIBLE => true,
            ANY_NON_ARRAY | ANY_COMPATIBLE_NON_ARRAY => element(vars, from) == 0,
            // Enums and ranges: there are no such types.
            _ => false,
        };
    }
    if is_row_type(vars, from) && to == oid::RECORD || from == oid::RECORD && is_row_type(vars, to) {
        return true;
    }
    if to == RECORD_ARRAY && element(vars, from) != 0 && is_row_type(vars, element(vars, from)) {
        return true;
    }
    path(vars, from, to, context).is_some()
}
