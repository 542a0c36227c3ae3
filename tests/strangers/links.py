"""One link of the built tool, watched through the events that it tells as
JSON; and the scripted servers of tests/ws as peers."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from processes import (HAWSER, HERE, PATIENCE, PYTHON, Failed, Process, check,
                       wait_until)

sys.path.append(str(HERE.parent / "tool"))

# Waits so long that the first WAITING is the last, unless a test says
# otherwise: one event to look at.
CALM = ("-o", "backoff.min=1h", "-o", "backoff.max=2h")
QUICK = ("-o", "backoff.min=1ms", "-o", "backoff.max=1ms")
PEAK_KIB = 40 * 1024


class Link(Process):
    """hawser send of one message, unless a command is named: it does not end
    before the message is confirmed, the link has failed, or a signal comes."""

    def __init__(self, urls, *options, command=("send", "x"), **more):
        urls = [urls] if isinstance(urls, str) else urls
        super().__init__(HAWSER, command[0], "--json", "-v", "--timeout", "0",
                         *CALM, *options, *([" ".join(urls)] if urls else []),
                         *command[1:], **more)

    def events(self):
        lines = [json.loads(line) for _, line in list(self.err)]
        return [line for line in lines if "state" in line]

    def states(self):
        return [event["state"] for event in self.events()]

    def first(self, *states, count=1, seconds=30):
        """The first event (or the count-th) with one of the states."""
        def look():
            # Whether it lives is asked first: what it said last is read then.
            ended = self.child.poll() is not None and not any(
                reader.is_alive() for reader in self._readers)
            found = [event for event in self.events()
                     if event["state"] in states]
            if len(found) >= count:
                return found[count - 1]
            if ended:
                raise Failed(f"{self} ended with {self.child.returncode}, "
                             f"never {states}; it said:\n{self.text(self.err)}")
            return None

        return wait_until(look, f"{self} is never {states}", seconds)

    def peak_kib(self):
        """The most memory that it ever had; 0 once it has ended."""
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
                for line in status:
                    if line.startswith("VmHWM"):
                        return int(line.split()[1])
        return 0

    def check_peak(self):
        # Sanitizers have memory of their own.
        kib = self.peak_kib()
        check(kib < PEAK_KIB or os.environ.get("HAWSER_SANITIZE"),
              f"{self} had {kib} KiB")

    def interrupt(self):
        """Its exit status after SIGINT."""
        self.signal(signal.SIGINT)
        return self.end()


class BadServer(Process):
    """A script of tests/ws, which prints its port. It cleans up at its end,
    so: with BadServer(…) as server."""

    def __init__(self, script="bad_server.py", *words):
        super().__init__(PYTHON, "-B", HERE.parent / "ws" / script, *words,
                         stdin=subprocess.PIPE)
        wait_until(lambda: self.out or self.child.poll() is not None,
                   f"{self} prints no port", 60)
        check(self.out, f"{self} ended: {self.text(self.err)}")
        self.port, _, self.note = self.out[0][1].partition(" ")

    def url(self, path="", scheme="ws"):
        return f"{scheme}://127.0.0.1:{self.port}/{path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.end()


def nobody():
    """A URL where nobody listens."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return f"ws://127.0.0.1:{door.getsockname()[1]}/"


def for_each(cases, judge):
    """Calls judge(*case) for all, some at once, and tells all that failed."""
    def attempt(case):
        try:
            judge(*case)
            return None
        except Failed as failure:
            return f"{case[0]}: {failure}"

    with ThreadPoolExecutor(4 if PATIENCE == 1 else 2) as pool:
        failures = [failure for failure in pool.map(attempt, cases) if failure]
    check(not failures, "\n  ".join(["", *failures]))
