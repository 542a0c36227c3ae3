"""Judges the histories of both sides of a chaos run.

judge.py FOLDER reads app-N.txt (the lives of the application; see
chaos_client.c) and server-N.txt (the lives of the server; see chaos_server.js),
prints the judgement, and exits 0 if nothing was lost, reordered, strange or
mutilated.

lost        accepted, and in no life of the server written down
reordered   written down for the first time behind a later number of its life,
            or of a later life if it was accepted; or, on one connection, not
            ahead of all before it
duplicates  written down again
strange     never offered
mutilated   of another size than it was sent with
"""

import pathlib
import sys

DOTS = 64


def whole_lines(path):
    """A kill may leave half a line at the end."""
    text = path.read_bytes()
    return text[:text.rfind(b"\n") + 1].splitlines()


def in_order(folder, name):
    return sorted(folder.glob(f"{name}-*.txt"),
                  key=lambda path: int(path.stem.split("-")[1]))


class Life:
    """What the application said of one of its lives, and what arrived of it."""

    def __init__(self):
        self.said = {b"offered": 0, b"accepted": 0, b"settled": 0}
        self.highest = 0
        self.times = bytearray(1)  # by number; counts to 255

    def note(self, number):
        """True: it is the first time."""
        if number >= len(self.times):
            self.times.extend(bytes(number + 1 - len(self.times) + 65536))
        first = self.times[number] == 0
        self.times[number] += self.times[number] < 255
        return first

    def missing(self, what):
        """Numbers of which this was said, and that did not arrive."""
        said = self.said[what]
        times = self.times + bytes(max(0, said + 1 - len(self.times)))
        return [number for number in range(1, said + 1)
                if times[number] == 0] if times.count(0, 1, said + 1) else []


class Judgement:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.lives = {}
        self.arrived = self.duplicates = 0
        self.reordered, self.strange, self.mutilated = [], [], []
        self.newest_life = 0
        for path in in_order(folder, "app"):
            self.read_application(path)
        for path in in_order(folder, "server"):
            self.read_server(path)
        self.lost = self.missing(b"accepted")
        self.settled_and_lost = self.missing(b"settled")

    def life(self, number):
        return self.lives.setdefault(number, Life())

    def read_application(self, path):
        for line in whole_lines(path):
            what, life, number = line.split()
            said = self.life(int(life)).said
            said[what] = max(said[what], int(number))

    def read_server(self, path):
        newest = {}  # by connection
        for line in whole_lines(path):
            connection, life, number, size = map(int, line.split())
            here = (life, number)
            if life not in self.lives or not (
                    0 < number <= self.lives[life].said[b"offered"]):
                self.strange.append(here)
                continue
            if size != len(f"{life} {number} ") + number % DOTS:
                self.mutilated.append(here)
            out_of_order = here <= newest.get(connection, (0, 0))
            newest[connection] = here
            if self.arrives(life, number) or out_of_order:
                self.reordered.append(here)

    def arrives(self, life, number):
        """True: it should have come before."""
        its = self.lives[life]
        if not its.note(number):
            self.duplicates += 1
            return False
        self.arrived += 1
        late = number < its.highest or (life < self.newest_life and
                                        number <= its.said[b"accepted"])
        its.highest = max(its.highest, number)
        self.newest_life = max(self.newest_life, life)
        return late

    def missing(self, what):
        return [(life, number) for life, its in sorted(self.lives.items())
                for number in its.missing(what)]

    def sum(self, what):
        return sum(life.said[what] for life in self.lives.values())

    def is_good(self):
        return not (self.lost or self.settled_and_lost or self.reordered or
                    self.strange or self.mutilated)

    def __str__(self):
        text = (f"offered {self.sum(b'offered')}, accepted "
                f"{self.sum(b'accepted')}, settled {self.sum(b'settled')}, "
                f"arrived {self.arrived}: lost {len(self.lost)}, reordered "
                f"{len(self.reordered)}, duplicates {self.duplicates}")
        for what in ("lost", "settled_and_lost", "reordered", "strange",
                     "mutilated"):
            found = getattr(self, what)
            if found:
                text += (f"\n{what.replace('_', ' ')}: {len(found)}, (life, "
                         f"number): {found[:10]}")
        return text


if __name__ == "__main__":
    judgement = Judgement(sys.argv[1])
    print(judgement)
    sys.exit(0 if judgement.is_good() else 1)
