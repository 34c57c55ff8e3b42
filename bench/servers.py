"""The servers that are measured: lakewire on generated TPC-H data, and a PostgreSQL 15 with the same small tables."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

import duckdb
import psycopg

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
# PostgreSQL is a peer for small statements only, so the two large tables stay out of it.
SMALL_TABLES = ("region", "nation", "supplier", "customer", "part", "orders")


def generate(binary, home, scale):
    """TPC-H as Parquet; made once."""
    data = home / f"tpch-{scale}"
    if not data.is_dir():
        print(f"generating TPC-H at scale {scale}", flush=True)
        half = home / f"tpch-{scale}.half"
        shutil.rmtree(half, ignore_errors=True)
        subprocess.run([binary, "generate", "--scale", str(scale), "--output", half], check=True)
        half.rename(data)
    return data


def sources(data):
    """What DuckDB reads each table from: a file, or a folder of part files."""
    files = {path.stem: path for path in data.glob("*.parquet")}
    folders = {path.name: path / "*.parquet" for path in data.iterdir() if path.is_dir()}
    return {table: f"read_parquet('{path}')" for table, path in sorted({**files, **folders}.items())}


class Lakewire:
    """A running lakewire with default settings."""

    def __init__(self, binary, data):
        self.home = tempfile.TemporaryDirectory()
        environment = {**os.environ, "LAKEWIRE_STORAGE_DATA_DIR": self.home.name, "LAKEWIRE_LOG_FILTER": "warn"}
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--data", data]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for line in self.process.stdout:
            if ready := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
                self.port = int(ready.group(1))
                break
        else:
            raise SystemExit("lakewire did not get ready")
        self.pid = self.process.pid
        self.user = self.database = "lakewire"
        self.conninfo = f"host=127.0.0.1 port={self.port} user=lakewire dbname=lakewire"

    def connect(self):
        return psycopg.connect(self.conninfo, autocommit=True)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.home.cleanup()

    def memory(self, field="VmRSS"):
        """Bytes; `VmHWM` is the peak since `reset_peak`."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) * 1024

    def reset_peak(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def ticks(self):
        """Processor time used, in 10 ms ticks."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])


class Postgres15:
    """Debian's PostgreSQL 15 with a folder of its own."""

    def __init__(self, home, data):
        self.folder = home / "postgres15"
        self.prefix = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] if os.getuid() == 0 else []
        fresh = not (self.folder / "loaded").exists()
        if fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            if self.prefix:
                shutil.chown(self.folder, "nobody", "nogroup")
            self.run("initdb", "-D", self.folder / "db", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = {
            "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "",
            "shared_buffers": "1GB", "work_mem": "256MB", "fsync": "off",
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self.run("pg_ctl", "-D", self.folder / "db", "-w", "-l", self.folder / "log", "-o", options, "start")
        self.conninfo = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
        if fresh:
            self.load(data)
            (self.folder / "loaded").touch()

    def run(self, program, *arguments):
        command = [*self.prefix, POSTGRES / program, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def connect(self):
        return psycopg.connect(self.conninfo, autocommit=True)

    def load(self, data):
        print("loading PostgreSQL 15", flush=True)
        names = {"BIGINT": "bigint", "INTEGER": "integer", "VARCHAR": "text", "DATE": "date"}
        with self.connect() as connection, tempfile.NamedTemporaryFile(suffix=".csv") as csv:
            for table in SMALL_TABLES:
                source = sources(data)[table]
                described = duckdb.sql(f"describe select * from {source}").fetchall()
                columns = [f"{name} {names.get(ty, ty.replace('DECIMAL', 'numeric'))}" for name, ty, *_ in described]
                connection.execute(f"create table {table} ({', '.join(columns)}, primary key ({described[0][0]}))")
                duckdb.sql(f"copy (select * from {source}) to '{csv.name}' (header false)")
                with open(csv.name, "rb") as rows, connection.cursor().copy(f"copy {table} from stdin csv") as copy:
                    while block := rows.read(1 << 20):
                        copy.write(block)
            connection.execute("vacuum analyze")

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "db", "-m", "fast", "stop")
