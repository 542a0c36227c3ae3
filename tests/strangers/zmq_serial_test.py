"""ROUTER, REP, PULL and PUB of pyzmq, and of libzmq in a C program, killed -9
under load and started again: the link heals by itself, with the events that every transport has; what was
lost is counted, where nothing can confirm."""

import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True

try:
    import zmq  # noqa: F401: whether it is there
except ImportError:
    print("skipped: there is no pyzmq here")
    sys.exit(77)

from links import QUICK, Link
from processes import (HAWSER, HERE, PYTHON, Process, Server, check, main,
                       wait_until)

KILLS = 3
COUNT = 60000
UNCONFIRMED = ("-o", "confirm=none")


PYZMQ = (PYTHON, "-B", HERE / "zmq_server.py")
IN_C = (pathlib.Path(os.environ["HAWSER_BUILD_DIR"]) / "tests" /
        "zmq_peer_client",)

peer = PYZMQ  # whose turn it is


def start(kind, port=0, *words):
    return Server(*peer, kind, port, *words)


def url(server, query=""):
    return f"zmq+tcp://127.0.0.1:{server.port}{query}"


def lines(file):
    return file.read_bytes().split(b"\n")[:-1] if file.exists() else []


def restart(kind, server, *words):
    server.kill()
    return start(kind, server.port, *words)


def stream(target, count, *options):
    """hawser send of count numbers."""
    numbers = subprocess.Popen(
        [PYTHON, "-c", f"import time\nfor i in range({count}):\n"
         " print(i)\n if i % 100 == 0: time.sleep(0.005)"],
        stdout=subprocess.PIPE)
    sender = Process(HAWSER, "send", "--json", "-v", "--timeout", "0",
                     "-o", "backoff.min=20ms", "-o", "backoff.max=100ms",
                     *options, target, stdin=numbers.stdout)
    numbers.stdout.close()
    return sender


def heals_through_kills(kind, query, folder, *options, count=COUNT):
    file = folder / "heard"
    server = start(kind, 0, file)
    sender = stream(url(server, query), count, *options)
    for kill in range(KILLS):
        goal = count * (kill + 1) // (KILLS + 2)
        wait_until(lambda: sender.child.poll() is not None or
                   int((lines(file) or [b"0"])[-1]) > goal,
                   f"{goal} numbers were not written", 60)
        check(sender.child.poll() is None,
              f"it ended early: {sender.text(sender.err)[-500:]}")
        server = restart(kind, server, file)
    status = sender.end(120)
    check(status == 0, f"exit {status}: {sender.text(sender.err)[-1000:]}")
    wait_until(lambda: (lines(file) or [b""])[-1] == b"%d" % (count - 1),
               "the last number was not written", 20)
    heard = [int(line) for line in lines(file)]
    lost = count - len(set(heard))
    said = sender.text(sender.err)
    print(f"{kind}: {count} numbers, {KILLS} kills: lost {lost}, duplicates "
          f"{len(heard) - len(set(heard))}, "
          f"{said.count('Connection refused')} × Connection refused")
    check("the connection ended" in said, "no loss was told")
    check(said.count('"state":"up"') > KILLS, "it was not up again")
    return lost, len(heard) - len(set(heard))


def a_router_is_healed_and_the_loss_is_bounded(folder):
    lost, twice = heals_through_kills("ROUTER", "", folder, *UNCONFIRMED)
    check(twice == 0, "without confirmation nothing is sent twice")
    # zmq.sndhwm, the sockets' buffers (as 8 MiB hold), the server's queue.
    check(lost < KILLS * 10000, f"lost {lost}")


def a_pull_is_healed_and_the_loss_is_bounded(folder):
    lost, twice = heals_through_kills("PULL", "?type=push", folder,
                                      *UNCONFIRMED)
    check(twice == 0, "without confirmation nothing is sent twice")
    check(lost < KILLS * 10000, f"lost {lost}")


def a_rep_that_is_killed_loses_nothing(folder):
    """An answer confirms its question; an unanswered one is asked again."""
    lost, _ = heals_through_kills("REP", "?type=req", folder, count=6000)
    check(lost == 0, f"lost {lost}")


def a_pub_is_subscribed_to_again(folder):
    del folder  # nothing is written
    server = start("PUB")
    link = Link(url(server, "?type=sub&subscribe=odd"), *QUICK,
                command=("cat",), stdin=subprocess.PIPE)
    wait_until(lambda: len(link.out) > 50, "nothing is heard")
    server = restart("PUB", server)
    before = len(link.out)
    link.first("up", count=2)
    wait_until(lambda: len(link.out) > before + 100, "nothing is heard again")
    check(all(int(line) % 2 == 1 for _, line in list(link.out)
              if line.isdigit()), "it hears what it did not subscribe to")
    link.interrupt()


def events_are_those_of_every_transport(folder):
    del folder
    server = start("ROUTER")
    link = Link(url(server), *UNCONFIRMED, "-o", "backoff.min=1ms", "-o", "backoff.max=5ms",
                command=("cat",), stdin=subprocess.PIPE)
    link.first("up")
    server.kill()
    lost = link.first("waiting")
    check("the connection ended" in lost["error"], f"{lost}")
    # A dial may still meet the port of the process that is about to be gone.
    wait_until(lambda: any(event.get("error") == "connect: Connection refused"
                           for event in link.events()),
               "no dial is refused")
    start("ROUTER", server.port)
    link.first("up", count=2)
    states = link.states()
    check(states[:3] == ["dialing", "greeting", "up"] and
          set(states) <= {"dialing", "greeting", "up", "waiting"}, f"{states}")
    link.interrupt()


def in_c(test):
    """The same test with the C program as its peer."""
    def run(folder):
        global peer
        peer = IN_C
        try:
            test(folder)
        finally:
            peer = PYZMQ

    run.__name__ = f"{test.__name__}_in_c"
    return run


TESTS = [a_router_is_healed_and_the_loss_is_bounded,
         a_pull_is_healed_and_the_loss_is_bounded,
         a_rep_that_is_killed_loses_nothing,
         a_pub_is_subscribed_to_again,
         events_are_those_of_every_transport]

if __name__ == "__main__":
    main(*TESTS, *map(in_c, TESTS))
