"""Does memory stay flat while one side is faster than the other?

rss.py [--seconds 600] [--warm-up 60] [--confirm peer] [--niceness 10]

Five applications side by side, each with a server of its own: one for each
overflow policy, which sends at full speed to a peer that reads 10 MB a second,
and one that reads slowly what its peer sends at full speed. Samples the resident
memory of each application, and says whether every sample after the warm-up is
within 5 % of the mean of the first tenth of them. Exits 0 if so."""

import argparse
import os
import pathlib
import statistics
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "strangers"))

from processes import Process, Server, check, hawser_server, main

PROGRAMS = pathlib.Path(os.environ["HAWSER_BUILD_DIR"]) / "tests"
POLICIES = ["refuse", "block", "drop-oldest", "drop-newest"]
READ_A_SECOND = 10_000_000  # bytes
FULL = 100_000  # messages: the default spool takes 64 MiB
ALLOWED = 0.05
SAMPLES_A_SECOND = 4
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Watched:
    """An application, and its resident memory over time."""

    def __init__(self, name, niceness, *words):
        self.name = name
        self.samples = []
        self.process = Process("nice", "-n", niceness,
                               PROGRAMS / "rss_client", *words)

    def sample(self):
        check(self.process.child.poll() is None, f"{self.name} ended: "
              f"{self.process.text(self.process.err)}")
        statm = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text()
        self.samples.append(int(statm.split()[1]) * PAGE_MIB)

    def figures(self):
        """What it said last, by name."""
        words = self.process.out[-1][1].split()
        return dict(zip(words[::2], map(int, words[1::2])))

    def deviation(self):
        base = statistics.mean(self.samples[:max(1, len(self.samples) // 10)])
        return max(abs(each - base) / base for each in self.samples)

    def is_flat(self):
        return self.deviation() <= ALLOWED

    def __str__(self):
        low, high = min(self.samples), max(self.samples)
        figures = " ".join(f"{name} {count}" for name, count in
                           self.figures().items())
        return (f"{self.name:12} {len(self.samples)} samples, {low:.1f}.."
                f"{high:.1f} MiB, {100 * self.deviation():.1f} % off: "
                f"{'flat' if self.is_flat() else 'NOT FLAT'}; {figures}")


def sending(policy, options):
    server = hawser_server(at="ws://127.0.0.1:0/sink")
    proxy = Server(PROGRAMS / "chaos_proxy", 0, server.port, 1,
                   f"bandwidth={READ_A_SECOND}")
    return Watched(policy, options.niceness, "send",
                   f"ws://127.0.0.1:{proxy.port}/sink", f"overflow={policy}",
                   f"confirm={options.confirm}",
                   "confirm.timeout=60s", "heartbeat.timeout=60s")


def receiving(options):
    server = hawser_server()
    return Watched("slow reader", options.niceness, "receive",
                   f"ws://127.0.0.1:{server.port}"
                   f"/blast?count={10 ** 12}&size=500")


def sample_for(watched, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for each in watched:
            each.sample()
        time.sleep(1 / SAMPLES_A_SECOND)


def worked(each):
    """Was there pressure at all, and did anything move?"""
    figures = each.figures()
    check(figures["done"] > 1000, f"{each} did nothing")
    if each.name == "refuse":
        check(figures["refused"] > 0, f"{each} was never full")
    if each.name.startswith("drop"):
        check(figures["dropped"] > 0, f"{each} was never full")
    if each.name == "block":
        check(figures["held"] > FULL, f"{each} was never full")


def watch(options):
    watched = [sending(policy, options) for policy in POLICIES]
    watched.append(receiving(options))
    sample_for(watched, options.warm_up)
    for each in watched:
        each.samples.clear()
    sample_for(watched, options.seconds)
    for each in watched:
        worked(each)
        print(each, flush=True)
    return watched


def parse(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--warm-up", type=float, default=60)
    parser.add_argument("--confirm", choices=["none", "peer"], default="peer")
    parser.add_argument("--niceness", type=int, default=10)
    return parser.parse_args(words)


def memory_is_flat(folder):
    steep = [each for each in watch(OPTIONS) if not each.is_flat()]
    check(not steep, "not flat, in MiB: " + "; ".join(
        f"{each.name}: " + " ".join(
            f"{sample:.1f}" for sample in
            each.samples[::max(1, len(each.samples) // 40)])
        for each in steep))


if __name__ == "__main__":
    OPTIONS = parse()
    sys.argv[1:] = []
    main(memory_is_flat)
