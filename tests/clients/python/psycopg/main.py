"""psycopg 3: both formats, server-side binding, prepared statements, transactions, pipelines, cancelling."""

import datetime
import decimal
import threading
import uuid

import psycopg
from psycopg import errors


def expect(actual, expected):
    if actual != expected:
        raise SystemExit(f"{actual!r} instead of {expected!r}")


def values(connection):
    row = [
        True, 7, 2**40, decimal.Decimal("12.340"), 1.5, "é", b"\0\xff", None, datetime.date(2024, 2, 29),
        datetime.datetime(2024, 5, 6, 7, 8, 9, 123456), datetime.timedelta(days=1, hours=2), uuid.UUID(int=1),
        [1, None, 3], ["a b", ""],
    ]
    casts = "bool int4 int8 numeric float8 text bytea int4 date timestamp interval uuid int4[] text[]".split()
    sql = "select " + ", ".join(f"%s::{cast}" for cast in casts)
    for binary in (False, True):
        with connection.cursor(binary=binary) as cursor:
            expect(list(cursor.execute(sql, row).fetchone()), row)


def copies(connection):
    """COPY both ways, as text and as typed binary rows."""
    rows = [(1, "a\tb\\", decimal.Decimal("1.50"), datetime.date(2024, 2, 29)), (2, None, None, None), (3, "", 7, None)]
    rows[2] = (3, "", decimal.Decimal("7"), None)
    types = ["int4", "text", "numeric", "date"]
    connection.execute("create temp table copied (a int primary key, b text, c numeric, d date)")
    with connection.cursor() as cursor:
        for options in ("", "(format binary)"):
            connection.execute("truncate copied")
            with cursor.copy(f"copy copied from stdin {options}") as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)
            expect(cursor.rowcount, 3)
            with cursor.copy(f"copy (select * from copied order by a) to stdout {options}") as copy:
                copy.set_types(types)
                expect(list(copy.rows()), rows)
        try:
            with cursor.copy("copy copied (a) from stdin") as copy:
                copy.write(b"4\n5\n1\n")
            raise SystemExit("a key came twice")
        except errors.UniqueViolation as error:
            expect(error.diag.context, "COPY copied, line 3")
        with cursor.copy("copy (select repeat('x', 100) from lineitem) to stdout") as copy:
            expect(len(bytes(copy.read())), 101)
        expect(connection.execute("select count(*) from copied").fetchone(), (3,))


def main():
    with psycopg.connect(autocommit=True) as connection:
        values(connection)
        copies(connection)
        expect(connection.info.server_version // 10000, 17)
        rows = connection.execute("select n_name from nation where n_regionkey = %s order by 1", (1,)).fetchall()
        expect([name for (name,) in rows], ["ARGENTINA", "BRAZIL", "CANADA", "PERU", "UNITED STATES"])
        for key in range(10):
            found = connection.execute("select n_nationkey from nation where n_nationkey = %s", (key,), prepare=True)
            expect(found.fetchall(), [(key,)])
        try:
            with connection.transaction():
                connection.execute("select nosuch from nation")
        except errors.UndefinedColumn as error:
            expect(error.diag.sqlstate, "42703")
        with connection.transaction(), connection.transaction():
            expect(connection.execute("select 1").fetchone(), (1,))
        with connection.pipeline():
            answers = [connection.execute("select %s::int4 * 2", (n,)) for n in range(5)]
        expect([answer.fetchone()[0] for answer in answers], [0, 2, 4, 6, 8])
        connection.execute("set timezone = 'Europe/Paris'")
        when = connection.execute("select timestamptz '2024-07-01 12:00+00'").fetchone()[0]
        expect(when.utcoffset(), datetime.timedelta(hours=2))
        timer = threading.Timer(0.3, connection.cancel)
        timer.start()
        try:
            connection.execute("select count(*) from lineitem a, lineitem b where a.l_comment < b.l_comment")
            raise SystemExit("it was not cancelled")
        except errors.QueryCanceled:
            timer.join()
        expect(connection.execute("select 'alive'").fetchone(), ("alive",))


main()
