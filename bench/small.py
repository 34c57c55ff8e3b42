"""Small statements against PostgreSQL 15: what a connection and a round trip cost."""

import statistics
import time

CATALOG = """select c.relname, a.attname from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
where c.relname = 'orders' and a.attnum > 0"""
JOIN = """select r_name, count(*) from nation join region on n_regionkey = r_regionkey group by r_name order by 1"""
STATEMENTS = {
    "select 1": ("select 1", None, 2.0),
    "select with a parameter": ("select %s::int4 + 1", (41,), None),
    "one order by its key": ("select o_totalprice from orders where o_orderkey = %s", (1234567,), None),
    "nation joined with region": (JOIN, None, None),
    "catalog join": (CATALOG, None, None),
}
ROUNDS, PER_ROUND, WARM_UP = 20, 25, 30


def time_statement(cursor, sql, parameters):
    start = time.perf_counter()
    cursor.execute(sql, parameters)
    cursor.fetchall()
    return time.perf_counter() - start


def latencies(servers, sql, parameters):
    """Seconds by server, in turn: a slow moment of the machine hits all."""
    times = [[] for _ in servers]
    connections = [server.connect() for server in servers]
    cursors = [connection.cursor() for connection in connections]
    for cursor in cursors:
        for _ in range(WARM_UP):
            time_statement(cursor, sql, parameters)
    for _ in range(ROUNDS):
        for cursor, taken in zip(cursors, times):
            taken += [time_statement(cursor, sql, parameters) for _ in range(PER_ROUND)]
    for connection in connections:
        connection.close()
    return times


def connect_times(servers):
    times = [[] for _ in servers]
    for _ in range(50):
        for server, taken in zip(servers, times):
            start = time.perf_counter()
            with server.connect() as connection:
                connection.execute("select 1").fetchall()
            taken.append(time.perf_counter() - start)
    return times


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def measure(lakewire, postgres, table):
    servers = (lakewire, postgres)
    for name, (sql, parameters, limit) in STATEMENTS.items():
        try:
            ours, theirs = latencies(servers, sql, parameters)
        except Exception as error:
            table.failed(name, error)
            continue
        table.ratio(f"{name}, p50", statistics.median(ours), statistics.median(theirs), "PostgreSQL 15", limit)
        table.ratio(f"{name}, p99", percentile(ours, 0.99), percentile(theirs, 0.99), "PostgreSQL 15", None)
    ours, theirs = connect_times(servers)
    table.ratio("connect and select 1, p50", statistics.median(ours), statistics.median(theirs), "PostgreSQL 15", None)
