"""Numbered messages, and the judgement of what servers wrote down of them."""

import array

from processes import check


class Lives:
    """The files of a server that was killed and started again: one a life."""

    def __init__(self, folder, name="life"):
        self.folder = folder
        self.name = name
        self.files = []

    def next_file(self):
        self.files.append(self.folder / f"{self.name}-{len(self.files)}.txt")
        self.files[-1].touch()
        return self.files[-1]

    def written(self):
        """How many numbers, about, without reading them."""
        size = sum(file.stat().st_size for file in self.files)
        return size // 6

    def last_line(self):
        with self.files[-1].open("rb") as file:
            file.seek(max(0, self.files[-1].stat().st_size - 32))
            lines = file.read().split()
        return lines[-1].decode() if lines else ""

    def numbers(self, life):
        # A kill may leave half a number as the last line.
        text = self.files[life].read_bytes()
        whole = text[:text.rfind(b"\n") + 1]
        return [int(line) for line in whole.split()]


class Judgement:
    """What became of the numbers 0 … count-1."""

    def __init__(self, count, lives):
        seen = array.array("L", [0]) * count
        self.disorder = 0
        for life in range(len(lives.files)):
            last = -1
            for number in lives.numbers(life):
                check(number < count, f"nobody sent {number}")
                self.disorder += number <= last
                last = number
                seen[number] += 1
        self.missing = [n for n in range(count) if seen[n] == 0]
        self.lost = len(self.missing)
        self.duplicates = sum(times - 1 for times in seen if times > 1)

    def runs(self):
        """Lengths of the runs of missing numbers: one a kill, or none."""
        lengths, last = [], None
        for number in self.missing:
            if last is not None and number == last + 1:
                lengths[-1] += 1
            else:
                lengths.append(1)
            last = number
        return lengths
