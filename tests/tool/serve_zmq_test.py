"""hawser serve on ZeroMQ, seen by pyzmq and by hawser bench."""

import json
import os
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

try:
    import zmq
except ImportError:
    print("skipped: there is no pyzmq here")
    sys.exit(77)

from processes import (HAWSER, Process, check, hawser, hawser_server, main,
                       wait_until)

CONTEXT = zmq.Context()


def connect(kind, port):
    made = CONTEXT.socket(kind)
    made.linger = 0
    made.rcvtimeo = 20000
    made.connect(f"tcp://127.0.0.1:{port}")
    return made


def a_router_sends_everything_back(folder):
    server = hawser_server(at="zmq+tcp://127.0.0.1:0")
    one, other = (connect(zmq.DEALER, server.port) for _ in range(2))
    for message in [b"", b"hi", b"?", os.urandom(3000000)]:
        for peer in [one, other]:
            peer.send(message)
            check(peer.recv() == message, "the echo differs")
    for number in range(5000):
        one.send(b"%d" % number)
    for number in range(5000):
        check(one.recv() == b"%d" % number, f"{number} is not next")
    server.signal(signal.SIGTERM)
    check(server.end() == 0, server.text(server.err))


def a_rep_answers(folder):
    server = hawser_server(at="zmq+tcp://127.0.0.1:0?type=rep")
    peer = connect(zmq.REQ, server.port)
    for number in range(3):
        peer.send(b"%d" % number)
        check(peer.recv() == b"%d" % number, "another answer")


def a_path_is_served(folder):
    server = Process(HAWSER, "serve", f"zmq+ipc://{folder}/s")
    server.line_with(f"listening on zmq+ipc://{folder}/s")
    peer = CONTEXT.socket(zmq.DEALER)
    peer.linger, peer.rcvtimeo = 0, 20000
    peer.connect(f"ipc://{folder}/s")
    peer.send(b"x")
    check(peer.recv() == b"x", "no echo")


def a_pull_counts_and_a_router_tells(folder):
    server = Process(HAWSER, "serve", "--role", "sink",
                     "zmq+tcp://127.0.0.1:0?type=pull",
                     "zmq+tcp://127.0.0.1:0")
    server.line_with("listening")
    wait_until(lambda: len(server.out) == 2, "not both addresses are told")
    ports = [line.rsplit(":", 1)[1] for _, line in server.out]
    for kind in (zmq.PUSH, zmq.DEALER):
        peer = connect(kind, ports[kind == zmq.DEALER])
        for number in range(1000):
            peer.send(b"%d" % number)
        asker = connect(zmq.DEALER, ports[1])
        asker.send(b"?1000")
        check(asker.recv() == b"1000", "another count")
    for threads in ["0", "1"]:
        status, out, err = hawser(
            "bench", "pub", f"zmq+tcp://127.0.0.1:{ports[0]}?type=push",
            "--confirm", f"zmq+tcp://127.0.0.1:{ports[1]}", "--json",
            "--threads", threads, "--count", "20000", seconds=60)
        check(status == 0 and json.loads(out)["count"] == 20000,
              f"{status}, {err}")


def wrong_words_are_usage(folder):
    zmq_url = "zmq+tcp://127.0.0.1:0"
    taken = hawser_server(at=zmq_url)
    for words, why in [
            (["--once", zmq_url], "--once"), (["--pings", "off", zmq_url], "ws"),
            (["--framing", "line", zmq_url], "--framing"),
            (["--role", "blast", zmq_url], "blast"),
            (["--record", "/dev/null", zmq_url], "--record"),
            ([zmq_url] * 3, "one address"),
            ([zmq_url, "ws://127.0.0.1:0"], "one address"),
            (["ws://127.0.0.1:0", zmq_url], "one address"),
            ([zmq_url + "?bind=0"], "write it as"),
            ([zmq_url + "?type=none"], "type"),
            ([f"zmq+tcp://127.0.0.1:{taken.port}"], "in use")]:
        status, out, err = hawser("serve", *words)
        check(status == 1 and why in err and out == "",
              f"{words}: {status}, {err!r}")


if __name__ == "__main__":
    main(a_router_sends_everything_back, a_rep_answers, a_path_is_served,
         a_pull_counts_and_a_router_tells, wrong_words_are_usage)
