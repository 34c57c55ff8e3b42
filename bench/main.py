"""Runs the measurements that are asked for and prints one table; see bench/run."""

import argparse
import pathlib

import servers
import small
import stop
import stream
import tpch
from report import Table

ALL = ("small", "tpch", "stream", "stop")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=pathlib.Path, required=True)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("parts", nargs="*", metavar="small|tpch|stop|stream")
    options = parser.parse_args()
    parts = options.parts or ALL
    options.home.mkdir(parents=True, exist_ok=True)
    data = servers.generate(options.binary.resolve(), options.home, 1)
    table = Table()
    lakewire = servers.Lakewire(options.binary.resolve(), data)
    try:
        if "small" in parts:
            postgres = servers.Postgres15(options.home, data)
            try:
                small.measure(lakewire, postgres, table)
            finally:
                postgres.stop()
        if "tpch" in parts:
            tpch.measure(lakewire, data, table)
        if "stream" in parts:
            stream.measure(lakewire, table)
        if "stop" in parts:
            stop.measure(lakewire, table)
    finally:
        lakewire.stop()
    table.finish()


if __name__ == "__main__":
    main()
