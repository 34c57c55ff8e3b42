# The recipes a newcomer and CI use; each is a line or two and calls the script that does the work.
#
#   make run [DATA=dir]   build a release binary and serve (the demo, or every data file below dir)
#   make test             install what the tests need and run all of them
#   make check            format, lints, licences
#   make bench            measure against PostgreSQL and DuckDB, side by side
#   make oracle           let a real PostgreSQL 17 rewrite the answers of tests/slt/pg_compat
#   make clients          run real drivers against the server

DATA ?=
CARGO ?= cargo
BINARY = $(or $(CARGO_TARGET_DIR),target)/release/lakewire

.PHONY: run test check bench oracle clients

run:
	$(CARGO) build --release --locked
	$(BINARY) serve $(if $(DATA),--data "$(DATA)")

test:
	scripts/setup test
	$(CARGO) test --locked

check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	if command -v cargo-deny >/dev/null; then $(CARGO) deny check; else echo "cargo-deny is not installed: skipped"; fi

bench:
	scripts/setup bench
	$(CARGO) build --release --locked
	bench/run $(BINARY)

oracle:
	scripts/setup test
	scripts/oracle scripts/oracle-write
	git diff --stat -- tests/slt/pg_compat

clients:
	scripts/setup clients
	$(CARGO) build --locked
	tests/clients/run
