"""hawser serve behind TLS, seen by hawser, by clients that we did not write,
and by rude ones."""

import asyncio
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import warnings

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

import websockets

from certificates import make_authority, make_server, openssl
from processes import (HAWSER, PATIENCE, Process, Server, check, hawser,
                       hawser_server, main, need, wait_until)

REFUSED = 3
TRUST_ALL = ("-o", "tls.insecure=on")
MIB = 1 << 20


class Paper:
    """An authority, and a certificate with its key."""

    def __init__(self, folder):
        self.ca = make_authority(folder)
        self.cert, self.key = make_server(folder)
        self.shown = ("--cert", self.cert, "--key", self.key)
        self.trusted = ("-o", f"tls.ca={self.ca}")

    def context(self):
        return ssl.create_default_context(cafile=self.ca)


def serve(scheme, *words):
    server = hawser_server(*words, at=f"{scheme}://127.0.0.1:0")
    server.url = f"{scheme}://127.0.0.1:{server.port}"
    check(server.out[0][1] == f"listening on {server.url}", server.out[0][1])
    return server


def trusting():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # goodbyes are wanted
    return context


def plain(server, room=None):
    """A socket to the server; room: of its receive buffer."""
    wire = socket.socket()
    wire.settimeout(30 * PATIENCE)
    if room is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    wire.connect(("127.0.0.1", server.port))
    return wire


def dial(server, context=None, room=None):
    return (context or trusting()).wrap_socket(
        plain(server, room), server_hostname="127.0.0.1",
        suppress_ragged_eofs=False)


def framed(message):
    return struct.pack(">I", len(message)) + message


def take(wire, size):
    """Exactly size bytes."""
    parts = []
    while size > 0:
        part = wire.recv(min(size, MIB))
        check(part, f"{size} bytes are missing")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def still_serves(server):
    with dial(server) as wire:
        wire.sendall(framed(b"alive"))
        check(take(wire, 9) == framed(b"alive"), "no echo")


def ends_well(server):
    server.signal(signal.SIGTERM)
    check(server.end() == 0, f"it did not end well: {server.text(server.err)}")


def peak_kib(server):
    with open(f"/proc/{server.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status
                    if line.startswith("VmHWM"))


# ---- with hawser's own clients ----

def cat_and_send_trust_the_certificate(folder):
    paper = Paper(folder)
    lines = "".join(f"{number}\n" for number in range(20000))
    for scheme in ["wss", "tls"]:
        server = serve(scheme, *paper.shown)
        check(server.err == [], server.text(server.err))
        for text in [lines, "x" * (3 * MIB) + "\n"]:
            status, out, err = hawser("cat", *paper.trusted, server.url,
                                      text=text)
            check(status == 0 and out == text,
                  f"{scheme}: {status}, {len(out)}, {err}")
        status, _, err = hawser("send", *paper.trusted, server.url, text=lines)
        check(status == 0, f"{scheme}: {status}, {err}")
        status, _, err = hawser("send", server.url, "x")
        check(status == REFUSED and "authority" in err, f"{status}, {err}")


def the_key_may_be_in_the_file_of_the_certificate(folder):
    paper = Paper(folder)
    both = folder / "both.pem"
    both.write_bytes(paper.cert.read_bytes() + paper.ca.read_bytes() +
                     paper.key.read_bytes())
    server = serve("tls", "--cert", both)
    status, out, err = hawser("cat", *paper.trusted, server.url, text="a\n")
    check(status == 0 and out == "a\n", f"{status}, {err}")
    with dial(server, paper.context()) as wire:
        check(wire.version() == "TLSv1.3", wire.version())


def one_is_made_where_none_is_given(folder):
    server = serve("wss")
    server.line_with("-o tls.insecure=on", server.err)
    check(len(server.err) == 1, server.text(server.err))
    status, _, err = hawser("send", server.url, "x")
    check(status == REFUSED and "self-signed" in err, f"{status}, {err}")
    status, out, err = hawser("cat", *TRUST_ALL, server.url, text="a\n")
    check(status == 0 and out == "a\n", f"{status}, {err}")
    other = serve("tls")
    shown = [ssl.get_server_certificate(("127.0.0.1", port))
             for port in [server.port, server.port, other.port]]
    check(shown[0] == shown[1] != shown[2], "it is not made for the run")


def the_one_that_is_made_names_this_machine(folder):
    for host in ["localhost", "127.0.0.1", "[::1]"]:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            if host == "[::1]":
                continue
        server = hawser_server("--framing", "line", at=f"tls://{host}:0")
        paper = folder / "shown.pem"
        paper.write_text(ssl.get_server_certificate(
            (host.strip("[]"), server.port)), encoding="ascii")
        status, out, err = hawser("cat", "-o", f"tls.ca={paper}", "-o",
                                  "framing=line",
                                  f"tls://{host}:{server.port}", text="a\n")
        check(status == 0 and out == "a\n", f"{host}: {status}, {err}")


def quiet_says_nothing(folder):
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    url = f"tls://127.0.0.1:{port}"
    server = Process(HAWSER, "serve", "-q", url)
    status, out, err = hawser("cat", *TRUST_ALL, url, text="a\n")
    check(status == 0 and out == "a\n", f"{status}, {err}")
    server.signal(signal.SIGTERM)
    check(server.end() == 0 and server.out == [] and server.err == [],
          f"{server.out} {server.err}")


def bench_measures_it(folder):
    paper = Paper(folder)
    web = serve("wss", *paper.shown)
    sink = serve("tls", "--role", "sink", *paper.shown)
    echo = serve("tls", *paper.shown)
    for name, url in [("rtt", web.url + "/echo"), ("pub", web.url + "/sink"),
                      ("sub", web.url + "/sink"), ("rtt", echo.url),
                      ("pub", sink.url), ("sub", sink.url)]:
        for size, count, trust in [(64, 500, paper.trusted),
                                   (MIB, 12, TRUST_ALL)]:
            status, out, err = hawser("bench", name, url, "--json", "--count",
                                      count, "--size", size, *trust, seconds=60)
            check(status == 0 and json.loads(out)["count"] == count,
                  f"{name} {url} {size}: {status}, {err}")


# ---- with strangers ----

def websockets_is_at_home(folder):
    paper = Paper(folder)
    server = serve("wss", *paper.shown)

    async def play():
        async with websockets.connect(server.url + "/echo", max_size=None,
                                      ssl=paper.context()) as link:
            for message in ["", "hi", "é" * 1000, os.urandom(MIB),
                            os.urandom(5 * MIB)]:
                await link.send(message)
                check(await link.recv() == message, "the echo differs")
            await asyncio.wait_for(await link.ping(b"x"), 5 * PATIENCE)
        async with websockets.connect(server.url + "/sink", max_size=None,
                                      ssl=paper.context()) as link:
            for _ in range(30):
                await link.send(bytes(MIB))
            await link.send("?")
            check(await link.recv() == "30", "it counted wrongly")
            await link.send(f"go 20 {MIB}")
            for _ in range(20):
                check(len(await link.recv()) == MIB, "wrong size")
            server.signal(signal.SIGTERM)
            try:
                await link.recv()
            except websockets.ConnectionClosed as closed:
                check(closed.rcvd.code == 1001, f"closed with {closed}")

    asyncio.run(play())
    check(server.end() == 0, "it did not end well")


def a_stream_is_echoed_in_any_pieces(folder):
    server = serve("tls")
    content = os.urandom(MIB)
    with dial(server) as wire:
        whole = framed(content[:50000])
        for step in [100, 1000, 16384, 16385, 50004]:
            for at in range(0, len(whole), step):
                wire.sendall(whole[at:at + step])
            check(take(wire, len(whole)) == whole, f"{step}: it differs")

    async def play():
        ends = await asyncio.open_connection("127.0.0.1", server.port,
                                             ssl=trusting())

        async def say():
            for _ in range(8):
                ends[1].write(framed(content))
                await ends[1].drain()

        sender = asyncio.create_task(say())
        for _ in range(8):
            check(await ends[0].readexactly(MIB + 4) == framed(content),
                  "the echo differs")
        await sender
        ends[1].close()

    asyncio.run(play())


LAX = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = lax
[lax]
MinProtocol = TLSv1
CipherString = DEFAULT@SECLEVEL=0
"""


def only_tls_1_2_and_newer_are_spoken(folder):
    (folder / "lax").write_text(LAX, encoding="ascii")
    server = Server(HAWSER, "serve", "tls://127.0.0.1:0",
                    env={"OPENSSL_CONF": str(folder / "lax")})
    for version, spoken in [(ssl.TLSVersion.TLSv1_1, False),
                            (ssl.TLSVersion.TLSv1_2, True),
                            (ssl.TLSVersion.TLSv1_3, True)]:
        context = trusting()
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of their age
            context.minimum_version = version
            context.maximum_version = version
        try:
            with dial(server, context) as wire:
                wire.sendall(framed(b"hi"))
                check(take(wire, 6) == framed(b"hi") and spoken, str(version))
        except ssl.SSLError as error:
            check(not spoken, f"{version}: {error}")


def a_goodbye_is_said_and_answered(folder):
    server = serve("tls")
    still_serves(server)
    dial(server).unwrap().close()  # it waits for the server's half
    with dial(server) as stayer:
        server.signal(signal.SIGTERM)
        check(stayer.recv(100) == b"", "it said something")  # or it raises
    check(server.end() == 0, "it did not end well")


def what_was_said_before_the_goodbye_is_echoed(folder):
    server = serve("tls")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    end = trusting().wrap_bio(incoming, outgoing)
    with plain(server) as wire:
        def until(deed):
            while True:
                try:
                    return deed()
                except ssl.SSLWantReadError:
                    wire.sendall(outgoing.read())
                    incoming.write(wire.recv(65536))
        until(end.do_handshake)
        end.write(framed(b"last words"))
        try:
            end.unwrap()
        except ssl.SSLWantReadError:
            pass
        wire.sendall(outgoing.read())  # both in one
        check(until(lambda: end.read(100)) == framed(b"last words"), "no echo")
        while chunk := wire.recv(65536):
            incoming.write(chunk)
        try:
            check(end.read(100) == b"", "no goodbye")
        except ssl.SSLZeroReturnError:
            pass  # the same: it is only raised once it was said


def keys_may_be_changed(folder):
    need("openssl")
    server = serve("tls", "--framing", "line")
    client = Process("openssl", "s_client", "-connect",
                     f"127.0.0.1:{server.port}", stdin=subprocess.PIPE)
    client.line_with("Verify return code")
    for number in range(20):
        client.say("K\n")  # changes both ways
        wait_until(lambda: client.text(client.err).count("KEYUPDATE") > number,
                   "the keys are not changed")
        client.say(f"after {number}\n")
        client.line_with(f"after {number}")


def nothing_is_negotiated_again(folder):
    need("openssl")
    server = serve("tls", "--framing", "line")
    client = Process("openssl", "s_client", "-tls1_2", "-connect",
                     f"127.0.0.1:{server.port}", stdin=subprocess.PIPE)
    client.line_with("Verify return code")
    client.say("R\n")
    client.line_with("no renegotiation", client.err)
    with dial(server) as wire:
        wire.sendall(b"alive\n")
        check(take(wire, 6) == b"alive\n", "no echo")


# ---- with rude ones ----

def garbage_is_dropped_without_harm(folder):
    server = serve("tls")
    hello = client_hello()
    cases = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 100000,
             os.urandom(100000), b"\x16\x03\x01\xff\xff" + b"x" * 70000,
             b"\x16\x03\x01\0\5\1\0\0\1\0", hello[:-1] + b"\xff", hello + hello,
             b"\x17\x03\x03\0\4abcd", b"\x15\x03\x03\0\2\2\x28", b""]
    for garbage in cases:
        with plain(server) as wire:
            try:
                wire.sendall(garbage)
                wire.shutdown(socket.SHUT_WR)
                while wire.recv(65536):
                    pass
            except ConnectionError:
                pass
        still_serves(server)
    check(peak_kib(server) < 200000, f"it grew to {peak_kib(server)} KiB")
    ends_well(server)


def client_hello():
    outgoing = ssl.MemoryBIO()
    end = trusting().wrap_bio(ssl.MemoryBIO(), outgoing)
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def garbage_amid_a_session_drops_its_peer(folder):
    server = serve("tls")
    for garbage in [b"\x17\x03\x03\0\x40" + b"x" * 64, b"nonsense" * 1000]:
        wire = dial(server)
        wire.sendall(framed(b"hi"))
        check(take(wire, 6) == framed(b"hi"), "no echo")
        bare = socket.socket(fileno=wire.detach())
        bare.settimeout(30 * PATIENCE)
        with bare:
            try:
                bare.sendall(garbage)
                while bare.recv(65536):
                    pass
            except ConnectionError:
                pass
        still_serves(server)
    ends_well(server)


def who_says_nothing_is_dropped_in_time(folder):
    server, web = serve("tls"), serve("wss")
    start = time.monotonic()
    silent = [plain(server), plain(server), plain(web)]
    silent[1].sendall(client_hello()[:-1])
    greeted, asks_nothing = dial(server), dial(web)
    for wire in silent:
        check(wire.recv(65536) == b"", "it said something")
    try:
        check(asks_nothing.recv(100) == b"", "it said something")
    except ssl.SSLError:
        pass  # without a goodbye
    spent = time.monotonic() - start
    check(9 < spent < 10 + 8 * PATIENCE, f"after {spent} s")
    greeted.sendall(framed(b"still here"))
    check(take(greeted, 14) == framed(b"still here"), "no echo")
    ends_well(server)
    ends_well(web)


def a_slow_reader_gets_all_and_costs_little(folder):
    server = serve("tls", "--role", "sink")
    sizes = [(8, 4 * MIB), (40, MIB), (200000, 100), (3, 15 * MIB)]
    wire = dial(server, room=4096)
    for count, size in sizes:
        wire.sendall(framed(f"go {count} {size}".encode()))
        each = struct.pack(">I", size) + bytes(size)
        step = max(1, MIB // len(each))
        for at in range(0, count, step):
            some = min(step, count - at)
            check(take(wire, some * len(each)) == each * some, "it differs")
            if at == 0:
                time.sleep(0.2)  # so that all is full
    wire.sendall(framed(b"?"))
    check(take(wire, 5) == framed(b"0"), "orders were counted")
    limit = 24000 if PATIENCE == 1 else 400000  # a sanitizer keeps much
    check(peak_kib(server) < limit,
          f"it grew to {peak_kib(server)} KiB")


def a_peer_that_reads_nothing_costs_little(folder):
    server = serve("tls")
    wire = dial(server)
    wire.settimeout(1)
    sent = 0
    try:
        while sent < 200000000:
            sent += wire.send(framed(bytes(65535)))
    except (TimeoutError, ssl.SSLWantWriteError):
        pass
    check(sent < 200000000, "it went on reading")
    check(peak_kib(server) < 100000 * PATIENCE,
          f"it grew to {peak_kib(server)} KiB")
    ends_well(server)


def all_is_read(server, client):
    """Nothing waits in the kernel on its way to the server."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in list(table)[1:]]
    # Of each: from, to, state, bytes unsent : bytes unread.
    way = [f":{client:04X}", f":{server.port:04X}"]
    waits = [int(row[4].split(":")[end], 16) for row in rows for end in (0, 1)
             if row[1].endswith(way[end]) and row[2].endswith(way[1 - end])]
    return waits == [0, 0]


def one_blast_at_a_time(folder):
    """The next may be ordered only once nothing of the last is needed."""
    size = 15 * MIB
    for scheme, reach in [("tls", dial), ("tcp", plain)]:
        server = serve(scheme, "--role", "sink")
        with reach(server, room=4096) as wire:
            wire.sendall(framed(f"go 1 {size}".encode()))
            head = take(wire, 4)
            check(head == struct.pack(">I", size), f"{head}")
            wire.sendall(framed(b"go 1 10") * 3)
            wait_until(lambda: all_is_read(server, wire.getsockname()[1]),
                       "the orders are not read")
            check(take(wire, size) == bytes(size), "it differs")
            for _ in range(3):
                length = struct.unpack(">I", take(wire, 4))[0]
                check(b"under way" in take(wire, length), "it was obeyed")
            wire.sendall(framed(b"go 1 10"))
            check(take(wire, 14) == framed(bytes(10)), "it differs")
            wire.sendall(framed(b"go 1000000 1000"))
            take(wire, 100)
            ends_well(server)  # amid the blast


# ---- told wrongly ----

def wrong_papers_are_usage(folder):
    paper = Paper(folder)
    _, other = make_server(folder, "other")
    openssl(folder, "ec", "-in", "server.key", "-aes128", "-passout",
            "pass:secret", "-out", "locked.key")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
            "rsa.key", "-out", "rsa.pem", "-subj", "/CN=rsa")
    empty = folder / "empty"
    empty.write_bytes(b"")
    url = "wss://127.0.0.1:0"
    cases = [
        (["--cert", folder / "none", url], "No such file"),
        (["--cert", paper.cert, "--key", folder / "none", url], "No such file"),
        (["--cert", empty, url], "no certificate"),
        (["--cert", folder, url], "no certificate"),
        (["--cert", paper.key, url], "no certificate"),
        (["--cert", paper.cert, url], "--key names no other"),
        (["--cert", paper.cert, "--key", paper.cert, url], "no private key"),
        (["--cert", paper.cert, "--key", empty, url], "no private key"),
        (["--cert", paper.cert, "--key", folder / "locked.key", url],
         "password"),
        (["--cert", paper.cert, "--key", other, url], "does not fit"),
        (["--cert", paper.cert, "--key", folder / "rsa.key", url],
         "does not fit"),
        (["--key", paper.key, url], "--key needs --cert"),
    ]
    for scheme in ["ws://127.0.0.1:0", "tcp://127.0.0.1:0", "unix://@x",
                   "zmq+tcp://127.0.0.1:0"]:
        cases.append(([*paper.shown, scheme], "wss:// and tls://"))
    cases.append((["--framing", "raw", url], "tls://"))
    for words, hint in cases:
        status, out, err = hawser("serve", *words)
        check(status == 1 and out == "" and hint in err and
              err.startswith("hawser serve: "), f"{words}: {status}, {err!r}")


if __name__ == "__main__":
    main(cat_and_send_trust_the_certificate,
         the_key_may_be_in_the_file_of_the_certificate,
         one_is_made_where_none_is_given,
         the_one_that_is_made_names_this_machine, quiet_says_nothing,
         bench_measures_it, websockets_is_at_home,
         a_stream_is_echoed_in_any_pieces, only_tls_1_2_and_newer_are_spoken,
         a_goodbye_is_said_and_answered,
         what_was_said_before_the_goodbye_is_echoed, keys_may_be_changed,
         nothing_is_negotiated_again, garbage_is_dropped_without_harm,
         garbage_amid_a_session_drops_its_peer,
         who_says_nothing_is_dropped_in_time,
         a_slow_reader_gets_all_and_costs_little,
         a_peer_that_reads_nothing_costs_little, one_blast_at_a_time,
         wrong_papers_are_usage)
