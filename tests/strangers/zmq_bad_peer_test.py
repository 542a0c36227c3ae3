"""Peers of ZeroMQ's that speak badly, or not at all: a link says so in words,
dials again, and does not grow; a bound one goes on with the others."""

import socket
import struct
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

from links import Link, for_each
from processes import HAWSER, PATIENCE, Process, check, main, wait_until

GREETING = b"\xff" + b"\0" * 8 + b"\x7f"


def greeting(mechanism=b"NULL", major=3):
    return (GREETING + bytes([major, 0]) + mechanism.ljust(20, b"\0") +
            b"\0" * 32)


def command(name, body):
    body = bytes([len(name)]) + name + body
    return b"\x04" + bytes([len(body)]) + body


def ready(kind=b"ROUTER"):
    return command(b"READY", b"\x0bSocket-Type" + struct.pack(">I", len(kind)) +
                   kind)


def frame(body, flags=0):
    return bytes([flags | 2]) + struct.pack(">Q", len(body)) + body


def drip(to, text, seconds=0.002):
    for byte in text:
        to.sendall(bytes([byte]))
        time.sleep(seconds)  # dripping is what it is about


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    peer.close()


class Bad:
    """A server of as many connections as come, each treated by act(peer)."""

    def __init__(self, act):
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.act = act
        self.kept = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.door.accept()
            except OSError:
                return
            self.kept.append(peer)  # or it would be closed
            threading.Thread(target=self.treat, args=(peer,),
                             daemon=True).start()

    def treat(self, peer):
        try:
            self.act(peer)
        except OSError:
            pass  # the link has hung up

    def end(self):
        self.door.close()
        for peer in self.kept:
            peer.close()


def shake(peer, kind=b"ROUTER"):
    """What comes before the other's READY is part of the handshake."""
    peer.sendall(greeting() + ready(kind))
    hear_ready(peer)


def hear_ready(peer):
    heard = b""
    while b"READY" not in heard:
        heard += peer.recv(4096) or b"READY"


def says(text, keeps=True):
    def act(peer):
        peer.sendall(text)
        if not keeps:
            peer.shutdown(socket.SHUT_WR)
    return act


def shakes_and(then):
    def act(peer):
        shake(peer)
        then(peer)
    return act


def hears_and(then):
    """Before the link has begun to talk, it may not have connected."""
    def act(peer):
        peer.recv(1)
        then(peer)
    return act


def flood(peer):
    shake(peer)
    block = frame(b"x" * 1000) * 100
    while True:
        peer.sendall(block)


ZMTP = "does not speak ZMTP 3"
UNTOLD = "handshake"
CASES = [
    # (name, what it does, words of the error)
    ("silence", lambda peer: None, ZMTP),
    ("http", says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), ZMTP),
    ("hangs up", lambda peer: peer.close(), "the peer hung up"),
    ("resets", hears_and(reset), "the peer hung up"),
    ("half a greeting", says(GREETING + b"\x03", False), "the peer hung up"),
    ("ZMTP 2", says(GREETING + b"\x01\x05" + frame(b"id")), ZMTP),
    ("another mechanism", says(greeting(b"GSSAPI")),
     "handshake refused: the peer wants another security mechanism"),
    ("no mechanism", says(greeting(b"")),
     "handshake refused: the peer wants another security mechanism"),
    ("nonsense for READY", says(greeting() + command(b"NONSENSE", b"")),
     "handshake refused: an unexpected command"),
    ("READY without a type", says(greeting() + command(b"READY", b"\x05x")),
     "handshake refused: "),
    ("a type that does not go with it", says(greeting() + ready(b"PUB")),
     "handshake refused: the peer's socket type"),
    ("an error for READY",
     says(greeting() + command(b"ERROR", b"\x05wrong")), UNTOLD),
    ("a length that lies",
     shakes_and(lambda peer: peer.sendall(b"\x02" + b"\xff" * 8)),
     "message.max"),
    ("a frame above the limit",
     shakes_and(lambda peer: peer.sendall(frame(b"x" * 20000))), "message.max"),
    ("a frame that is cut",
     shakes_and(lambda peer: (peer.sendall(frame(b"x" * 500)[:99]),
                              peer.close())), "the connection ended"),
    ("a reset", shakes_and(reset), "the connection ended"),
]


def judge(_, act, words):
    server = Bad(act)
    # Only where libzmq tells nothing, time has to pass.
    patience = "2s" if words in (ZMTP, UNTOLD) else "30s"
    link = Link(f"zmq+tcp://127.0.0.1:{server.port}", "-o",
                f"dial.timeout={patience}",
                "-o", "message.max=10000", "-o", "confirm=none", "-o",
                "on.tls=retry", command=("cat",), stdin=subprocess.PIPE)
    try:
        event = link.first("waiting", seconds=20)
        check(words in event["error"], f"{event['error']!r}, not {words!r}")
        link.check_peak()
        link.interrupt()
    finally:
        server.end()


def bad_peers_are_told_in_words(folder):
    del folder  # nothing is written
    for_each(CASES, judge)


def a_greeting_that_drips_is_heard(folder):
    del folder
    def act(peer):
        drip(peer, greeting() + ready())
        hear_ready(peer)
        drip(peer, frame(b"hi"))

    server = Bad(act)
    link = Link(f"zmq+tcp://127.0.0.1:{server.port}", "-o", "confirm=none",
                command=("cat",), stdin=subprocess.PIPE)
    wait_until(lambda: "aGk=" in link.text(link.out), "it hears nothing")
    link.interrupt()
    server.end()


def a_flood_does_not_make_it_grow(folder):
    """Nobody reads what cat would print; the peer is made to wait."""
    del folder
    server = Bad(flood)
    child = subprocess.Popen(
        [HAWSER, "cat", "-o", "confirm=none",
         f"zmq+tcp://127.0.0.1:{server.port}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        child.stdout.read(1)
        last, same = -1, 0
        while same < 5:  # until it takes nothing any more
            time.sleep(0.1)
            now = peak_kib(child.pid)
            last, same = now, same + 1 if now == last else 0
        check(last < 60000 or PATIENCE > 1, f"it has {last} KiB")
    finally:
        child.kill()
        child.wait()
        server.end()


def peak_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status
                    if line.startswith("VmHWM"))


def a_bound_link_outlives_bad_peers(folder):
    del folder
    link = Process(HAWSER, "cat", "--json", "-v", "-o", "confirm=none", "-o",
                   "message.max=10000",
                   "zmq+tcp://127.0.0.1:*?type=pull&bind=1",
                   stdin=subprocess.PIPE)
    _, line = link.line_with('"peer"', link.err)
    port = int(line.split('"peer":"127.0.0.1:')[1].split('"')[0])
    for text in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\xa5" * 5000, greeting(b"X"),
                 greeting() + ready(b"PUB")):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(text)
    for text in (frame(b"x" * 20000), b"\x02" + b"\xff" * 8,
                 frame(b"a", 1) + frame(b"b", 1) + frame(b"c")):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            shake(peer, b"PUSH")
            peer.sendall(text)
    with socket.create_connection(("127.0.0.1", port)) as peer:
        shake(peer, b"PUSH")
        peer.sendall(frame(b"good"))
        wait_until(lambda: "Z29vZA==" in link.text(link.out),
                   "it does not hear the good peer")
    check('"waiting"' not in link.text(link.err), "the bound link was lost")
    link.signal(2)
    link.end()


if __name__ == "__main__":
    main(bad_peers_are_told_in_words, a_greeting_that_drips_is_heard,
         a_flood_does_not_make_it_grow, a_bound_link_outlives_bad_peers)
