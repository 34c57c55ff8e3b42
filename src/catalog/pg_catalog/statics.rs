//! Look-ups in the static rows: PostgreSQL's own types, functions, operators and names, by OID and by name.
//!
//! Each index is made on first use and kept for the life of the process.

use std::collections::HashMap;
use std::sync::OnceLock;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::{Int16Type, Int32Type, UInt32Type};

use super::data;

/// Names of the objects of one catalog.
#[derive(Debug, Default)]
pub struct Names {
    by_oid: HashMap<u32, (String, u32)>,
    by_name: HashMap<String, Vec<u32>>,
}

impl Names {
    fn of(relation: &str, name: &str, namespace: Option<&str>) -> Self {
        let mut names = Self::default();
        let Some(rows) = data::rows("pg_catalog", relation) else { return names };
        let (oids, texts) = (oids(rows, "oid"), texts(rows, name));
        let namespaces = namespace.map(|column| self::oids(rows, column));
        for row in 0..rows.num_rows() {
            let (oid, text) = (oids.value(row), texts.value(row).to_owned());
            names.by_name.entry(text.clone()).or_default().push(oid);
            names.by_oid.insert(oid, (text, namespaces.map_or(0, |column| column.value(row))));
        }
        names
    }

    /// An object's name.
    #[must_use]
    pub fn name(&self, oid: u32) -> Option<&str> {
        self.by_oid.get(&oid).map(|(name, _)| name.as_str())
    }

    /// The schema an object is in, 0 for objects that are in none.
    #[must_use]
    pub fn namespace(&self, oid: u32) -> Option<u32> {
        self.by_oid.get(&oid).map(|(_, namespace)| *namespace)
    }

    /// The objects with a name; functions and operators may be several.
    #[must_use]
    pub fn all(&self, name: &str) -> &[u32] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The first object with a name.
    #[must_use]
    pub fn oid_of(&self, name: &str) -> Option<u32> {
        self.all(name).first().copied()
    }

    /// Every name, in no order.
    pub fn all_names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The object with a name in a schema.
    #[must_use]
    pub fn in_namespace(&self, namespace: u32, name: &str) -> Option<u32> {
        self.all(name).iter().copied().find(|&oid| self.namespace(oid) == Some(namespace))
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $function:ident = $relation:literal, $name:literal, $namespace:expr;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $function() -> &'static Names {
            static NAMES: OnceLock<Names> = OnceLock::new();
            NAMES.get_or_init(|| Names::of($relation, $name, $namespace))
        }
    )*};
}

names! {
    /// System relations and their indexes.
    classes = "pg_class", "relname", Some("relnamespace");
    /// System types.
    type_names = "pg_type", "typname", Some("typnamespace");
    /// Functions.
    function_names = "pg_proc", "proname", Some("pronamespace");
    /// Operators.
    operator_names = "pg_operator", "oprname", Some("oprnamespace");
    /// Collations.
    collations = "pg_collation", "collname", Some("collnamespace");
    /// Conversions.
    conversions = "pg_conversion", "conname", Some("connamespace");
    /// Operator classes.
    operator_classes = "pg_opclass", "opcname", Some("opcnamespace");
    /// Operator families.
    operator_families = "pg_opfamily", "opfname", Some("opfnamespace");
    /// Text search configurations.
    search_configs = "pg_ts_config", "cfgname", Some("cfgnamespace");
    /// Text search dictionaries.
    search_dictionaries = "pg_ts_dict", "dictname", Some("dictnamespace");
    /// Text search parsers.
    search_parsers = "pg_ts_parser", "prsname", Some("prsnamespace");
    /// Text search templates.
    search_templates = "pg_ts_template", "tmplname", Some("tmplnamespace");
    /// Constraints of system tables.
    constraints = "pg_constraint", "conname", Some("connamespace");
    /// System schemas (and `public`).
    namespaces = "pg_namespace", "nspname", None;
    /// PostgreSQL's own roles.
    roles = "pg_authid", "rolname", None;
    /// Access methods.
    access_methods = "pg_am", "amname", None;
    /// Languages.
    languages = "pg_language", "lanname", None;
    /// Tablespaces.
    tablespaces = "pg_tablespace", "spcname", None;
}

/// A type of PostgreSQL's own.
#[derive(Clone, Debug)]
pub struct TypeRow {
    /// Its OID.
    pub oid: u32,
    /// `typname`.
    pub name: String,
    /// `typnamespace`.
    pub namespace: u32,
    /// `typlen`: bytes, -1 for variable, -2 for a C string.
    pub len: i16,
    /// `typbyval`.
    pub by_value: bool,
    /// `typtype`: `b`, `c`, `d`, `e`, `p`, `r`, `m`.
    pub kind: String,
    /// `typcategory`.
    pub category: String,
    /// `typelem`.
    pub element: u32,
    /// `typarray`.
    pub array: u32,
    /// `typrelid`.
    pub relation: u32,
    /// `typbasetype` of a domain.
    pub base: u32,
    /// `typtypmod` of a domain.
    pub base_typmod: i32,
    /// `typalign`.
    pub align: String,
    /// `typstorage`.
    pub storage: String,
    /// `typcollation`.
    pub collation: u32,
    /// Whether it is a true array type, not a vector.
    pub is_array: bool,
}

/// The types by OID.
pub fn types() -> &'static HashMap<u32, TypeRow> {
    static TYPES: OnceLock<HashMap<u32, TypeRow>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let Some(rows) = data::rows("pg_catalog", "pg_type") else { return HashMap::new() };
        let text = |column, row| texts(rows, column).value(row).to_owned();
        let oid = |column, row| oids(rows, column).value(row);
        let subscript = function_names().oid_of("array_subscript_handler").unwrap_or(0);
        let make = |row| TypeRow {
            oid: oid("oid", row),
            name: text("typname", row),
            namespace: oid("typnamespace", row),
            len: column(rows, "typlen").as_primitive::<Int16Type>().value(row),
            by_value: bools(rows, "typbyval").value(row),
            kind: text("typtype", row),
            category: text("typcategory", row),
            element: oid("typelem", row),
            array: oid("typarray", row),
            relation: oid("typrelid", row),
            base: oid("typbasetype", row),
            base_typmod: column(rows, "typtypmod").as_primitive::<Int32Type>().value(row),
            align: text("typalign", row),
            storage: text("typstorage", row),
            collation: oid("typcollation", row),
            is_array: oid("typsubscript", row) == subscript && text("typstorage", row) != "p",
        };
        (0..rows.num_rows()).map(make).map(|row| (row.oid, row)).collect()
    })
}

/// A function of PostgreSQL's own.
#[derive(Clone, Debug)]
pub struct FunctionRow {
    /// `proname`.
    pub name: String,
    /// `pronamespace`.
    pub namespace: u32,
    /// Types of its input arguments.
    pub arguments: Vec<u32>,
    /// How many of them, from the end, may be left out.
    pub defaults: usize,
    /// `prorettype`.
    pub result: u32,
    /// Whether it returns a set.
    pub set: bool,
    /// Whether a NULL argument makes the result NULL.
    pub strict: bool,
    /// Names and types of its output columns; empty for a function of a single unnamed result.
    pub columns: Vec<(String, u32)>,
}

/// The functions by OID.
pub fn functions() -> &'static HashMap<u32, FunctionRow> {
    static FUNCTIONS: OnceLock<HashMap<u32, FunctionRow>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let Some(rows) = data::rows("pg_catalog", "pg_proc") else { return HashMap::new() };
        let arguments = column(rows, "proargtypes").as_list::<i32>();
        let defaults = column(rows, "pronargdefaults").as_primitive::<Int16Type>();
        let make = |row| FunctionRow {
            name: texts(rows, "proname").value(row).to_owned(),
            namespace: oids(rows, "pronamespace").value(row),
            arguments: arguments.value(row).as_primitive::<UInt32Type>().values().to_vec(),
            defaults: usize::try_from(defaults.value(row)).unwrap_or(0),
            result: oids(rows, "prorettype").value(row),
            set: bools(rows, "proretset").value(row),
            strict: bools(rows, "proisstrict").value(row),
            columns: output_columns(rows, row),
        };
        (0..rows.num_rows()).map(|row| (oids(rows, "oid").value(row), make(row))).collect()
    })
}

/// The OUT and TABLE arguments of a function.
fn output_columns(rows: &RecordBatch, row: usize) -> Vec<(String, u32)> {
    let lists = ["proargmodes", "proargnames", "proallargtypes"].map(|name| column(rows, name).as_list::<i32>());
    if lists.iter().any(|list| list.is_null(row)) {
        return Vec::new();
    }
    let [modes, names, types] = lists.map(|list| list.value(row));
    let (modes, names) = (modes.as_string::<i32>(), names.as_string::<i32>());
    let types = types.as_primitive::<UInt32Type>();
    let output = |&i: &usize| matches!(modes.value(i), "o" | "t" | "b");
    (0..modes.len()).filter(output).map(|i| (names.value(i).to_owned(), types.value(i))).collect()
}

/// An operator of PostgreSQL's own.
#[derive(Clone, Debug)]
pub struct OperatorRow {
    /// `oprname`.
    pub name: String,
    /// `oprnamespace`.
    pub namespace: u32,
    /// Type of its left operand, 0 for a prefix operator.
    pub left: u32,
    /// Type of its right operand.
    pub right: u32,
}

/// The operators by OID.
pub fn operators() -> &'static HashMap<u32, OperatorRow> {
    static OPERATORS: OnceLock<HashMap<u32, OperatorRow>> = OnceLock::new();
    OPERATORS.get_or_init(|| {
        let Some(rows) = data::rows("pg_catalog", "pg_operator") else { return HashMap::new() };
        let make = |row| OperatorRow {
            name: texts(rows, "oprname").value(row).to_owned(),
            namespace: oids(rows, "oprnamespace").value(row),
            left: oids(rows, "oprleft").value(row),
            right: oids(rows, "oprright").value(row),
        };
        (0..rows.num_rows()).map(|row| (oids(rows, "oid").value(row), make(row))).collect()
    })
}

/// The default btree operator class of a type: its OID, and the type it takes the values as.
pub fn btree_class(type_oid: u32) -> Option<(u32, u32)> {
    const TEXT: u32 = 25;
    const VARCHAR: u32 = 1043;
    const ANY_ARRAY: u32 = 2277;
    const ANY_RANGE: u32 = 3831;
    const ANY_MULTIRANGE: u32 = 4537;
    static CLASSES: OnceLock<HashMap<u32, u32>> = OnceLock::new();
    let classes = CLASSES.get_or_init(|| {
        let Some(rows) = data::rows("pg_catalog", "pg_opclass") else { return HashMap::new() };
        let btree = access_methods().oid_of("btree").unwrap_or(0);
        let wanted = |&row: &usize| oids(rows, "opcmethod").value(row) == btree && bools(rows, "opcdefault").value(row);
        let pair = |row| (oids(rows, "opcintype").value(row), oids(rows, "oid").value(row));
        (0..rows.num_rows()).filter(wanted).map(pair).collect()
    });
    let via = match types().get(&type_oid) {
        _ if type_oid == VARCHAR => TEXT,
        Some(row) if row.is_array => ANY_ARRAY,
        Some(row) if row.kind == "r" => ANY_RANGE,
        Some(row) if row.kind == "m" => ANY_MULTIRANGE,
        _ => type_oid,
    };
    classes.get(&via).map(|&class| (class, via))
}

/// The operator of a name for two operand types.
#[must_use]
pub fn operator(name: &str, left: u32, right: u32) -> Option<u32> {
    let fits = |oid: &&u32| operators().get(*oid).is_some_and(|row| row.left == left && row.right == right);
    operator_names().all(name).iter().find(fits).copied()
}

/// The OID of the only function of a name, 0 if there is none.
#[must_use]
pub fn function(name: &str) -> u32 {
    function_names().oid_of(name).unwrap_or(0)
}

/// A column of a system relation's static rows, by name.
pub(crate) fn column<'a>(rows: &'a RecordBatch, name: &str) -> &'a dyn Array {
    rows.column_by_name(name).expect("callers name columns that the relation has, as tests make sure of").as_ref()
}

/// A text column.
pub(crate) fn texts<'a>(rows: &'a RecordBatch, name: &str) -> &'a StringArray {
    column(rows, name).as_string::<i32>()
}

/// An OID column.
pub(crate) fn oids<'a>(rows: &'a RecordBatch, name: &str) -> &'a UInt32Array {
    column(rows, name).as_primitive::<UInt32Type>()
}

/// A boolean column.
pub(crate) fn bools<'a>(rows: &'a RecordBatch, name: &str) -> &'a BooleanArray {
    column(rows, name).as_boolean()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_objects_are_found() {
        assert_eq!(types()[&23].name, "int4");
        assert!(types()[&1007].is_array && !types()[&22].is_array);
        assert_eq!(functions()[&1242].name, "boolin");
        assert_eq!(operator("=", 23, 23), Some(96));
        assert_eq!(btree_class(1043).map(|c| c.1), Some(25));
        assert_eq!(namespaces().name(11), Some("pg_catalog"));
        assert_eq!(classes().in_namespace(11, "pg_class"), Some(1259));
        assert_eq!(function("record_in"), 2290);
    }
}
