"""tcp://, unix:// and tls://: peers that misbehave, certificates, and what is
settled when."""

import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

from certificates import make_authority, make_server
from links import CALM, Link
from processes import (HAWSER, HERE, PYTHON, Process, check, hawser, main,
                       wait_until)

REFUSED, UNREACHABLE, USAGE, LEFTOVER = 3, 2, 1, 5


def stream_server(address, *words):
    server = Process(PYTHON, HERE / "stream_server.py", address, *words)
    _, line = server.line_with("listening")
    server.port = line.split()[-1]
    return server


class Peer:
    """Calls script(wire) for each connection, on a thread."""

    def __init__(self, script):
        self.script = script
        self.door = socket.socket()
        self.door.bind(("127.0.0.1", 0))
        self.door.listen(8)
        self.url = f"tcp://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            wire, _ = self.door.accept()
            threading.Thread(target=self.serve, args=(wire,),
                             daemon=True).start()

    def serve(self, wire):
        try:
            self.script(wire)
            while wire.recv(65536):
                pass
        except OSError:
            pass
        finally:
            wire.close()


def listen(url, *options, **more):
    return Link(url, *options, command=("cat",), stdin=subprocess.PIPE, **more)


def lost_with(script, *hints, options=()):
    link = listen(Peer(script).url, *options)
    error = link.first("waiting")["error"]
    check(all(hint in error for hint in hints), error)
    link.check_peak()
    link.interrupt()


def framed(message):
    return struct.pack(">I", len(message)) + message


# ---- bad peers ----

def who_is_not_there_is_told_as_such(folder):
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    for url, hint in ((f"tcp://127.0.0.1:{port}", "Connection refused"),
                      (f"tls://127.0.0.1:{port}", "Connection refused"),
                      (f"unix://{folder}/none", "No such file or directory"),
                      ("unix://@hawser-nobody", "Connection refused")):
        status, _, err = hawser("send", "-o", "attempts.max=1", url, "x")
        check(status == UNREACHABLE and f"connect: {hint}" in err,
              f"{status} {err}")


def a_length_that_lies_costs_nothing(folder):
    lost_with(lambda wire: wire.sendall(b"\xff\xff\xff\xff"), "message.max",
              "4294967295 bytes")
    lost_with(lambda wire: wire.sendall(b"\xdd\xff\0\0\0"), "message.max",
              options=("-o", "framing=msgpack"))
    lost_with(lambda wire: wire.sendall(b"x" * 2000), "message.max",
              options=("-o", "framing=line", "-o", "message.max=1KiB"))


def a_promised_message_that_never_comes_costs_nothing(folder):
    link = listen(Peer(lambda wire: wire.sendall(b"\0\xff\xff\xff")).url)
    link.first("up")
    link.check_peak()
    link.interrupt()


def garbage_is_told_as_such(folder):
    lost_with(lambda wire: wire.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
              "message.max")
    lost_with(lambda wire: wire.sendall(b"\xc1"), "0xc1",
              options=("-o", "framing=msgpack"))


def a_peer_that_hangs_up_amid_a_message_is_told_as_such(folder):
    def half(wire):
        wire.sendall(b"\0\0\0\5he")
        wire.shutdown(socket.SHUT_WR)
    lost_with(half, "in the middle of a message")


def a_peer_that_hangs_up_is_told_as_such(folder):
    lost_with(lambda wire: wire.shutdown(socket.SHUT_WR),
              "the peer closed the connection")


def a_reset_is_told_as_such(folder):
    def reset(wire):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        wire.close()
    lost_with(reset, "Connection reset by peer")


def a_message_that_drips_is_heard(folder):
    def drip(wire):
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"drop by drop\n":
            wire.sendall(bytes([byte]))
            time.sleep(0.002)  # so that they come one by one
    cat = listen(Peer(drip).url, "-o", "framing=line")
    wait_until(lambda: cat.out, "nothing was heard")
    check("drop by drop" in cat.out[0][1], cat.out[0][1])
    cat.interrupt()


def a_peer_that_does_not_read_is_lost_in_time(folder):
    def stop(wire):
        time.sleep(60)
    link = Process(HAWSER, "send", "--json", "-v", "--timeout", "0", *CALM,
                   "-o", "write.timeout=300ms", "-o", "heartbeat.interval=off",
                   Peer(stop).url, stdin=subprocess.PIPE)

    def say():
        try:
            link.say("x" * 1000 + "\n")
            for _ in range(20000):
                link.child.stdin.write(b"y" * 1000 + b"\n")
        except OSError:
            pass
    threading.Thread(target=say, daemon=True).start()
    link.line_with("write.timeout", link.err)


def a_flood_does_not_grow_a_link_that_is_not_read(folder):
    flooded = threading.Event()

    def flood(wire):
        wire.settimeout(1)
        try:
            while True:
                wire.sendall(framed(b"z" * 60000) * 10)
        except TimeoutError:
            flooded.set()
    reader, writer = socket.socketpair()
    cat = subprocess.Popen([HAWSER, "cat", "-U", "-v", Peer(flood).url],
                           stdout=writer, stdin=subprocess.PIPE,
                           stderr=subprocess.DEVNULL)
    writer.close()
    try:
        check(flooded.wait(30), "the flood never stops")
        with open(f"/proc/{cat.pid}/status", encoding="ascii") as status:
            peak = [int(line.split()[1]) for line in status
                    if line.startswith("VmHWM")]
        # Sanitizers have memory of their own.
        check(peak[0] < 60 * 1024 or os.environ.get("HAWSER_SANITIZE"),
              f"{peak} KiB")
    finally:
        cat.kill()
        cat.wait()
        reader.close()


# ---- what is refused ----

def what_a_framing_cannot_carry_is_refused(folder):
    server = stream_server("0")
    url = f"tcp://127.0.0.1:{server.port}"
    status, _, err = hawser("send", "-o", "framing=line", url, "a\nb")
    check(status != 0 and "line feed" in err, f"{status} {err}")
    status, _, err = hawser("send", "-o", "framing=msgpack", url, "ab")
    check(status != 0 and "whole MessagePack object" in err, f"{status} {err}")
    status, _, err = hawser("send", "-o", "framing=msgpack", url, "a")
    check(status == 0, f"{status} {err}")
    status, _, err = hawser("send", "-o", "framing=line", "-o",
                            "ping.message=a\nb", url, "a")
    check(status == USAGE and "ping.message" in err, f"{status} {err}")


# ---- TLS ----

def cat_of_one(*words):
    return hawser("cat", "-1", "--timeout", "3s", *words, text="a\n")


def certificates_are_checked_as_for_wss(folder):
    authority = make_authority(folder)
    certificate, key = make_server(folder)
    server = stream_server("0", "--tls", certificate, key)
    good = f"tls://localhost:{server.port}"
    trust = ("--cacert", authority)
    status, out, err = cat_of_one(*trust, good)
    check((status, out) == (0, "a\n"), f"{status} {out} {err}")
    status, out, err = cat_of_one("-k", good)
    check((status, out) == (0, "a\n"), f"{status} {out} {err}")
    for words, hint in (
            ((good,), "TLS: certificate is signed by an authority that is not "
             "trusted"),
            ((*trust, "-o", "tls.server_name=elsewhere.example", good),
             "TLS: certificate is for another name than elsewhere.example"),
            ((*trust, "-o", "tls.server_name=10.1.2.3", good),
             "TLS: certificate is for another name than 10.1.2.3")):
        status, _, err = cat_of_one(*words)
        check(status == REFUSED and hint in err, f"{status} {err}")
    status, _, err = cat_of_one("-o", f"tls.ca={folder}/none", good)
    check(status != 0 and "tls.ca" in err and "No such file" in err,
          f"{status} {err}")
    status, _, err = cat_of_one("-o", f"tls.cert={certificate}", good)
    check(status == USAGE and "set together" in err, f"{status} {err}")


def a_client_certificate_is_shown_where_it_is_wanted(folder):
    authority = make_authority(folder)
    certificate, key = make_server(folder)
    mine, my_key = make_server(folder, "client", "DNS:client")
    server = stream_server("0", "--tls", certificate, key, "--client-ca",
                           authority)
    url = f"tls://localhost:{server.port}"
    status, out, err = cat_of_one("--cacert", authority, "--cert", mine,
                                  "--key", my_key, url)
    check((status, out) == (0, "a\n"), f"{status} {out} {err}")
    status, _, err = cat_of_one("--cacert", authority, url)
    check(status == REFUSED and "certificate required" in err,
          f"{status} {err}")


def what_is_no_tls_is_told_as_such(folder):
    link = Link(Peer(lambda wire: wire.sendall(b"hello there\n" * 20))
                .url.replace("tcp:", "tls:"))
    error = link.first("failed")["error"]
    check(error.startswith("TLS: "), error)
    server = Peer(lambda wire: wire.shutdown(socket.SHUT_RDWR))
    link = Link(server.url.replace("tcp:", "tls:"))
    error = link.first("failed")["error"]
    check(error.startswith("TLS: "), error)


def an_end_without_a_goodbye_is_told_as_such(folder):
    authority = make_authority(folder)
    certificate, key = make_server(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def cut(wire):
        secure = context.wrap_socket(wire, server_side=True)
        secure.sendall(framed(b"hello"))
        secure.recv(1)
        socket.socket(fileno=secure.detach()).shutdown(socket.SHUT_RDWR)

    def leave(wire):
        secure = context.wrap_socket(wire, server_side=True)
        secure.recv(1)
        secure.unwrap()

    for script, hint in ((cut, "the peer hung up without a goodbye"),
                         (leave, "the peer closed the connection")):
        port = Peer(script).url.rpartition(":")[2]
        link = Link(f"tls://localhost:{port}", "-o", f"tls.ca={authority}")
        error = link.first("waiting")["error"]
        check(error == hint, error)
        link.interrupt()


# ---- what is settled when ----

def settled_while_stopped(url, server):
    server.signal(signal.SIGSTOP)
    status, _, err = hawser("send", "-v", "--timeout", "700ms", "-o",
                            "heartbeat.interval=off", url, "unread")
    server.signal(signal.SIGCONT)
    return status, err


def a_stopped_peers_kernel_is_enough_over_tcp_and_not_over_unix(folder):
    """The difference that docs/delivery.md speaks of."""
    server = stream_server("0")
    status, err = settled_while_stopped(f"tcp://127.0.0.1:{server.port}",
                                        server)
    check(status == 0 and "1 of 1 messages settled" in err, f"{status} {err}")
    path = str(folder / "socket")
    server = stream_server(path)
    status, err = settled_while_stopped(f"unix://{path}", server)
    check(status == LEFTOVER and "0 of 1 messages settled" in err,
          f"{status} {err}")


if __name__ == "__main__":
    main(who_is_not_there_is_told_as_such, a_length_that_lies_costs_nothing,
         a_promised_message_that_never_comes_costs_nothing,
         garbage_is_told_as_such,
         a_peer_that_hangs_up_amid_a_message_is_told_as_such,
         a_peer_that_hangs_up_is_told_as_such, a_reset_is_told_as_such,
         a_message_that_drips_is_heard,
         a_peer_that_does_not_read_is_lost_in_time,
         a_flood_does_not_grow_a_link_that_is_not_read,
         what_a_framing_cannot_carry_is_refused,
         certificates_are_checked_as_for_wss,
         a_client_certificate_is_shown_where_it_is_wanted,
         what_is_no_tls_is_told_as_such,
         an_end_without_a_goodbye_is_told_as_such,
         a_stopped_peers_kernel_is_enough_over_tcp_and_not_over_unix)
