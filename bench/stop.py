"""How fast work stops: four kinds of work, three triggers, 50 tries each."""

import socket
import struct
import time

TRIES = 50
LIMIT_SECONDS = 0.250
RUN_FIRST = 0.15
SLACK_BYTES = 128 << 20
READY = b"Z\0\0\0\5I"

PLANNING = "select count(*) from lineitem, part, supplier, partsupp p1, partsupp p2, orders, customer where " + " or ".join(
    f"(l_orderkey + {i} = p_partkey * {i % 7} and l_comment like '%{i}%' or s_acctbal < {i}.5)" for i in range(2000)
)
WORK = {
    "cross join": "select count(*) from lineitem a, lineitem b where a.l_comment < b.l_comment",
    "sort": "select * from lineitem order by l_comment || l_orderkey",
    "planning": PLANNING,
    "stalled client": "select * from lineitem a, nation b",
}


class Wire:
    """The protocol by hand: a driver would hide when things happen."""

    def __init__(self, server):
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        startup = struct.pack("!i", 196608) + f"user\0{server.user}\0database\0{server.database}\0\0".encode()
        self.socket.sendall(struct.pack("!i", len(startup) + 4) + startup)
        self.buffer = b""
        self.key = None
        while (message := self.message())[0] != b"Z":
            if message[0] == b"K":
                self.key = message[1]

    def take(self, count):
        while len(self.buffer) < count:
            block = self.socket.recv(1 << 18)
            if not block:
                raise EOFError
            self.buffer += block
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def message(self):
        head = self.take(5)
        return head[:1], self.take(struct.unpack("!i", head[1:])[0] - 4)

    def send(self, sql):
        body = sql.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)

    def run(self, sql):
        self.send(sql)
        while self.message()[0] != b"Z":
            pass

    def finish(self):
        """Reads to the end without looking at rows; whether the statement was stopped (or its connection closed)."""
        tail = self.buffer[-4096:]
        try:
            while not tail.endswith(READY):
                block = self.socket.recv(1 << 20)
                if not block:
                    return True
                tail = (tail + block[-4096:])[-4096:]
        except ConnectionError:
            return True
        return b"57014" in tail

    def cancel(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as other:
            other.sendall(struct.pack("!ii", 8 + len(self.key), 80877102) + self.key)
            other.recv(1)


def by_request(server, sql):
    wire = Wire(server)
    wire.send(sql)
    time.sleep(RUN_FIRST)
    start = time.perf_counter()
    wire.cancel()
    stopped = wire.finish()
    return time.perf_counter() - start, stopped


def by_timeout(server, sql):
    wire = Wire(server)
    wire.run(f"set statement_timeout = {int(RUN_FIRST * 1000)}")
    start = time.perf_counter()
    wire.send(sql)
    if sql == WORK["stalled client"]:
        time.sleep(RUN_FIRST)
    stopped = wire.finish()
    return max(0.0, time.perf_counter() - start - RUN_FIRST), stopped


def by_close(server, sql):
    """Nobody tells a client that has gone when its work ends: the server's processor time does."""
    wire = Wire(server)
    wire.send(sql)
    time.sleep(RUN_FIRST)
    start = time.perf_counter()
    wire.socket.close()
    seen = []
    while (now := time.perf_counter() - start) < 5:
        seen.append((now, server.ticks()))
        quiet = [at for at, ticks in seen if ticks >= seen[-1][1] - 1]
        if now - quiet[0] > 0.15:
            return quiet[0], True
        time.sleep(0.005)
    return now, False


TRIGGERS = {"CancelRequest": by_request, "statement_timeout": by_timeout, "closed socket": by_close}


def measure(server, table):
    Wire(server).run("select count(*), max(l_comment) from lineitem")
    before = server.memory()
    for work, sql in WORK.items():
        for trigger, attempt in TRIGGERS.items():
            name = f"{work} stopped by {trigger}, p99"
            tries = [attempt(server, sql) for _ in range(TRIES)]
            missed = sum(1 for _, stopped in tries if not stopped)
            if missed:
                table.value(name, f"{missed} of {TRIES} not stopped", None, False)
                continue
            p99 = sorted(seconds for seconds, _ in tries)[int(TRIES * 0.99)]
            table.limit(name, p99, LIMIT_SECONDS)
    time.sleep(2)
    grown = server.memory() - before
    table.value("memory kept after all that", f"{grown / 2**20:.0f} MiB", "< 128 MiB", grown < SLACK_BYTES)
