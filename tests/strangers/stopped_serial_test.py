"""A server that is stopped (SIGSTOP) under load: it neither reads nor closes."""

import json
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

from numbers_of_lives import Judgement, Lives
from processes import (HAWSER, Process, check, main, need, node_server,
                       wait_until)

STOP_AFTER = 20000
MORE = 20000


class Feeder(threading.Thread):
    """Feeds numbers to hawser's stdin until told to stop."""

    def __init__(self, sender):
        super().__init__(daemon=True)
        self.sender = sender
        self.count = 0
        self.goal = None

    def run(self):
        try:
            while self.goal is None or self.count < self.goal:
                block = range(self.count, self.count + 100)
                self.sender.say("".join(f"{number}\n" for number in block))
                self.count += 100
            self.sender.child.stdin.close()
        except OSError:
            pass  # hawser ended; the test sees why


def first_event(sender, wanted, after_ms):
    def look():
        for _, line in list(sender.err):
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("at_ms", 0) >= after_ms and wanted(event):
                return event
        return None

    return look


def a_stopped_server_is_left_for_the_second(folder):
    first, second = Lives(folder, "first"), Lives(folder, "second")
    one = node_server(0, "--write", first.next_file())
    two = node_server(0, "--write", second.next_file())
    sender = Process(
        HAWSER, "send", "--json", "-v", "--timeout", "0", "-o",
        "heartbeat.interval=200ms", "-o", "heartbeat.timeout=1s", "-o",
        "dial.timeout=2s", "-o", "spool.max_messages=50000",
        f"ws://127.0.0.1:{one.port}/ ws://127.0.0.1:{two.port}/",
        stdin=subprocess.PIPE)
    feeder = Feeder(sender)
    feeder.start()
    wait_until(lambda: first.written() > STOP_AFTER, "no load on the first")

    stopped_ms = int(time.time() * 1000)
    one.signal(signal.SIGSTOP)
    lost = wait_until(first_event(
        sender, lambda event: event.get("state") == "waiting", stopped_ms),
        "the loss was not noticed")
    noticed_ms = lost["at_ms"] - stopped_ms
    up = wait_until(first_event(
        sender, lambda event: event.get("state") == "up", stopped_ms),
        "no failover", 30)
    check(str(two.port) in up["endpoint"], f"up at {up['endpoint']}")
    wait_until(lambda: second.written() > MORE, "no load on the second")
    feeder.goal = feeder.count
    feeder.join()
    status = sender.end(60)
    one.kill()  # so that what it never read stays unread
    two.signal(signal.SIGTERM)

    judged = Judgement(feeder.count, Union(first, second))
    print(f"stopped: noticed after {noticed_ms} ms ({lost.get('error')}), up at "
          f"the second after {up['at_ms'] - stopped_ms} ms; {feeder.count} "
          f"numbers: lost {judged.lost}, duplicates {judged.duplicates}")
    check(noticed_ms <= 1500, f"the loss was noticed after {noticed_ms} ms")
    check(status == 0, f"hawser send ended with {status}")
    check(judged.lost == 0, f"lost {judged.missing[:10]} …")
    check(judged.disorder == 0, f"{judged.disorder} numbers out of order")


class Union(Lives):
    """The files of both servers."""

    def __init__(self, one, two):
        super().__init__(one.folder)
        self.files = one.files + two.files


if __name__ == "__main__":
    need("node")
    main(a_stopped_server_is_left_for_the_second)
