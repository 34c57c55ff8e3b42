#!/bin/sh
# Writes vectors.tsv anew by asking a PostgreSQL 17 about every case in cases.sql. Arguments go to psql:
#
#   tests/golden/types/make.sh -h 127.0.0.1 -p 5432 -U postgres
#
# Columns, separated by tabs, with COPY's escapes: settings (`name=value` joined by `;`, or `-`), type, input literal,
# then `ok`, text output, binary output in hexadecimal, or else SQLSTATE, message, nothing.
set -eu
cd "$(dirname "$0")"
psql -X -q -A -t -v ON_ERROR_STOP=1 "$@" -f cases.sql > vectors.tsv
