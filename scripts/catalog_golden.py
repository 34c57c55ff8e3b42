#!/usr/bin/env python3
"""Write tests/golden/catalog/: what a real PostgreSQL 17 says about names, types and system objects.

    scripts/catalog_golden.py "host=127.0.0.1 user=postgres dbname=postgres"

Each line is: kind, input, answer, separated by tabs; `\\N` is NULL, an error is `!SQLSTATE message`. Kinds are `expr`
(an SQL expression), `<type` (the text input of a reg* type, answered by the OID), `>type` (its text output) and
`format_type` (OID and modifier). relations.txt holds queries on system relations, each with the rows that PostgreSQL
has for the objects of the tests' catalog.
"""

import pathlib
import subprocess
import sys

TARGET = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "catalog"
DATABASE = "lakewire_catalog_golden"

# Every object's name; of the functions every seventh.
LISTS = {
    "names": """
        SELECT '>regclass', oid::text, oid::regclass::text FROM pg_class WHERE oid < 16384
        UNION ALL SELECT '>regtype', oid::text, oid::regtype::text FROM pg_type WHERE oid < 16384
        UNION ALL SELECT '>regproc', oid::text, oid::regproc::text FROM pg_proc WHERE oid::int8 % 7 = 0
        UNION ALL SELECT '>regprocedure', oid::text, oid::regprocedure::text FROM pg_proc WHERE oid::int8 % 7 = 0
        UNION ALL SELECT '>regoper', oid::text, oid::regoper::text FROM pg_operator WHERE oid::int8 % 3 = 0
        UNION ALL SELECT '>regoperator', oid::text, oid::regoperator::text FROM pg_operator WHERE oid::int8 % 3 = 0
        UNION ALL SELECT '>regcollation', oid::text, oid::regcollation::text FROM pg_collation WHERE oid::int8 % 9 = 0
        UNION ALL SELECT '>regnamespace', oid::text, oid::regnamespace::text FROM pg_namespace WHERE oid < 16384
        UNION ALL SELECT '>regrole', oid::text, oid::regrole::text FROM pg_roles WHERE oid < 16384
    """,
    "types": """
        SELECT 'format_type', concat_ws(' ', t.oid, m.m), format_type(t.oid, m.m)
        FROM pg_type t CROSS JOIN (VALUES (NULL), (-1)) AS m (m) WHERE t.oid < 16384
        UNION ALL
        SELECT 'format_type', concat_ws(' ', t.oid, m.m), format_type(t.oid, m.m)
        FROM unnest('{18,19,23,25,1042,1014,1043,1015,1083,1114,1184,1266,1560,1562,1700,1231,3802}'::oid[])
             AS t (oid)
        CROSS JOIN (VALUES (0), (3), (5), (6), (24), (655366), (983046), (131072)) AS m (m)
        UNION ALL
        SELECT 'format_type', concat_ws(' ', t.oid, m.m), format_type(t.oid, m.m)
        FROM (VALUES (1186), (1187)) AS t (oid)
        CROSS JOIN (VALUES (327679), (196607), (589823), (67174399), (458751), (470351871), (470286339), (402653187),
                           (2147418115), (2147483647)) AS m (m)
    """,
}

# Text inputs of reg* types.
INPUTS = {
    "regclass": """pg_class|pg_catalog.pg_class|information_schema.tables|tables|PG_CLASS|"pg_class"|"PG_CLASS"|
        pg_class_oid_index|1259|-|nosuch|nosuch.x|a.b.c|A.b.c.d.e||a b|"a|.a|a.|pg_catalog . pg_class| pg_class |
        pg_toast.pg_toast_1255""",
    "regtype": """int|int4|integer|INTEGER|pg_catalog.int4|bigint|text|"char"|char|character|character varying|
        varchar(20)|numeric(10,2)|numeric|decimal(5)|double precision|float|real|timestamp|timestamp(3) with time zone|
        timestamp without time zone|time with time zone|timestamptz|interval|interval day to second|interval(3)|
        interval year|bit|bit varying(3)|bool|boolean|int[]|int4[3]|text[][]|int array|int array[3]|_int4|oidvector|
        regclass|"int4"|"Int4"|foo|foo.bar|pg_catalog.foo|foo bar||name|pg_class|pg_class[]|
        information_schema.sql_identifier|national character varying(3)|dec|nchar(3)|json|jsonb[]|23|-|double|
        uuid|bytea|xid|anyelement|record|void""",
    "regproc": "boolin|abs|foo|foo.foo|pg_catalog.boolin|information_schema._pg_truetypid|_pg_truetypid|-|1242|a b",
    "regprocedure": """abs(integer)|abs(int4)|abs(text)|abs(foo)|abs|abs(|abs()|now()|substring(text, int, int)|
        pg_catalog.abs(bigint)|numeric(numeric,integer)|format_type(oid, integer)""",
    "regoper": "+|@#|~~|||/|pg_catalog.~~|0",
    "regoperator": """+(int4,int4)|+(integer, integer)|+(int4,text)|+|-(none,int8)|-(NONE, bigint)|!~(none,int4)|
        +(int4)|+(int4,int4,int4)|pg_catalog.=(text,text)|=(foo,int4)""",
    "regnamespace": 'pg_catalog|"pg_catalog"|information_schema|foo|a.b|public|2200|-|',
    "regrole": "postgres|pg_monitor|foo|a.b|10|-",
    "regcollation": '"C"|C|"POSIX"|pg_catalog."C"|default|"default"|foo.bar',
}

# Calls with constant arguments.
EXPRESSIONS = """
    to_regclass('pg_class')::oid
    to_regclass('nosuch.x') IS NULL
    to_regclass('a b') IS NULL
    to_regtype('integer')::oid
    to_regtype('nosuch') IS NULL
    to_regtype('foo bar')
    to_regproc('abs') IS NULL
    to_regproc('now')::oid
    to_regprocedure('abs(int)')::oid
    to_regoperator('+(int4,int4)')::oid
    to_regnamespace('pg_catalog')::oid
    to_regrole('nosuch') IS NULL
    pg_get_userbyid(10)
    pg_get_userbyid(4711)
    pg_encoding_to_char(6)
    pg_encoding_to_char(0)
    pg_encoding_to_char(41)
    pg_encoding_to_char(99)
    pg_char_to_encoding('UTF8')
    pg_char_to_encoding('utf-8')
    pg_char_to_encoding('Latin1')
    pg_char_to_encoding('ISO-8859-1')
    pg_char_to_encoding('unicode')
    pg_char_to_encoding('windows-1252')
    pg_char_to_encoding('shift_jis_2004')
    pg_char_to_encoding('nosuch')
    pg_encoding_max_length(6)
    pg_encoding_max_length(35)
    getdatabaseencoding()
    pg_size_pretty(CAST(0 AS BIGINT))
    pg_size_pretty(CAST(1 AS BIGINT))
    pg_size_pretty(CAST(10239 AS BIGINT))
    pg_size_pretty(CAST(10240 AS BIGINT))
    pg_size_pretty(CAST(-10240 AS BIGINT))
    pg_size_pretty(CAST(20000 AS BIGINT))
    pg_size_pretty(CAST(10485247 AS BIGINT))
    pg_size_pretty(CAST(10485248 AS BIGINT))
    pg_size_pretty(CAST(123456789 AS BIGINT))
    pg_size_pretty(CAST(-123456789 AS BIGINT))
    pg_size_pretty(CAST(10737418239 AS BIGINT))
    pg_size_pretty(CAST(12345678901234 AS BIGINT))
    pg_size_pretty(CAST(9223372036854775807 AS BIGINT))
    pg_size_bytes('1')
    pg_size_bytes('1 kB')
    pg_size_bytes('1.5 MB')
    pg_size_bytes(' 2GB ')
    pg_size_bytes('-3 TB')
    pg_size_bytes('1e3 bytes')
    pg_size_bytes('10 pb')
    pg_size_bytes('1 foo')
    pg_size_bytes('abc')
    pg_table_is_visible(1259)
    pg_table_is_visible(4711) IS NULL
    pg_type_is_visible(23)
    pg_function_is_visible(1242)
    pg_operator_is_visible(96)
    pg_collation_is_visible(100)
    pg_opclass_is_visible(1978)
    pg_ts_config_is_visible(3748)
    pg_conversion_is_visible(4711) IS NULL
    obj_description(1259, 'pg_class')
    obj_description(23, 'pg_type')
    obj_description(1242, 'pg_proc')
    obj_description(11, 'pg_namespace')
    obj_description(11, 'nosuch') IS NULL
    col_description(1259, 1) IS NULL
    shobj_description(1663, 'pg_tablespace') IS NULL
    pg_get_function_arguments(2096)
    pg_get_function_identity_arguments(2096)
    pg_get_function_result(2096)
    pg_get_function_result(1242)
    pg_get_functiondef(1242)
    pg_get_functiondef(2147)
    pg_get_functiondef(4711) IS NULL
    pg_get_indexdef(2662)
    pg_get_indexdef(2663, 1, true)
    pg_get_indexdef(2663, 2, true)
    pg_get_indexdef(2663, 9, true)
    pg_get_indexdef(4711) IS NULL
    pg_get_constraintdef(4711) IS NULL
    pg_get_viewdef('pg_user')
    pg_get_viewdef('pg_user', true)
    pg_get_viewdef('nosuch')
    pg_get_ruledef(4711) IS NULL
    pg_get_triggerdef(4711) IS NULL
    pg_get_partkeydef(1259) IS NULL
    has_table_privilege('pg_class', 'select')
    has_table_privilege('pg_class', 'SELECT, INSERT')
    has_table_privilege('postgres', 'pg_class', 'insert')
    has_table_privilege('public', 'pg_class', 'insert')
    has_table_privilege('public', 'pg_class', 'select')
    has_table_privilege('public', 'pg_authid', 'select')
    has_table_privilege('pg_class', 'foo')
    has_table_privilege('nosuch', 'select')
    has_table_privilege('nosuch', 'pg_class', 'select')
    has_table_privilege(4711, 'select') IS NULL
    has_schema_privilege('pg_catalog', 'usage')
    has_schema_privilege('public', 'pg_catalog', 'usage')
    has_schema_privilege('public', 'pg_catalog', 'create')
    has_schema_privilege('nosuch', 'usage')
    has_schema_privilege(11, 'usage with grant option')
    has_database_privilege('nosuch', 'connect')
    has_function_privilege('abs(integer)', 'execute')
    has_function_privilege('public', 'abs(integer)', 'execute')
    has_function_privilege('public', 'pg_read_file(text)', 'execute')
    has_type_privilege('integer', 'usage')
    has_language_privilege('public', 'internal', 'usage')
    has_language_privilege('public', 'plpgsql', 'usage')
    has_column_privilege('pg_class', 'relname', 'select')
    has_any_column_privilege('pg_class', 'select')
    has_tablespace_privilege('public', 'pg_default', 'create')
    has_parameter_privilege('work_mem', 'set')
    has_parameter_privilege('public', 'work_mem', 'set')
    has_server_privilege('nosuch', 'usage')
    pg_has_role('postgres', 'member')
    pg_has_role('pg_monitor', 'pg_read_all_data', 'usage')
    pg_has_role('pg_monitor', 'foo')
    pg_has_role('nosuch', 'usage')
    pg_is_in_recovery()
    pg_my_temp_schema()
    pg_is_other_temp_schema(11)
    pg_relation_filenode('pg_user') IS NULL
    pg_relation_size('pg_user')
    pg_relation_size('nosuch')
    pg_relation_size('pg_class', 'foo')
    pg_relation_size(4711) IS NULL
    pg_tablespace_location(1663)
    pg_tablespace_location(0)
    pg_database_size('nosuch')
    pg_tablespace_size('nosuch')
    pg_column_is_updatable('pg_user', CAST(1 AS SMALLINT), false)
    pg_describe_object(1259, 1259, 0)
    pg_describe_object(1259, 1259, 1)
    pg_describe_object(1259, 2662, 0)
    (pg_identify_object(1259, 1259, 0)).identity
    (pg_identify_object(1259, 1259, 1)).identity
    (pg_identify_object(1259, 2662, 0)).type
    (pg_identify_object(1255, 1242, 0)).identity
    (pg_identify_object(1255, 1397, 0)).identity
    (pg_identify_object(1255, 2147, 0)).type
    (pg_identify_object(1247, 23, 0)).identity
    (pg_identify_object(1247, 23, 0)).name
    (pg_identify_object(2615, 11, 0)).type
    array_to_string(acldefault('r', 10), ' ')
    array_to_string(acldefault('d', 10), ' ')
    array_to_string(acldefault('c', 10), ' ')
    pg_describe_object(1247, 23, 0)
    pg_describe_object(1255, 1242, 0)
    pg_describe_object(2615, 11, 0)
    pg_describe_object(2617, 96, 0)
    pg_get_serial_sequence('pg_class', 'relname') IS NULL
    pg_get_serial_sequence('nosuch', 'x')
    current_setting('nosuch')
    current_setting('nosuch', true) IS NULL
    current_setting('work_mem')
    current_setting('shared_buffers')
    current_setting('block_size')
    current_setting('max_identifier_length')
    current_setting('Integer_Datetimes')
    txid_current_if_assigned() IS NULL
    pg_try_advisory_lock(1)
    row_security_active('pg_class')
    format_type(NULL, 5) IS NULL
    format_type(0, 5)
    format_type(4711, NULL)
    pg_jit_available() IS NOT NULL
    pg_stat_get_numscans(4711)
    pg_relation_is_publishable('pg_class')
    information_schema._pg_numeric_precision(1700, 655366)
    information_schema._pg_numeric_scale(1700, 655366)
    information_schema._pg_char_max_length(1043, 24)
    information_schema._pg_char_octet_length(1043, 24)
    information_schema._pg_char_octet_length(25, -1)
    information_schema._pg_datetime_precision(1184, -1)
    information_schema._pg_datetime_precision(1114, 3)
    information_schema._pg_datetime_precision(1186, -1)
    information_schema._pg_datetime_precision(1082, -1)
    information_schema._pg_numeric_precision_radix(23, -1)
"""


# The objects of the tests' catalog (src/catalog/pg_catalog/fixture.rs).
SCHEMA = """
    CREATE TABLE customer (c_custkey int PRIMARY KEY, c_name text);
    CREATE TABLE orders (o_orderkey int8 PRIMARY KEY, o_custkey int NOT NULL REFERENCES customer,
                         o_totalprice numeric(15,2), o_comment varchar(20));
    CREATE SCHEMA mart;
    CREATE TABLE mart."Events" (c_custkey int NOT NULL, c_name text);
    CREATE VIEW order_keys AS SELECT o_orderkey FROM orders;
    COMMENT ON TABLE orders IS 'all orders';
    COMMENT ON COLUMN orders.o_totalprice IS 'what it costs';
"""

# Relations whose rows for these objects are compared: condition, order, columns left out besides OIDs of objects.
USERS = "IN ('public', 'mart')"
RELATIONS = [
    ("pg_catalog.pg_class", "oid >= 16384 AND relname !~ 'toast'", "relname",
     "oid relnamespace reltype relowner relfilenode relpages reltuples relallvisible reltoastrelid relfrozenxid"),
    ("pg_catalog.pg_attribute", "attrelid >= 16384 AND attname !~ 'chunk' AND attnum > 0",
     "attname, attnotnull, attnum", "attrelid"),
    ("pg_catalog.pg_type", "oid >= 16384", "typname", "oid typnamespace typowner typrelid typelem typarray"),
    ("pg_catalog.pg_constraint", "oid >= 16384", "conname", "oid connamespace conrelid conindid confrelid"),
    ("pg_catalog.pg_index", "indexrelid >= 16384 AND indnatts = 1", "indclass", "indexrelid indrelid"),
    ("pg_catalog.pg_description", "objoid >= 16384", "description", "objoid"),
    ("pg_catalog.pg_tables", "schemaname <> 'pg_catalog'", "schemaname, tablename", "tableowner"),
    ("pg_catalog.pg_indexes", f"schemaname {USERS}", "indexname", ""),
    ("pg_catalog.pg_stat_user_indexes", "true", "relname", "relid indexrelid idx_scan last_idx_scan idx_tup_read"),
    ("information_schema.tables", f"table_schema {USERS}", "table_name", "is_insertable_into"),
    ("information_schema.columns", f"table_schema {USERS}", "table_name, ordinal_position", "is_updatable"),
    ("information_schema.schemata", "true", "schema_name", "schema_owner"),
    ("information_schema.table_constraints", f"table_schema {USERS} AND constraint_type <> 'CHECK'",
     "constraint_name", ""),
    ("information_schema.check_constraints", f"constraint_schema {USERS}", "check_clause", "constraint_name"),
    ("information_schema.key_column_usage", "table_schema = 'public'", "constraint_name", ""),
    ("information_schema.referential_constraints", "true", "constraint_name", ""),
    ("information_schema.constraint_column_usage", "table_schema = 'public'", "constraint_name", ""),
    ("information_schema.constraint_table_usage", "table_schema = 'public'", "constraint_name", ""),
    ("information_schema.table_privileges", f"table_schema {USERS}", "table_name, privilege_type", "grantor grantee"),
    ("information_schema.column_privileges", f"table_schema {USERS}", "table_name, column_name, privilege_type",
     "grantor grantee"),
    ("information_schema.column_udt_usage", f"table_schema {USERS}", "table_name, column_name", ""),
    ("information_schema.data_type_privileges", f"object_schema {USERS}", "object_name, dtd_identifier", ""),
]


def rows_of(connection, relation, condition, order, left_out):
    """The golden lines of one relation: the query, then its rows."""
    _, names, _ = psql(connection, f"""SELECT attname FROM pg_attribute WHERE attrelid = '{relation}'::regclass
        AND attnum > 0 ORDER BY attnum""")
    columns = [name for name in names.split() if name not in left_out.split()]
    # Functions of types travel as OIDs, as the server keeps them.
    cast = {"typsubscript", "typinput", "typoutput", "typreceive", "typsend", "typmodin", "typmodout", "typanalyze"}
    shown = [f"{name}::oid" if name in cast else name for name in columns]
    tail = f"FROM {relation} WHERE {condition} ORDER BY {order}"
    code, out, err = psql(connection, f"SELECT {', '.join(shown)} {tail}")
    if code:
        sys.exit(err)
    return [f"> SELECT {', '.join(columns)} {tail}", *out.replace(DATABASE, "tpch").splitlines()]


def psql(connection, sql):
    """The output and errors of one statement."""
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "VERBOSITY=verbose", "-d", connection, "-c", sql]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def quote(text):
    """An SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def escape(text):
    """One field of a line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def answer(connection, expression):
    """The value of an expression, or its error."""
    code, out, err = psql(connection, f"COPY (SELECT {expression}) TO STDOUT")
    if code == 0:
        return out.rstrip("\n")
    message = err.splitlines()[0].removeprefix("ERROR:").strip()
    state, _, text = message.partition(": ")
    return f"!{state} {escape(text)}"


def write(name, lines):
    """One golden file."""
    (TARGET / f"{name}.txt").write_text("\n".join(lines) + "\n")
    print(f"{name}.txt: {len(lines)} lines")


def main():
    """Makes a database, asks, drops it."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    server = sys.argv[1]
    psql(server, f"DROP DATABASE IF EXISTS {DATABASE}")
    psql(server, f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    connection = f"{server} dbname={DATABASE}"
    TARGET.mkdir(parents=True, exist_ok=True)
    try:
        for name, query in LISTS.items():
            code, out, err = psql(connection, f"COPY ({query}) TO STDOUT")
            if code:
                sys.exit(err)
            write(name, out.splitlines())
        lines = []
        for kind, inputs in INPUTS.items():
            # A lone bar separates; the operator || is written as two.
            words = inputs.replace("||/", "\0/").split("|")
            for text in (word.replace("\0", "||").replace("\n        ", "") for word in words):
                lines.append(f"<{kind}\t{escape(text)}\t{answer(connection, f'{quote(text)}::{kind}::oid')}")
        write("inputs", lines)
        psql(connection, SCHEMA)
        write("relations", [line for relation in RELATIONS for line in rows_of(connection, *relation)])
        expressions = [line.strip() for line in EXPRESSIONS.strip().splitlines()]
        write("expressions", [f"expr\t{escape(e)}\t{answer(connection, e)}" for e in expressions])
    finally:
        psql(server, f"DROP DATABASE {DATABASE}")


if __name__ == "__main__":
    main()
