#!/usr/bin/env python3
"""Write DuckDB's answers to the TPC-H queries at scale 0.01, for tests/it/tpch.rs.

usage: golden.py DIR        DIR holds what `lakewire generate --scale 0.01 --output DIR` makes (needs `pip install duckdb`)

One file per query: a line per row, columns separated by `|`, NULL as `NULL`. A value of a floating-point column starts with
`~`: PostgreSQL computes it as numeric, so the test compares it with a tolerance.
"""
import pathlib
import sys

import duckdb

here = pathlib.Path(__file__).parent
data = pathlib.Path(sys.argv[1])
connection = duckdb.connect()
for table in ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"):
    connection.execute(f"create view {table} as select * from read_parquet('{data}/{table}.parquet')")


def text(value, is_float):
    if value is None:
        return "NULL"
    return f"~{value!r}" if is_float else str(value)


for query in sorted((here.parent.parent / "bench" / "tpch").glob("q*.sql")):
    result = connection.execute(query.read_text())
    floats = [str(column[1]) in ("DOUBLE", "FLOAT") for column in result.description]
    lines = ["|".join(map(text, row, floats)) for row in result.fetchall()]
    (here / f"{query.stem}.txt").write_text("".join(line + "\n" for line in lines))
