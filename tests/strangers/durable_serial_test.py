"""An application with a durable spool, killed -9 at any instant, again and again.

durable_serial_test.py [NAME] with HAWSER_KILLS=200 is the long run."""

import os
import pathlib
import random
import sys
import time

sys.dont_write_bytecode = True

from processes import Process, check, hawser_server, main, wait_until

APP = (pathlib.Path(os.environ["HAWSER_BUILD_DIR"]) / "tests"
       / "durable_client")
KILLS = int(os.environ.get("HAWSER_KILLS", "20"))
SEED = int(os.environ.get("HAWSER_SEED", "0")) or random.randrange(1 << 30)
# spool.commit is 10 ms; a write to a busy disk takes its time on top of that.
WINDOW_S = 2.0


class Application(Process):
    """The application, and what it was told OK."""

    def __init__(self, url, spool, first, *words):
        super().__init__(APP, url, spool, first, *words)

    def accepted(self):
        """(time, number) of each number that was accepted. After its end."""
        for reader in self._readers:
            reader.join()
        check(not self.err, f"the application said: {self.text(self.err)}")
        return [(when, int(line)) for when, line in self.out
                if line.isdigit()]


def heard_by(server):
    """Numbers in the order in which the server's application read them."""
    return [int(line) for _, line in list(server.out) if line.isdigit()]


def out_of_order(numbers):
    """Numbers that were new, and lower than one before them."""
    highest, found, seen = -1, [], set()
    for number in numbers:
        if number not in seen and number < highest:
            found.append(number)
        seen.add(number)
        highest = max(highest, number)
    return found


def live(chance, url, spool, first, *words):
    """One life, killed at an instant of chance's. What was accepted."""
    application = Application(url, spool, first, *words)
    # Chance is the point here: nothing is waited for, not even that it began.
    time.sleep(chance.uniform(0, 0.2) * (4 if chance.random() < 0.1 else 1))
    application.kill()
    return application.accepted()


def finish(url, spool, first, server, accepted):
    """A last life, which is left alone until all is heard."""
    application = Application(url, spool, first, "sync")
    missing = set(accepted)

    def all_heard():
        missing.difference_update(heard_by(server))
        return not missing
    try:
        wait_until(all_heard, "what was accepted is heard", 30)
    finally:
        application.kill()
        print(f"seed {SEED}: {KILLS} kills, {len(accepted)} accepted, "
              f"lost {len(missing)}, heard {len(heard_by(server))}")


def run_kills(folder, words, outage):
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    server = hawser_server("--print", at="ws://127.0.0.1:0/sink")
    url = f"ws://127.0.0.1:{server.port}/"
    # While there is an outage nobody is there, and all must come from the file.
    nowhere = "ws://127.0.0.1:1/"
    accepted, first = [], 0
    for kill in range(KILLS):
        away = outage and chance.random() < 0.5
        got = live(chance, nowhere if away else url, folder / "spool",
                   first, *words)
        accepted += [number for _, number in got]
        first = max(accepted, default=0) + 1000
    finish(url, folder / "spool", first, server, accepted)
    return server


def synchronous_sends_survive_every_kill(folder):
    server = run_kills(folder, ["sync"], False)
    found = out_of_order(heard_by(server))
    check(not found, f"out of order: {found[:10]}")


def they_survive_with_nobody_there(folder):
    server = run_kills(folder, ["sync"], True)
    found = out_of_order(heard_by(server))
    check(not found, f"out of order: {found[:10]}")


def many_threads_survive_every_kill(folder):
    run_kills(folder, ["sync", "8"], True)


def other_sends_survive_but_for_the_window(folder):
    """Nobody is there, so that what is heard later was in the file."""
    chance = random.Random(SEED)
    accepted, first = [], 0
    for kill in range(max(3, KILLS // 4)):
        application = Application("ws://127.0.0.1:1/", folder / "spool", first,
                                  "async")
        wait_until(lambda: len(application.out) > 100, "it sends")
        time.sleep(WINDOW_S + chance.uniform(0, 0.05))
        killed = time.time()
        application.kill()
        got = application.accepted()
        accepted += [number for when, number in got
                     if when < killed - WINDOW_S]
        first = max(number for _, number in got) + 1000
    server = hawser_server("--print", at="ws://127.0.0.1:0/sink")
    finish(f"ws://127.0.0.1:{server.port}/", folder / "spool", first, server,
           accepted)


if __name__ == "__main__":
    main(synchronous_sends_survive_every_kill, they_survive_with_nobody_there,
         many_threads_survive_every_kill,
         other_sends_survive_but_for_the_window)
