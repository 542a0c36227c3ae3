"""hawser cat URL URL between servers of two kinds, each killed -9 once: what
comes while a side is down waits for it."""

import signal
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

try:
    import zmq  # noqa: F401: whether it is there
except ImportError:
    print("skipped: there is no pyzmq here")
    sys.exit(77)

from links import QUICK, Link
from processes import (HAWSER, HERE, PYTHON, Process, check, hawser,
                       hawser_server, main, need, wait_until)

COUNT = 2000


class Console(Process):
    """stdin lines go to its peer; what that says is on stdout."""

    def __init__(self, *command):
        super().__init__(*command, stdin=subprocess.PIPE)

    def heard(self):
        return [line for _, line in list(self.out)
                if not line.startswith("listening")]


class Library(Console):
    def __init__(self, kind, port=0):
        super().__init__(PYTHON, "-B", HERE / "console.py", kind, port)
        self.kind = kind
        self.port = int(self.line_with("listening")[1].replace(
            ":", " ").split()[-1])
        self.url = f"{'ws' if kind == 'ws' else 'zmq+tcp'}://127.0.0.1:" \
                   f"{self.port}"

    def again(self):
        return Library(self.kind, self.port)


class Socat(Console):
    def __init__(self, path):
        super().__init__("socat", "STDIO", f"UNIX-LISTEN:{path}")
        self.path, self.url = path, f"unix://{path}"

    def listens(self):
        """Not only bound: /proc/net/unix has __SO_ACCEPTCON in its flags."""
        text = Path("/proc/net/unix").read_text(encoding="utf-8")
        return any(row[-1] == str(self.path) and int(row[3], 16) & 1 << 16
                   for row in map(str.split, text.splitlines()))

    def again(self):
        self.path.unlink()
        return Socat(self.path)


def say_and_hear(one, other, words):
    one.say("".join(f"{word}\n" for word in words))
    wait_until(lambda: other.heard()[-len(words):] == words,
               f"{other} does not hear {len(words)} messages in order")


def ups(gateway, side):
    return [event["state"] for event in gateway.events()
            if event["endpoint"] == side.url].count("up")


def passes_through_a_kill(gateway, killed, source):
    """Of killed: what source says while nobody is there. killed's heir."""
    before = ups(gateway, killed)
    killed.kill()
    wait_until(lambda: [event["state"] for event in gateway.events()
                        if event["endpoint"] == killed.url][-1] != "up",
               f"{gateway} does not notice that {killed} is gone")
    words = [f"{killed.pid}-{number}" for number in range(COUNT)]
    source.say("".join(f"{word}\n" for word in words))
    heir = killed.again()
    wait_until(lambda: ups(gateway, killed) > before, "it is not up again")
    # What was not yet confirmed when it was killed comes once more.
    wait_until(lambda: list(dict.fromkeys(heir.heard()))[-COUNT:] == words,
               f"not all {COUNT} in order after the kill of {killed}: "
               f"{len(heir.heard())}")
    return heir


def heals_on_both_sides(one, other):
    gateway = Link([], *QUICK, "-o", "framing=line", one.url, other.url,
                   command=("cat",))
    wait_until(lambda: ups(gateway, one) == ups(gateway, other) == 1,
               "both sides are not up")
    say_and_hear(one, other, ["to and"])
    say_and_hear(other, one, ["fro"])
    other = passes_through_a_kill(gateway, other, one)
    one = passes_through_a_kill(gateway, one, other)
    say_and_hear(one, other, ["to again"])
    say_and_hear(other, one, ["and fro"])
    status = gateway.interrupt()
    said = gateway.text(gateway.err).splitlines()[-1]
    check(status == 0, f"{status}: {said}")
    check(said == '{"heard":%d,"skipped":0,"refused":0,"left":0}' % (2 * COUNT + 4), said)


def a_websocket_server_and_socat(folder):
    need("socat")
    heals_on_both_sides(Library("ws"), Socat(folder / "s"))


def a_dealer_and_a_websocket_server(folder):
    del folder
    heals_on_both_sides(Library("zmq"), Library("ws"))


def what_the_other_side_cannot_carry_is_told(folder):
    """Lines have no line feed in them."""
    need("socat")
    one, other = Library("ws"), Socat(folder / "s")
    gateway = Process(HAWSER, "cat", "-o", "framing=line", one.url, other.url)
    say_and_hear(one, other, ["this"])
    one.say("two\\nlines\n")
    gateway.line_with("message 2 from ws://", gateway.err)
    say_and_hear(one, other, ["and that"])
    gateway.signal(signal.SIGINT)
    status = gateway.end()
    check(status == 1 and "3 messages heard, 1 not passed on" in
          gateway.text(gateway.err), f"{status}: {gateway.text(gateway.err)}")


def what_a_router_has_no_peer_for_is_told(folder):
    del folder
    context = zmq.Context()
    news, known = context.socket(zmq.XPUB), context.socket(zmq.DEALER)
    known.setsockopt(zmq.ROUTING_ID, b"known")
    for peer in (news, known):
        peer.setsockopt(zmq.LINGER, 0)
        peer.setsockopt(zmq.RCVTIMEO, 30000)
        peer.bind("tcp://127.0.0.1:*")
    gateway = Process(HAWSER, "cat", *[
        f"zmq+{peer.getsockopt_string(zmq.LAST_ENDPOINT)}?type={kind}"
        for peer, kind in ((news, "sub&subscribe="), (known, "router"))])
    news.recv()  # the subscription
    for number, topic in enumerate([b"known", b"nobody", b"known"]):
        news.send_multipart([topic, b"%d" % number])
    check([known.recv(), known.recv()] == [b"0", b"2"], "not what was sent")
    gateway.signal(signal.SIGINT)
    status, said = gateway.end(), gateway.text(gateway.err)
    check(status == 5 and "3 messages heard, 1 not passed on" in said,
          f"{status}: {said}")
    context.destroy()


def a_side_that_is_never_there_is_told(folder):
    server = hawser_server()
    status, _, err = hawser("cat", "--timeout", "300ms", *QUICK,
                            f"ws://127.0.0.1:{server.port}/",
                            f"unix://{folder}/nobody")
    check(status == 2 and "no connection in time" in err, f"{status}: {err}")


def a_side_that_does_not_read_stops_the_other(folder):
    """60 MB for a side that is stopped: what is kept stays within limits."""
    need("socat")
    blast, slow = hawser_server(), Socat(folder / "s")
    wait_until(slow.listens, f"{slow} does not listen")
    slow.signal(signal.SIGSTOP)
    gateway = Link([], *QUICK, "-o", "framing=line", "-o",
                   "spool.max_bytes=2MiB", "-o", "receive.max_bytes=2MiB",
                   f"ws://127.0.0.1:{blast.port}/blast?count=60&size=1000000",
                   slow.url, command=("cat",))
    gateway.first("up", count=2)
    wait_until(lambda: gateway.peak_kib() > 8 * 1024, "it takes nothing")
    slow.signal(signal.SIGCONT)
    wait_until(lambda: len(slow.heard()) == 60, "not all came through")
    gateway.check_peak()
    check(gateway.interrupt() == 0, gateway.text(gateway.err))


def misuse_is_told(folder):
    del folder
    one, two = "ws://127.0.0.1:1/", "ws://127.0.0.1:2/"
    for words, why in [
            ([one, two, "ws://127.0.0.1:3/"], "as one word"),
            (["-b", one, two], "stdin"),
            (["-1", one, two], "stdin"),
            (["--linger", "1s", one, two], "stdin"),
            ([one, "gopher://x/"], "gopher"),
            ([one, ""], "URL"),
            (["", two], "URL"),
            (["-o", "spool=file:/tmp/hawser-gateway-of-nobody", one, two],
             "another link")]:
        status, _, err = hawser("cat", *words)
        check(status == 1 and why in err, f"{words}: {status}, {err}")


if __name__ == "__main__":
    main(a_websocket_server_and_socat,
         a_dealer_and_a_websocket_server,
         what_the_other_side_cannot_carry_is_told,
         what_a_router_has_no_peer_for_is_told,
         a_side_that_does_not_read_stops_the_other,
         a_side_that_is_never_there_is_told,
         misuse_is_told)
