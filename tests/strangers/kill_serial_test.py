"""Servers that we did not write, killed -9 under load again and again.

kill_serial_test.py [NAME] with HAWSER_COUNT=1000000 is the long run."""

import os
import subprocess
import sys

sys.dont_write_bytecode = True

from numbers_of_lives import Judgement, Lives
from processes import (HAWSER, Process, check, main, need, node_server,
                       python_server, wait_until)

COUNT = int(os.environ.get("HAWSER_COUNT", "100000"))
KILLS = 5
SECONDS = 60 + COUNT // 5000
MAX_QUEUE = 32  # of Python's websockets, by default


def send_numbers(url):
    numbers = subprocess.Popen(["seq", "0", str(COUNT - 1)],
                               stdout=subprocess.PIPE)
    sender = Process(HAWSER, "send", "--json", "--timeout", "0", "-o",
                     "backoff.min=20ms", "-o", "backoff.max=200ms", url,
                     stdin=numbers.stdout)
    numbers.stdout.close()
    return sender


def live_through_kills(lives, start_server):
    """Streams all numbers through KILLS kills."""
    server = start_server(0, lives)
    sender = send_numbers(f"ws://127.0.0.1:{server.port}/")
    for kill in range(KILLS):
        goal = COUNT * (kill + 1) // (KILLS + 2)
        wait_until(lambda: lives.written() > goal or
                   sender.child.poll() is not None,
                   f"{goal} numbers were not written", SECONDS)
        check(sender.child.poll() is None, "all was sent before the last kill: "
              f"{sender.text(sender.err)[-500:]}")
        server.kill()
        server = start_server(server.port, lives)
    status = sender.end(SECONDS)
    check(status == 0, f"hawser send ended with {status}, and said: "
          f"{sender.text(sender.err)[-2000:]}")
    # Python's websockets may have confirmed what its application reads last.
    wait_until(lambda: lives.last_line() == str(COUNT - 1),
               f"the last number was not written, but {lives.last_line()}")


def node_loses_nothing(folder):
    lives = Lives(folder)

    def start(port, lives):
        return node_server(port, "--write", lives.next_file())

    live_through_kills(lives, start)
    judged = Judgement(COUNT, lives)
    print(f"node ws: {COUNT} numbers, {KILLS} kills: lost {judged.lost}, "
          f"duplicates {judged.duplicates}")
    check(judged.lost == 0, f"lost {judged.missing[:10]} …")
    check(judged.disorder == 0, f"{judged.disorder} numbers out of order")


def python_loses_at_most_its_queue(folder):
    """websockets answers PINGs while up to max_queue messages, and one that
    waits for room there, are still unread by the application."""
    lives = Lives(folder)

    def start(port, lives):
        return python_server(port, "--write", lives.next_file(),
                             "--max-queue", MAX_QUEUE)

    live_through_kills(lives, start)
    judged = Judgement(COUNT, lives)
    runs = judged.runs()
    print(f"python websockets: {COUNT} numbers, {KILLS} kills: lost "
          f"{judged.lost} (by kill: {runs}; its max_queue is {MAX_QUEUE}), "
          f"duplicates {judged.duplicates}")
    check(len(runs) <= KILLS, f"{len(runs)} gaps with {KILLS} kills")
    check(all(run <= MAX_QUEUE + 2 for run in runs), f"a gap is too wide: {runs}")
    check(judged.disorder == 0, f"{judged.disorder} numbers out of order")


if __name__ == "__main__":
    need("node")
    main(node_loses_nothing, python_loses_at_most_its_queue)
