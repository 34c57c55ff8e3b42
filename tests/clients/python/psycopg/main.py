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


def main():
    with psycopg.connect(autocommit=True) as connection:
        values(connection)
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
