"""Chaos for real: an application, a server, and the chaos proxy between them;
either is killed -9 at random instants, for as long as asked.

chaos.py [--seconds 300] [--rate 20000] [--seed N] [--server node|python]
         [--confirm peer|application] [--spool memory|file] [--kills-every 2]
         [--folder KEEP_IT_HERE]

With a spool in memory the application is not killed: what it has accepted ends
with it. With a file the application is killed as often as the server. Prints
what was done, and the judgement of both histories (see judge.py); exits 0 if
nothing was lost and no order broken. The same seed makes the same trouble; how
it meets the traffic is the scheduler's."""

import argparse
import collections
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "strangers"))

from judge import Judgement, whole_lines
from processes import PYTHON, Process, Server, check

PROGRAMS = pathlib.Path(os.environ["HAWSER_BUILD_DIR"]) / "tests"
# What a connection has to suffer: one of these, drawn by the seed.
RECIPES = [
    "",
    "latency=1..30 jitter=0..20 cut=100000..4000000",
    "latency=1..10 half-open=100000..3000000 hold=500..3000",
    "slice=1..100 reset=100000..4000000",
    "slice=1..20 jitter=0..5 cut=100000..2000000 slow-close=0..500",
    "bandwidth=1500000..20000000 reset=100000..4000000 slow-close=0..500",
    "cut=200..20000 slow-close=0..300",
    "reset=1..3000",
    "half-open=1..5000 hold=500..1500",
]
SERVERS = {"node": ["node", HERE / "chaos_server.js"],
           "python": [PYTHON, HERE / "chaos_server.py"]}
LONGEST_OUTAGE_S = 0.3


def offered_in(history):
    return max((int(line.split()[2]) for line in whole_lines(history)
                if line.startswith(b"offered")), default=0)


class Chaos:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.chance = random.Random(options.seed)
        self.lives = collections.Counter()
        self.server = self.start_server(0)
        self.proxy = Server(PROGRAMS / "chaos_proxy", 0, self.server.port,
                            options.seed, *RECIPES)
        self.since = time.monotonic()
        self.offered = 0  # by lives that have ended
        self.application = self.start_application()

    # ---- lives ----

    def next_history(self, name):
        self.lives[name] += 1
        return self.folder / f"{name}-{self.lives[name]}.txt"

    def start_server(self, port):
        command = [*SERVERS[self.options.server], port,
                   self.next_history("server")]
        if self.options.confirm == "application":
            command.append("--answer")
        return Server(*command)

    def start_application(self):
        """Its rate is that of all lives, so each knows what was offered."""
        spool = ([f"spool=file:{self.folder / 'spool'}"]
                 if self.options.spool == "file" else [])
        self.history = self.next_history("app")
        return Process(PROGRAMS / "chaos_client",
                       f"ws://127.0.0.1:{self.proxy.port}/", self.history,
                       self.lives["app"], self.options.rate,
                       int(self.since * 1000), self.offered,
                       f"confirm={self.options.confirm}", *spool)

    def kill(self, name):
        process = getattr(self, name)
        check(process.child.poll() is None, f"the {name} ended by itself: "
              f"{process.text(process.err)[-2000:]}")
        process.kill()
        if name == "application":
            self.offered += offered_in(self.history)

    # ---- the run ----

    def pause(self, longest_s):
        # Chance is the point here: nothing is waited for.
        time.sleep(self.chance.uniform(0, longest_s))

    def strike(self):
        victims = ["server"]
        if self.options.spool == "file":
            victims = self.chance.choice([["server"], ["application"],
                                          ["server", "application"]])
        for name in victims:
            self.kill(name)
        for name in self.chance.sample(victims, len(victims)):
            if self.chance.random() < 0.5:
                self.pause(LONGEST_OUTAGE_S)
            if name == "server":
                self.server = self.start_server(self.server.port)
            else:
                self.application = self.start_application()

    def run(self):
        end = self.since + self.options.seconds
        while time.monotonic() < end:
            self.pause(2 * self.options.kills_every)
            self.strike()
        self.seconds = time.monotonic() - self.since

    def settle(self):
        """No more trouble, and time until all has arrived."""
        self.proxy.signal(signal.SIGUSR1)
        self.application.line_with("begun", seconds=60)
        self.application.signal(signal.SIGTERM)
        status = self.application.end(120)
        check(status == 0, f"the application ended with {status}: "
              f"{self.application.text(self.application.err)[-2000:]}")
        self.server.kill()
        self.proxy.kill()

    def tell(self, judgement):
        ends = collections.Counter(
            line.split(": ")[1].split(" after")[0]
            for _, line in self.proxy.out if " ended: " in line)
        rate = judgement.sum(b"accepted") / self.seconds
        print(f"{self.options.server}, confirm={self.options.confirm}, "
              f"spool={self.options.spool}, seed {self.options.seed}: "
              f"{self.seconds:.0f} s, {rate:.0f} accepted a second; killed -9: "
              f"server {self.lives['server'] - 1}, application "
              f"{self.lives['app'] - 1}; {ends.total()} connections ended: "
              + ", ".join(f"{why} {count}" for why, count in
                          sorted(ends.items())))
        print(judgement, flush=True)


def run_chaos(options, folder):
    chaos = Chaos(options, pathlib.Path(folder))
    try:
        chaos.run()
        chaos.settle()
    finally:
        for process in (chaos.application, chaos.server, chaos.proxy):
            process.kill()
    judgement = Judgement(folder)
    chaos.tell(judgement)
    return judgement


def parse(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rate", type=int, default=20000)
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--server", choices=sorted(SERVERS), default="node")
    parser.add_argument("--confirm", choices=["peer", "application"],
                        default="application")
    parser.add_argument("--spool", choices=["memory", "file"],
                        default="memory")
    parser.add_argument("--kills-every", type=float, default=2)
    parser.add_argument("--folder")
    return parser.parse_args(words)


if __name__ == "__main__":
    OPTIONS = parse()
    if OPTIONS.folder:
        os.makedirs(OPTIONS.folder)
        sys.exit(0 if run_chaos(OPTIONS, OPTIONS.folder).is_good() else 1)
    with tempfile.TemporaryDirectory(prefix="hawser-chaos-") as at:
        sys.exit(0 if run_chaos(OPTIONS, at).is_good() else 1)
