"""TPC-H at scale 1 against DuckDB on the same Parquet files: times, and answers that must be equal."""

import decimal
import math
import os
import pathlib
import re
import statistics
import time

import duckdb

from servers import sources

ROUNDS = 3
QUERIES = pathlib.Path(__file__).parent / "tpch"


def parameterize(sql):
    """Constants that are compared with something become parameters; see tests/it/tpch.rs."""
    values = []

    def placeholder(match):
        cast = match.group("cast")
        values.append(match.group("text") if match.group("text") is not None else match.group("number"))
        return f"{match.group('operator') or ''} ${len(values)}{'::' + cast if cast else ''}"

    literal = r"(?:\b(?P<cast>date|interval)\s+)?'(?P<text>[^']*)'|(?P<operator>[<>=]+)\s*(?P<number>\d+(?:\.\d+)?)"
    return re.sub(literal, placeholder, sql), values


def equal(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(a, (int, decimal.Decimal)) and isinstance(b, (int, decimal.Decimal)):
        return decimal.Decimal(a) == decimal.Decimal(b)
    return a == b


def same(ours, theirs):
    return len(ours) == len(theirs) and all(
        len(a) == len(b) and all(map(equal, a, b)) for a, b in zip(ours, theirs)
    )


def with_parameters(connection, sql):
    text, values = parameterize(sql)
    result = connection.pgconn.exec_params(text.encode(), [value.encode() for value in values])
    if result.error_message:
        raise RuntimeError(result.error_message.decode())
    return [[result.get_value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)]


def text_of(value):
    return None if value is None else value.decode() if isinstance(value, bytes) else str(value)


def same_text(with_params, as_text):
    return [list(map(text_of, row)) for row in with_params] == [list(map(text_of, row)) for row in as_text]


def plain(connection, sql):
    result = connection.pgconn.exec_(sql.encode())
    return [[result.get_value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)]


def measure(lakewire, data, table):
    base = duckdb.connect()
    base.execute(f"set threads = {os.cpu_count()}")
    for name, source in sources(data).items():
        base.execute(f"create view {name} as select * from {source}")
    connection = lakewire.connect()
    ratios, wrong, ours_total, theirs_total = [], [], 0.0, 0.0
    for query in sorted(QUERIES.glob("q*.sql")):
        sql = query.read_text()
        ours_times, theirs_times = [], []
        try:
            for _ in range(ROUNDS + 1):
                start = time.perf_counter()
                with connection.cursor(binary=True) as cursor:
                    ours = cursor.execute(sql).fetchall()
                middle = time.perf_counter()
                theirs = base.execute(sql).fetchall()
                ours_times.append(middle - start)
                theirs_times.append(time.perf_counter() - middle)
            if not same(ours, theirs):
                wrong.append(query.stem)
            if not same_text(with_parameters(connection, sql), plain(connection, sql)):
                wrong.append(f"{query.stem} with parameters")
        except Exception as error:
            table.failed(f"TPC-H {query.stem}", error)
            wrong.append(query.stem)
            continue
        # The first round warms both.
        ours, theirs = statistics.median(ours_times[1:]), statistics.median(theirs_times[1:])
        ratios.append(ours / theirs)
        ours_total, theirs_total = ours_total + ours, theirs_total + theirs
        table.ratio(f"TPC-H {query.stem}", ours, theirs, "DuckDB", None)
    connection.close()
    if ratios:
        table.ratio("TPC-H, sum of medians", ours_total, theirs_total, "DuckDB", None)
        table.value("TPC-H, geometric mean of ratios", f"{statistics.geometric_mean(ratios):.2f}", None, None)
    table.value("TPC-H, answers equal to DuckDB's", f"{22 - len(wrong)} of 22", "22 of 22", not wrong)
    if wrong:
        print("wrong answers:", ", ".join(wrong))
