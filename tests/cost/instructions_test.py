"""How many instructions does a message cost?

instructions_test.py            compares with what recorded.txt says
instructions_test.py --record   writes recorded.txt anew

callgrind counts the instructions of an application on one thread, whose peer
speaks only while it is spoken to: the count is the same each time, whatever
else the machine does. What opening and closing cost falls out, as the
difference of a long run and a short one."""

import base64
import hashlib
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "strangers"))

from processes import check, main, need

BUILD = pathlib.Path(os.environ["HAWSER_BUILD_DIR"])
CLIENT = BUILD / "tests/cost_client"
RECORDED = HERE / "recorded.txt"
GROWTH = 1.15  # more is a failure
BURST = 100  # messages: they fit into a socket's buffers
SHORT, LONG = 10, 60  # bursts
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
BINARY = 0x82


class Peer:
    """The other end of one wire, which does nothing by itself."""

    kind = "link"

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def accept(self):
        self.socket, _ = self.listener.accept()
        self.greet()

    def greet(self):
        pass

    def read(self, size):
        while size > 0:
            got = self.socket.recv(min(size, 1 << 20))
            check(got, "the application hung up")
            size -= len(got)

    def write(self, data):
        self.socket.sendall(data)


class WebSocket(Peer):
    scheme = "ws"

    def greet(self):
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += self.socket.recv(4096)
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", request).group(1)
        accept = base64.b64encode(
            hashlib.sha1(key + MAGIC.encode()).digest())
        self.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket"
                   b"\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                   + accept + b"\r\n\r\n")

    def frame(self, size):
        length = (struct.pack("!B", size) if size < 126 else
                  struct.pack("!BH", 126, size))
        return bytes([BINARY]) + length + bytes(size)

    def frame_size(self, size):  # of what clients send, which they mask
        return len(self.frame(size)) + 4


class Tcp(Peer):
    scheme = "tcp"

    def frame(self, size):
        return struct.pack("!I", size) + bytes(size)

    def frame_size(self, size):
        return 4 + size


class MsgpackRpc(Peer):
    scheme = "tcp"
    kind = "rpc"

    def answer_call(self):
        """[0, id, "echo", []]"""
        asked = b""
        while not asked.endswith(b"\xa4echo\x90"):
            got = self.socket.recv(64)
            check(got, "the application hung up")
            asked += got
        self.write(b"\x94\x01" + asked[2:-6] + b"\xc0\x90")


def say(application, line):
    application.stdin.write(line.encode() + b"\n")
    application.stdin.flush()


def send(word="send"):
    def burst(application, peer, count, size):
        say(application, f"{word} {count} {size}")
        peer.read(count * peer.frame_size(size))
    return burst


def receive(application, peer, count, size):
    peer.write(peer.frame(size) * count)
    say(application, f"receive {count}")


def call(application, peer, count, size):
    del size  # without params
    say(application, f"call {count}")
    for _ in range(count):
        peer.answer_call()


# What is counted: name, peer, what a burst is, messages in it, their size.
ROWS = [
    ("ws send, in bursts, 64 B", WebSocket, send(), BURST, 64),
    ("ws send, one by one, 64 B", WebSocket, send(), 1, 64),
    ("ws receive, in bursts, 64 B", WebSocket, receive, BURST, 64),
    ("ws receive, one by one, 64 B", WebSocket, receive, 1, 64),
    ("ws send, one by one, 16 KiB", WebSocket, send(), 1, 16384),
    ("ws receive, one by one, 16 KiB", WebSocket, receive, 1, 16384),
    ("tcp send, in bursts, 64 B", Tcp, send(), BURST, 64),
    ("tcp receive, in bursts, 64 B", Tcp, receive, BURST, 64),
    ("a call of msgpack-RPC over tcp", MsgpackRpc, call, 10, 0),
]


def answers(application, word):
    line = application.stdout.readline().decode().strip()
    check(line == word, f"it said {line!r} instead of {word!r}: "
          f"{application.stderr.read().decode()}" if line != word else "")


def instructions(folder, kind, burst, count, size, bursts):
    """Of one whole run."""
    peer = kind()
    out = folder / "callgrind.out"
    application = subprocess.Popen(
        ["valgrind", "--tool=callgrind", "--fair-sched=try",
         f"--callgrind-out-file={out}", CLIENT, peer.kind,
         f"{peer.scheme}://127.0.0.1:{peer.port}", "heartbeat.interval=1h"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        peer.accept()
        answers(application, "up")
        for _ in range(bursts):
            burst(application, peer, count, size)
            answers(application, "done")
        application.stdin.close()
        check(application.wait(120) == 0, "it did not end well")
    finally:
        application.kill()
        application.wait()
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(),
                         re.MULTILINE).group(1))


def cost(folder, kind, burst, count, size):
    """Instructions of one message."""
    long, short = (instructions(folder, kind, burst, count, size, bursts)
                   for bursts in (LONG, SHORT))
    return round((long - short) / ((LONG - SHORT) * count))


def recorded():
    lines = RECORDED.read_text().splitlines()
    return {name: int(figure) for name, figure in
            (line.rsplit(": ", 1) for line in lines if not
             line.startswith("#"))}


def verdict(name, figure, before):
    """None, or what is wrong."""
    if figure <= before * GROWTH:
        return None
    return (f"{name}: {figure} instructions a message, {before} recorded: "
            f"{figure / before:.2f} times as many, {GROWTH} are allowed")


def messages_cost_what_they_did(folder):
    before = recorded()
    complaints = []
    for name, *row in ROWS:
        figure = cost(folder, *row)
        print(f"        {name}: {figure} instructions a message, "
              f"{figure / before[name]:.2f} of what is recorded", flush=True)
        complaints.append(verdict(name, figure, before[name]))
    check(not any(complaints), "; ".join(filter(None, complaints)))


def more_work_is_seen(folder):
    """Receipts are work: with one for each message, the test would fail."""
    name, kind, _, count, size = ROWS[0]
    figure = cost(folder, kind, send("tagged"), count, size)
    check(verdict(name, figure, recorded()[name]) is not None,
          f"{figure} instructions a message with a receipt for each, and "
          f"{recorded()[name]} are recorded without: nobody would see it")


def record(folder):
    with RECORDED.open("w") as file:
        file.write("# Instructions a message, by instructions_test.py "
                   "--record, Debian 12's gcc.\n")
        for name, *row in ROWS:
            file.write(f"{name}: {cost(folder, *row)}\n")
            file.flush()


def is_the_build_that_was_recorded():
    cache = (BUILD / "CMakeCache.txt").read_text()
    return (not os.environ.get("HAWSER_SANITIZE") and
            "CMAKE_BUILD_TYPE:STRING=RelWithDebInfo\n" in cache and
            "clang" not in cache.partition("CMAKE_C_COMPILER:")[2]
            .partition("\n")[0])


if __name__ == "__main__":
    if not is_the_build_that_was_recorded():
        print("skipped: another build than the one that was recorded")
        sys.exit(77)
    need("valgrind")
    if sys.argv[1:] == ["--record"]:
        sys.argv[1:] = []
        main(record)
    main(messages_cost_what_they_did, more_work_is_seen)
