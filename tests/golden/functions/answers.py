#!/usr/bin/env python3
"""Writes PostgreSQL's answers into the golden files of functions.

Each line of a `*.txt` or `*.queries` file here is `expression<TAB>type<TAB>value`, or `expression<TAB>ERROR<TAB>SQLSTATE`; a line that
starts with `#` is a comment. This script keeps the expressions and asks a PostgreSQL 17 for the rest:

    answers.py [FILE…]          connection by the usual PG* variables

The database should have encoding UTF8 and the builtin locale C.UTF-8; the session's zone is UTC. In values a backslash
is written `\\\\` and a line feed `\\n`.
"""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
MARK = "<<end>>"


def script(expressions):
    yield "\\set VERBOSITY sqlstate\n\\pset tuples_only on\n\\pset format unaligned\nset timezone = 'UTC';\n"
    for expression in expressions:
        yield (
            "select pg_typeof(x)::text || chr(9) || coalesce("
            "replace(replace(x::text, '\\', '\\\\'), chr(10), '\\n'), 'NULL') "
            f"from (select {expression} as x) t;\n\\echo {MARK}\n"
        )


def answers(expressions):
    run = subprocess.run(
        ["psql", "-X", "-q"], input="".join(script(expressions)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=True,
    )
    for part in run.stdout.split(MARK + "\n")[: len(expressions)]:
        line = part.strip("\n")
        yield "ERROR\t" + line.split("ERROR:")[1].strip() if "ERROR:" in line else line


def main():
    files = [pathlib.Path(a) for a in sys.argv[1:]] or sorted([*HERE.glob("*.txt"), *HERE.glob("*.queries")])
    for path in files:
        lines = path.read_text().splitlines()
        wanted = [line.split("\t")[0] for line in lines if line and not line.startswith("#")]
        found = iter(answers(wanted))
        out = [line if not line or line.startswith("#") else line.split("\t")[0] + "\t" + next(found) for line in lines]
        path.write_text("\n".join(out) + "\n")
        print(f"{path.name}: {len(wanted)} expressions")


main()
