//! OIDs of PostgreSQL 17's built-in types: names, widths, categories, and the array type of each.
//!
//! The table is PostgreSQL's own `pg_type`, without row types and the handlers of its internals. Types that users make
//! are not here: they belong to the catalog.

use std::sync::LazyLock;

/// What is fixed about a built-in type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeInfo {
    /// Its OID.
    pub oid: u32,
    /// `pg_type.typname`, e.g. `int4`, `_int4`.
    pub name: &'static str,
    /// What `format_type` calls it, e.g. `integer`, `integer[]`.
    pub sql_name: &'static str,
    /// `pg_type.typlen`: bytes, -1 for variable, -2 for a C string.
    pub len: i16,
    /// `pg_type.typcategory`.
    pub category: u8,
    /// The array type over it, 0 for none.
    pub array: u32,
    /// For a true array its element type, else 0.
    pub element: u32,
}

/// The built-in type with an OID.
#[must_use]
pub fn by_oid(oid: u32) -> Option<&'static TypeInfo> {
    let at = BY_OID.binary_search_by_key(&oid, |info| info.oid).ok()?;
    Some(BY_OID[at])
}

/// The built-in type with an internal name (`int4`, `_int4`) or the name `format_type` prints (`integer`).
#[must_use]
pub fn by_name(name: &str) -> Option<&'static TypeInfo> {
    BY_OID.iter().find(|info| info.name == name).or_else(|| BY_OID.iter().find(|info| info.sql_name == name)).copied()
}

/// The array type over an element type.
#[must_use]
pub fn array_of(element: u32) -> Option<u32> {
    by_oid(element).map(|info| info.array).filter(|&oid| oid != 0)
}

/// The element type of a true array type (not of `int2vector` and `oidvector`).
#[must_use]
pub fn element_of(array: u32) -> Option<u32> {
    by_oid(array).map(|info| info.element).filter(|&oid| oid != 0)
}

/// The name messages and `format_type` use; `???` for a type that is not built in, as PostgreSQL says.
#[must_use]
pub fn sql_name(oid: u32) -> &'static str {
    by_oid(oid).map_or("???", |info| info.sql_name)
}

/// The character between an array's elements; only `box` has another one.
#[must_use]
pub fn delimiter(element: u32) -> u8 {
    if element == BOX { b';' } else { b',' }
}

/// Whether a type is an alias of `oid`: a four-byte unsigned number on the wire.
#[must_use]
pub fn is_oid_like(oid: u32) -> bool {
    matches!(
        oid,
        OID | XID
            | CID
            | REGPROC
            | REGPROCEDURE
            | REGOPER
            | REGOPERATOR
            | REGCLASS
            | REGTYPE
            | REGCONFIG
            | REGDICTIONARY
            | REGNAMESPACE
            | REGROLE
            | REGCOLLATION
    )
}

/// Whether a type's binary form is its text.
#[must_use]
pub fn is_text_like(oid: u32) -> bool {
    matches!(oid, TEXT | VARCHAR | BPCHAR | NAME | UNKNOWN | CSTRING | JSON | XML | REFCURSOR | PG_NODE_TREE)
}

/// What `format_type(oid, typmod)` prints for a built-in type.
#[must_use]
pub fn format_type(oid: u32, typmod: i32) -> String {
    if let Some(element) = element_of(oid) {
        return format!("{}[]", format_type(element, typmod));
    }
    let name = sql_name(oid);
    match (oid, typmod) {
        (BPCHAR, -1) => "bpchar".to_owned(),
        (BIT, -1) => "\"bit\"".to_owned(),
        (_, typmod) if typmod < 0 => name.to_owned(),
        (VARCHAR | BPCHAR, _) => format!("{name}({})", typmod - 4),
        (BIT | VARBIT, _) => format!("{name}({typmod})"),
        (NUMERIC, _) => {
            let packed = typmod - 4;
            let scale = ((packed & 0x7ff) ^ 1024) - 1024;
            format!("{name}({},{scale})", (packed >> 16) & 0xffff)
        }
        (TIME | TIMETZ | TIMESTAMP | TIMESTAMPTZ, _) => match name.split_once(' ') {
            Some((head, tail)) => format!("{head}({typmod}) {tail}"),
            None => format!("{name}({typmod})"),
        },
        (INTERVAL, _) => format!("{name}{}", super::typmod::interval_suffix(typmod)),
        _ => name.to_owned(),
    }
}

/// Every type, ordered by OID.
static BY_OID: LazyLock<Vec<&'static TypeInfo>> = LazyLock::new(|| {
    let mut all: Vec<_> = TABLE.iter().flat_map(|(base, array)| [Some(base), array.as_ref()]).flatten().collect();
    all.sort_by_key(|info| info.oid);
    all
});

macro_rules! builtin_types {
    ($($const:ident = $oid:literal, $name:literal, $sql:literal, $len:literal, $category:literal, $array:literal;)*) => {
        $(
            #[doc = concat!("`", $sql, "`")]
            pub const $const: u32 = $oid;
        )*

        /// Each type with the array type over it.
        static TABLE: &[(TypeInfo, Option<TypeInfo>)] = &[$((
            TypeInfo {
                oid: $oid, name: $name, sql_name: $sql, len: $len, category: $category, array: $array, element: 0,
            },
            if $array == 0 {
                None
            } else {
                Some(TypeInfo {
                    oid: $array,
                    name: concat!("_", $name),
                    sql_name: concat!($sql, "[]"),
                    len: -1,
                    category: if $oid == 2249 { b'P' } else { b'A' },
                    array: 0,
                    element: $oid,
                })
            },
        )),*];
    };
}

builtin_types! {
    BOOL = 16, "bool", "boolean", 1, b'B', 1000;
    BYTEA = 17, "bytea", "bytea", -1, b'U', 1001;
    CHAR = 18, "char", "\"char\"", 1, b'Z', 1002;
    NAME = 19, "name", "name", 64, b'S', 1003;
    INT8 = 20, "int8", "bigint", 8, b'N', 1016;
    INT2 = 21, "int2", "smallint", 2, b'N', 1005;
    INT2VECTOR = 22, "int2vector", "int2vector", -1, b'A', 1006;
    INT4 = 23, "int4", "integer", 4, b'N', 1007;
    REGPROC = 24, "regproc", "regproc", 4, b'N', 1008;
    TEXT = 25, "text", "text", -1, b'S', 1009;
    OID = 26, "oid", "oid", 4, b'N', 1028;
    TID = 27, "tid", "tid", 6, b'U', 1010;
    XID = 28, "xid", "xid", 4, b'U', 1011;
    CID = 29, "cid", "cid", 4, b'U', 1012;
    OIDVECTOR = 30, "oidvector", "oidvector", -1, b'A', 1013;
    JSON = 114, "json", "json", -1, b'U', 199;
    XML = 142, "xml", "xml", -1, b'U', 143;
    PG_NODE_TREE = 194, "pg_node_tree", "pg_node_tree", -1, b'Z', 0;
    POINT = 600, "point", "point", 16, b'G', 1017;
    LSEG = 601, "lseg", "lseg", 32, b'G', 1018;
    PATH = 602, "path", "path", -1, b'G', 1019;
    BOX = 603, "box", "box", 32, b'G', 1020;
    POLYGON = 604, "polygon", "polygon", -1, b'G', 1027;
    LINE = 628, "line", "line", 24, b'G', 629;
    CIDR = 650, "cidr", "cidr", -1, b'I', 651;
    FLOAT4 = 700, "float4", "real", 4, b'N', 1021;
    FLOAT8 = 701, "float8", "double precision", 8, b'N', 1022;
    UNKNOWN = 705, "unknown", "unknown", -2, b'X', 0;
    CIRCLE = 718, "circle", "circle", 24, b'G', 719;
    MACADDR8 = 774, "macaddr8", "macaddr8", 8, b'U', 775;
    MONEY = 790, "money", "money", 8, b'N', 791;
    MACADDR = 829, "macaddr", "macaddr", 6, b'U', 1040;
    INET = 869, "inet", "inet", -1, b'I', 1041;
    ACLITEM = 1033, "aclitem", "aclitem", 16, b'U', 1034;
    BPCHAR = 1042, "bpchar", "character", -1, b'S', 1014;
    VARCHAR = 1043, "varchar", "character varying", -1, b'S', 1015;
    DATE = 1082, "date", "date", 4, b'D', 1182;
    TIME = 1083, "time", "time without time zone", 8, b'D', 1183;
    TIMESTAMP = 1114, "timestamp", "timestamp without time zone", 8, b'D', 1115;
    TIMESTAMPTZ = 1184, "timestamptz", "timestamp with time zone", 8, b'D', 1185;
    INTERVAL = 1186, "interval", "interval", 16, b'T', 1187;
    TIMETZ = 1266, "timetz", "time with time zone", 12, b'D', 1270;
    BIT = 1560, "bit", "bit", -1, b'V', 1561;
    VARBIT = 1562, "varbit", "bit varying", -1, b'V', 1563;
    NUMERIC = 1700, "numeric", "numeric", -1, b'N', 1231;
    REFCURSOR = 1790, "refcursor", "refcursor", -1, b'U', 2201;
    REGPROCEDURE = 2202, "regprocedure", "regprocedure", 4, b'N', 2207;
    REGOPER = 2203, "regoper", "regoper", 4, b'N', 2208;
    REGOPERATOR = 2204, "regoperator", "regoperator", 4, b'N', 2209;
    REGCLASS = 2205, "regclass", "regclass", 4, b'N', 2210;
    REGTYPE = 2206, "regtype", "regtype", 4, b'N', 2211;
    RECORD = 2249, "record", "record", -1, b'P', 2287;
    CSTRING = 2275, "cstring", "cstring", -2, b'P', 1263;
    ANY = 2276, "any", "\"any\"", 4, b'P', 0;
    ANYARRAY = 2277, "anyarray", "anyarray", -1, b'P', 0;
    VOID = 2278, "void", "void", 4, b'P', 0;
    TRIGGER = 2279, "trigger", "trigger", 4, b'P', 0;
    INTERNAL = 2281, "internal", "internal", 8, b'P', 0;
    ANYELEMENT = 2283, "anyelement", "anyelement", 4, b'P', 0;
    ANYNONARRAY = 2776, "anynonarray", "anynonarray", 4, b'P', 0;
    UUID = 2950, "uuid", "uuid", 16, b'U', 2951;
    TXID_SNAPSHOT = 2970, "txid_snapshot", "txid_snapshot", -1, b'U', 2949;
    PG_LSN = 3220, "pg_lsn", "pg_lsn", 8, b'U', 3221;
    ANYENUM = 3500, "anyenum", "anyenum", 4, b'P', 0;
    TSVECTOR = 3614, "tsvector", "tsvector", -1, b'U', 3643;
    TSQUERY = 3615, "tsquery", "tsquery", -1, b'U', 3645;
    REGCONFIG = 3734, "regconfig", "regconfig", 4, b'N', 3735;
    REGDICTIONARY = 3769, "regdictionary", "regdictionary", 4, b'N', 3770;
    JSONB = 3802, "jsonb", "jsonb", -1, b'U', 3807;
    ANYRANGE = 3831, "anyrange", "anyrange", -1, b'P', 0;
    EVENT_TRIGGER = 3838, "event_trigger", "event_trigger", 4, b'P', 0;
    INT4RANGE = 3904, "int4range", "int4range", -1, b'R', 3905;
    NUMRANGE = 3906, "numrange", "numrange", -1, b'R', 3907;
    TSRANGE = 3908, "tsrange", "tsrange", -1, b'R', 3909;
    TSTZRANGE = 3910, "tstzrange", "tstzrange", -1, b'R', 3911;
    DATERANGE = 3912, "daterange", "daterange", -1, b'R', 3913;
    INT8RANGE = 3926, "int8range", "int8range", -1, b'R', 3927;
    JSONPATH = 4072, "jsonpath", "jsonpath", -1, b'U', 4073;
    REGNAMESPACE = 4089, "regnamespace", "regnamespace", 4, b'N', 4090;
    REGROLE = 4096, "regrole", "regrole", 4, b'N', 4097;
    REGCOLLATION = 4191, "regcollation", "regcollation", 4, b'N', 4192;
    INT4MULTIRANGE = 4451, "int4multirange", "int4multirange", -1, b'R', 6150;
    NUMMULTIRANGE = 4532, "nummultirange", "nummultirange", -1, b'R', 6151;
    TSMULTIRANGE = 4533, "tsmultirange", "tsmultirange", -1, b'R', 6152;
    TSTZMULTIRANGE = 4534, "tstzmultirange", "tstzmultirange", -1, b'R', 6153;
    DATEMULTIRANGE = 4535, "datemultirange", "datemultirange", -1, b'R', 6155;
    INT8MULTIRANGE = 4536, "int8multirange", "int8multirange", -1, b'R', 6157;
    ANYMULTIRANGE = 4537, "anymultirange", "anymultirange", -1, b'P', 0;
    ANYCOMPATIBLEMULTIRANGE = 4538, "anycompatiblemultirange", "anycompatiblemultirange", -1, b'P', 0;
    PG_SNAPSHOT = 5038, "pg_snapshot", "pg_snapshot", -1, b'U', 5039;
    XID8 = 5069, "xid8", "xid8", 8, b'U', 271;
    ANYCOMPATIBLE = 5077, "anycompatible", "anycompatible", 4, b'P', 0;
    ANYCOMPATIBLEARRAY = 5078, "anycompatiblearray", "anycompatiblearray", -1, b'P', 0;
    ANYCOMPATIBLENONARRAY = 5079, "anycompatiblenonarray", "anycompatiblenonarray", 4, b'P', 0;
    ANYCOMPATIBLERANGE = 5080, "anycompatiblerange", "anycompatiblerange", -1, b'P', 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_arrays_point_at_each_other() {
        assert_eq!(array_of(INT4), Some(1007));
        assert_eq!(element_of(1007), Some(INT4));
        assert_eq!(element_of(INT2VECTOR), None);
        assert_eq!(by_name("_text").map(|info| info.oid), Some(1009));
        assert_eq!(by_name("character varying").map(|info| info.oid), Some(VARCHAR));
        for info in BY_OID.iter().filter(|info| info.array != 0) {
            assert_eq!(element_of(info.array), Some(info.oid), "{}", info.name);
        }
    }

    #[test]
    fn format_type_shows_modifiers() {
        assert_eq!(format_type(NUMERIC, (10 << 16 | 2) + 4), "numeric(10,2)");
        assert_eq!(format_type(NUMERIC, (3 << 16 | (-2 & 0x7ff)) + 4), "numeric(3,-2)");
        assert_eq!(format_type(TIMESTAMPTZ, 3), "timestamp(3) with time zone");
        assert_eq!(format_type(1015, 24), "character varying(20)[]");
    }
}
