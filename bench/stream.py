"""A result of 6 million rows: when its first row comes, and what the server's memory does meanwhile."""

import struct
import time

from stop import READY, Wire

SQL = "select * from lineitem"
FIRST_ROW_SECONDS = 0.100
GROWTH_BYTES = 64 << 20


def simple(wire):
    wire.send(SQL)


def extended(binary):
    def send(wire):
        def message(kind, body):
            return kind + struct.pack("!i", len(body) + 4) + body

        wire.socket.sendall(
            message(b"P", b"\0" + SQL.encode() + b"\0\0\0")
            + message(b"B", b"\0\0" + struct.pack("!hhhh", 0, 0, 1, binary))
            + message(b"E", b"\0" + struct.pack("!i", 0))
            + message(b"S", b"")
        )

    return send


def drain(wire):
    """Reads without looking, but for the end: the client must not be what is measured."""
    received, tail = len(wire.buffer), wire.buffer[-6:]
    while not tail.endswith(READY):
        block = wire.socket.recv(1 << 20)
        if not block:
            raise EOFError("the server closed the connection")
        received += len(block)
        tail = (tail + block[-6:])[-6:]
    return received


def measure(server, table):
    Wire(server).run("select count(l_comment) from lineitem")
    for name, send in {"simple": simple, "extended, text": extended(0), "extended, binary": extended(1)}.items():
        wire = Wire(server)
        server.reset_peak()
        before = server.memory()
        start = time.perf_counter()
        send(wire)
        while (message := wire.message())[0] != b"D":
            if message[0] == b"E":
                raise RuntimeError(message[1].decode(errors="replace"))
        table.limit(f"first row of lineitem, {name}", time.perf_counter() - start, FIRST_ROW_SECONDS)
        received = drain(wire)
        seconds = time.perf_counter() - start
        grown = server.memory("VmHWM") - before
        table.value(f"memory growth, {name}", f"{grown / 2**20:.0f} MiB", "< 64 MiB", grown < GROWTH_BYTES)
        table.value(f"whole result, {name}", f"{seconds:.2f} s, {received / seconds / 2**20:.0f} MiB/s", None, None)
