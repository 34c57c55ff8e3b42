#!/usr/bin/env python3
"""Write src/catalog/data/: the static part of the system catalogs, taken from a real PostgreSQL 17.

    scripts/catalog_export.py "host=127.0.0.1 user=postgres dbname=postgres"

The connection must be a superuser's. The script makes a database of its own from template0 and drops it again, so
that nothing of a user gets in. Each file is one relation's rows as COPY text (gzip, without a time stamp, so that the
same PostgreSQL gives the same bytes): `git diff --textconv` reads them after
`git config diff.gzip.textconv "gzip -dc"`.
"""

import gzip
import pathlib
import subprocess
import sys

DATABASE = "lakewire_catalog_export"
TARGET = pathlib.Path(__file__).resolve().parent.parent / "src" / "catalog" / "data"

# Whole system tables. Left out: pg_database, pg_shdepend, pg_db_role_setting (they are the server's own) and
# pg_statistic (statistics of the exporting server's system tables).
CATALOGS = """
    pg_aggregate pg_am pg_amop pg_amproc pg_attribute pg_auth_members pg_authid pg_cast pg_class pg_collation
    pg_constraint pg_conversion pg_depend pg_description pg_extension pg_index pg_init_privs pg_language pg_namespace
    pg_opclass pg_operator pg_opfamily pg_proc pg_range pg_rewrite pg_shdescription pg_tablespace pg_ts_config
    pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template pg_type
""".split()

# Views whose rows for system objects are fixed. The server adds the rows of its own objects.
VIEWS = """
    pg_catalog.pg_group pg_catalog.pg_indexes pg_catalog.pg_rules pg_catalog.pg_settings pg_catalog.pg_tables
    pg_catalog.pg_timezone_abbrevs pg_catalog.pg_views pg_catalog.pg_wait_events
    information_schema.applicable_roles information_schema.administrable_role_authorizations
    information_schema.character_sets information_schema.check_constraint_routine_usage
    information_schema.check_constraints information_schema.collation_character_set_applicability
    information_schema.collations information_schema.column_domain_usage information_schema.column_privileges
    information_schema.column_udt_usage information_schema.columns information_schema.constraint_column_usage
    information_schema.constraint_table_usage information_schema.data_type_privileges
    information_schema.domain_constraints information_schema.domain_udt_usage information_schema.domains
    information_schema.element_types information_schema.key_column_usage information_schema.parameters
    information_schema.referential_constraints information_schema.role_column_grants
    information_schema.role_routine_grants information_schema.role_table_grants information_schema.role_udt_grants
    information_schema.role_usage_grants information_schema.routine_privileges information_schema.routines
    information_schema.schemata information_schema.sql_features information_schema.sql_implementation_info
    information_schema.sql_parts information_schema.sql_sizing information_schema.table_constraints
    information_schema.table_privileges information_schema.tables information_schema.udt_privileges
    information_schema.usage_privileges information_schema.view_column_usage
    information_schema.view_routine_usage information_schema.view_table_usage information_schema.views
""".split()

# Views that show a role without privileges other rows than a superuser: their rows for such a role.
READER = "lakewire_catalog_reader"
READER_VIEWS = """
    pg_catalog.pg_settings
    information_schema.applicable_roles information_schema.check_constraints information_schema.column_domain_usage
    information_schema.column_privileges information_schema.column_udt_usage information_schema.columns
    information_schema.constraint_column_usage information_schema.constraint_table_usage
    information_schema.data_type_privileges information_schema.domain_udt_usage information_schema.element_types
    information_schema.key_column_usage information_schema.parameters information_schema.role_column_grants
    information_schema.role_routine_grants information_schema.role_table_grants information_schema.role_udt_grants
    information_schema.role_usage_grants information_schema.routine_privileges information_schema.routines
    information_schema.schemata information_schema.table_constraints information_schema.table_privileges
    information_schema.tables information_schema.udt_privileges information_schema.usage_privileges
    information_schema.view_column_usage information_schema.view_routine_usage information_schema.view_table_usage
    information_schema.views
""".split()

# What only PostgreSQL's own functions can say about system objects.
QUERIES = {
    "keywords": "SELECT word, catcode, barelabel, catdesc, baredesc FROM pg_get_keywords() ORDER BY word",
    "function_texts": """
        SELECT oid, pg_get_function_arguments(oid), pg_get_function_identity_arguments(oid),
               pg_get_function_result(oid),
               CASE WHEN prokind <> 'a' THEN pg_get_functiondef(oid) END, pg_get_function_sqlbody(oid)
        FROM pg_proc ORDER BY oid""",
    "expression_texts": """
        SELECT tree, min(text) FROM (
            SELECT proargdefaults::text, pg_get_expr(proargdefaults, 0) FROM pg_proc
            UNION ALL SELECT conbin::text, pg_get_expr(conbin, conrelid) FROM pg_constraint
            UNION ALL SELECT adbin::text, pg_get_expr(adbin, adrelid) FROM pg_attrdef) AS t (tree, text)
        WHERE text IS NOT NULL GROUP BY tree ORDER BY tree COLLATE "C" """,
    "view_texts": """
        SELECT oid, pg_get_viewdef(oid), pg_get_viewdef(oid, true) FROM pg_class WHERE relkind = 'v' ORDER BY oid""",
    "rule_texts": """
        SELECT oid, pg_get_ruledef(oid), pg_get_ruledef(oid, true) FROM pg_rewrite ORDER BY oid""",
    "constraint_texts": """
        SELECT oid, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint ORDER BY oid""",
    "index_texts": """
        SELECT indexrelid, pg_get_indexdef(indexrelid), pg_get_indexdef(indexrelid, 0, true) FROM pg_index
        ORDER BY indexrelid""",
}

# Every relation's columns. A domain stands as its base type, as RowDescription shows it.
COLUMNS = """
    SELECT n.nspname, c.relname, c.relkind, a.attname,
           CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END,
           CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
           a.attnotnull
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v') AND a.attnum > 0
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attnum
"""

# Columns whose value is large, secret or the exporting server's own.
REPLACED = {
    ("pg_rewrite", "ev_action"): "'<>'::text",
    ("pg_authid", "rolpassword"): "NULL::text",
    ("pg_settings", "sourcefile"): "NULL::text",
    ("pg_settings", "sourceline"): "NULL::int4",
    ("pg_settings", "setting"): "coalesce(boot_val, '')",
    ("pg_settings", "source"): "'default'::text",
    ("pg_settings", "reset_val"): "boot_val",
    ("pg_settings", "pending_restart"): "false",
}

# Rows that are the exporting server's own.
CONDITIONS = {
    "pg_authid": "WHERE oid < 16384",
    "pg_auth_members": "WHERE member < 16384",
    "pg_group": "WHERE grosysid < 16384",
    "pg_settings": "WHERE name !~ '[.]'",
}

# reg* types travel as OIDs; the server prints them by name again.
REG_TYPES = "('regproc', 'regprocedure', 'regoper', 'regoperator', 'regclass', 'regtype', 'regrole', 'regnamespace')"


def psql(connection, sql):
    """The output of one statement, as bytes."""
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", connection, "-c", sql]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def copy(connection, query, role=None):
    """The rows of a query as COPY text, as `role` sees them."""
    prefix = f"SET ROLE {role}; " if role else ""
    return psql(connection, f"{prefix}COPY ({query}) TO STDOUT (ENCODING 'UTF8')")


def select_list(connection, schema, relation):
    """The relation's columns in order, reg* as oid, replaced ones replaced."""
    rows = psql(
        connection,
        f"""SELECT a.attname || E'\\t' || CASE WHEN t.typname IN {REG_TYPES} THEN '::oid'
                   WHEN e.typname IN {REG_TYPES} THEN '::oid[]' ELSE '' END
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem
            WHERE a.attrelid = '{schema}.{relation}'::regclass AND a.attnum > 0 ORDER BY a.attnum""",
    ).decode()
    for line in rows.splitlines():
        name, _, cast = line.partition("\t")
        yield REPLACED.get((relation, name), f'"{name}"{cast}')


def rows_of(connection, schema, relation, role=None):
    """A relation's rows as COPY text, in an order that does not depend on where they lie."""
    columns = list(select_list(connection, schema, relation))
    # All columns as text make a total order; an OID in front keeps related rows together.
    has_oid = columns[0] == '"oid"'
    order = 't."oid"' if has_oid else 't::text COLLATE "C"'
    condition = CONDITIONS.get(relation, "")
    query = f"SELECT {', '.join(columns)} FROM {schema}.{relation} t {condition} ORDER BY {order}"
    return copy(connection, query, role)


def write(name, data):
    """One data file; equal rows give equal bytes."""
    path = TARGET / f"{name}.gz"
    path.write_bytes(gzip.compress(data, compresslevel=9, mtime=0))
    print(f"{path.name}: {data.count(bytes([10]))} rows, {path.stat().st_size} bytes")


def export(connection):
    """Writes every file."""
    TARGET.mkdir(parents=True, exist_ok=True)
    write("columns", copy(connection, COLUMNS))
    for relation in CATALOGS:
        write(f"pg_catalog.{relation}", rows_of(connection, "pg_catalog", relation))
    for view in VIEWS:
        schema, relation = view.split(".")
        data = rows_of(connection, schema, relation)
        # The server puts its own database's name here.
        write(view, data.replace(DATABASE.encode(), b"%database%"))
    for view in READER_VIEWS:
        schema, relation = view.split(".")
        data = rows_of(connection, schema, relation, READER)
        write(f"reader.{view}", data.replace(DATABASE.encode(), b"%database%"))
    for name, query in QUERIES.items():
        write(name, copy(connection, query))


def main():
    """Makes the database, exports, drops it."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    server = sys.argv[1]
    version = psql(server, "SHOW server_version_num").decode().strip()
    if not version.startswith("17"):
        sys.exit(f"this is not PostgreSQL 17 but {version}")
    psql(server, f"DROP DATABASE IF EXISTS {DATABASE}")
    psql(server, f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    psql(server, f"DROP ROLE IF EXISTS {READER}; CREATE ROLE {READER}")
    try:
        export(f"{server} dbname={DATABASE}")
    finally:
        psql(server, f"DROP DATABASE {DATABASE}")
        psql(server, f"DROP ROLE {READER}")


if __name__ == "__main__":
    main()
