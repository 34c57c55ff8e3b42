"""asyncpg: named statements described first, binary parameters and results, cursors, timeouts, the pool's reset."""

import asyncio
import datetime
import decimal
import os

import asyncpg


def expect(actual, expected):
    if actual != expected:
        raise SystemExit(f"{actual!r} instead of {expected!r}")


async def values(connection):
    row = await connection.fetchrow(
        "select $1::bool, $2::int4, $3::int8, $4::numeric, $5::float8, $6::text, $7::bytea, $8::date, $9::int4[], $10::text",
        True, 7, 2**40, decimal.Decimal("12.340"), 1.5, "é", b"\0\xff", datetime.date(2024, 2, 29), [1, None], None,
    )
    expected = [True, 7, 2**40, decimal.Decimal("12.340"), 1.5, "é", b"\0\xff", datetime.date(2024, 2, 29), [1, None], None]
    expect(list(row.values()), expected)


async def main():
    pool = await asyncpg.create_pool(host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), min_size=1, max_size=2)
    async with pool.acquire() as connection:
        await values(connection)
        expect(await connection.fetchval("select count(*) from lineitem"), 60175)
        rows = await connection.fetch("select r_name from region where r_regionkey > $1 order by 1", 2)
        expect([row["r_name"] for row in rows], ["EUROPE", "MIDDLE EAST"])
        async with connection.transaction():
            cursor = await connection.cursor("select n_nationkey from nation order by 1")
            expect(len(await cursor.fetch(10)), 10)
            expect((await cursor.fetchrow())["n_nationkey"], 10)
        try:
            await connection.execute("select 1/0")
        except asyncpg.DivisionByZeroError as error:
            expect(error.sqlstate, "22012")
        try:
            slow = "select count(*) from lineitem a, lineitem b where a.l_comment < b.l_comment"
            await connection.fetchval(slow, timeout=0.3)
            raise SystemExit("it did not time out")
        except asyncio.TimeoutError:
            pass
    # The pool resets the connection, then gives it out again.
    async with pool.acquire() as connection:
        expect(await connection.fetchval("select 'alive'"), "alive")
    await pool.close()


asyncio.run(main())
