"""tcp://, unix:// and tls://: servers that we did not write, killed -9 under
load again and again.

stream_kill_serial_test.py [NAME] with HAWSER_COUNT=1000000 is the long run."""

import json
import os
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

from certificates import make_authority, make_server
from numbers_of_lives import Judgement, Lives
from processes import (HAWSER, HERE, PYTHON, Process, check, main, need,
                       wait_until)

COUNT = int(os.environ.get("HAWSER_COUNT", "200000"))
KILLS = 5
RATE = 100000  # a second, so that no kill comes too late
SECONDS = 60 + COUNT // 5000


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def send_numbers(url, *options):
    numbers = subprocess.Popen(["seq", "0", str(COUNT - 1)],
                               stdout=subprocess.PIPE)
    sender = Process(HAWSER, "send", "--json", "-v", "--timeout", "0", "-o",
                     "framing=line", "-o", f"rate.messages={RATE}", "-o", "backoff.min=20ms", "-o",
                     "backoff.max=200ms", *options, url, stdin=numbers.stdout)
    numbers.stdout.close()
    return sender


def states_of(sender):
    events = [json.loads(line) for _, line in list(sender.err)]
    return [event["state"] for event in events if "state" in event]


def live_through_kills(folder, url, start, *options):
    """start(file) starts a server; what became of the numbers."""
    lives = Lives(folder)
    server = start(lives.next_file())
    sender = send_numbers(url, *options)
    for kill in range(KILLS):
        goal = COUNT * (kill + 1) // (KILLS + 2)
        wait_until(lambda: (lives.written() > goal and
                            lives.files[-1].stat().st_size > 0) or
                   sender.child.poll() is not None,
                   f"{goal} numbers were not written", SECONDS)
        check(sender.child.poll() is None, "all was sent before the last kill: "
              f"{sender.text(sender.err)[-500:]}")
        server.kill()
        server = start(lives.next_file())
    status = sender.end(SECONDS)
    check(status == 0, f"hawser send ended with {status}, and said: "
          f"{sender.text(sender.err)[-2000:]}")
    wait_until(lambda: lives.last_line() == str(COUNT - 1),
               f"the last number was not written, but {lives.last_line()}")
    states = states_of(sender)
    check(states.count("up") >= KILLS + 1 and
          states.count("waiting") >= KILLS, f"{states}")
    return Judgement(COUNT, lives)


def tell(name, judged):
    print(f"{name}: {COUNT} numbers, {KILLS} kills: lost {judged.lost} "
          f"(by kill: {judged.runs()}), duplicates {judged.duplicates}")
    check(judged.disorder == 0, f"{judged.disorder} numbers out of order")
    check(len(judged.runs()) <= KILLS, f"gaps without a kill: {judged.runs()}")


def socat(address, file):
    """socat that writes what comes to file; what it has read and not written
    is lost with it: at most one block of it."""
    return Process("socat", "-u", "-b", "8192", address,
                   f"OPEN:{file},creat,append")


def python(address, file):
    server = Process(PYTHON, HERE / "stream_server.py", address, "--write",
                     file)
    server.line_with("listening")
    return server


def a_unix_server_that_writes_before_it_reads_loses_nothing(folder):
    path = str(folder / "socket")
    judged = live_through_kills(folder, f"unix://{path}",
                                lambda file: python(path, file))
    tell("unix, python", judged)
    check(judged.lost == 0, f"lost {judged.missing[:10]} …")


def socat_over_unix_loses_at_most_what_it_has_in_hand(folder):
    path = folder / "socket"
    judged = live_through_kills(
        folder, f"unix://{path}",
        lambda file: socat(f"UNIX-LISTEN:{path},unlink-early", file))
    tell("unix, socat", judged)
    check(all(run <= 8192 // 2 for run in judged.runs()), f"{judged.runs()}")


# What the peer's kernel has counts as arrived, and is gone with the process that
# did not read it: docs/delivery.md. So how much is lost is not judged.
def socat_over_tcp_heals(folder):
    port = free_port()
    judged = live_through_kills(
        folder, f"tcp://127.0.0.1:{port}",
        lambda file: socat(f"TCP-LISTEN:{port},reuseaddr", file))
    tell("tcp, socat", judged)


def socat_over_tls_heals(folder):
    port = free_port()
    authority = make_authority(folder)
    certificate, key = make_server(folder)
    judged = live_through_kills(
        folder, f"tls://localhost:{port}",
        lambda file: socat(f"OPENSSL-LISTEN:{port},reuseaddr,cert={certificate},"
                           f"key={key},verify=0", file),
        "-o", f"tls.ca={authority}")
    tell("tls, socat", judged)


if __name__ == "__main__":
    need("socat")
    main(a_unix_server_that_writes_before_it_reads_loses_nothing,
         socat_over_unix_loses_at_most_what_it_has_in_hand,
         socat_over_tcp_heals, socat_over_tls_heals)
