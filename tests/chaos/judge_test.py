"""The judge of chaos finds what is planted: a judge that can't condemn would
make every run a good one."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

from judge import DOTS, Judgement
from processes import check, main


def line(connection, life, number, size=None):
    whole = len(f"{life} {number} ") + number % DOTS
    return f"{connection} {life} {number} {whole if size is None else size}\n"


def write(folder, servers, applications=None):
    """servers: lists of lines, one a life; the application offered and had
    accepted 1..100 in life 1, and 1..50 of 60 in life 2."""
    for old in folder.glob("*.txt"):
        old.unlink()
    applications = applications or [
        "offered 1 100\naccepted 1 100\nsettled 1 90\n",
        "offered 2 60\naccepted 2 50\nsettled 1 100\nsettled 2 50\n"]
    for life, text in enumerate(applications, 1):
        (folder / f"app-{life}.txt").write_text(text)
    for life, lines in enumerate(servers, 1):
        (folder / f"server-{life}.txt").write_text("".join(lines))
    return Judgement(folder)


def good_history():
    """Life 1 loses its wire at 80 and goes on from 71; then comes life 2."""
    return [[line(0, 1, n) for n in range(1, 81)] +
            [line(1, 1, n) for n in range(71, 101)],
            [line(0, 2, n) for n in range(1, 51)]]


def a_good_history_is_good(folder):
    judged = write(folder, good_history())
    check(judged.is_good(), str(judged))
    check(judged.arrived == 150, str(judged))
    check(judged.duplicates == 10, str(judged))


def what_was_not_accepted_may_be_missing_or_not(folder):
    servers = good_history()
    servers[1] += [line(0, 2, n) for n in range(51, 56)]
    judged = write(folder, servers)
    check(judged.is_good() and judged.arrived == 155, str(judged))


def half_a_line_is_no_line(folder):
    servers = good_history()
    servers[0].append("1 1 10")
    check(write(folder, servers).is_good(), "half a line counted")
    servers = good_history()
    servers[1][-1] = servers[1][-1][:-1]
    check(write(folder, servers).lost == [(2, 50)], "half a line counted")


def a_lost_one_is_found(folder):
    for life, number, index in ((1, 1, 0), (1, 40, 39), (1, 100, 109)):
        servers = good_history()
        check(servers[0].pop(index).split()[2] == str(number), "the wrong one")
        judged = write(folder, servers)
        check(judged.lost == [(life, number)], str(judged))
        check(judged.settled_and_lost == [(life, number)], str(judged))
        check(not judged.is_good(), "that is not good")
    check(write(folder, [good_history()[0]]).lost ==
          [(2, n) for n in range(1, 51)], "a whole life is lost")


def settled_and_not_accepted_is_lost_too(folder):
    """An application may be killed before it wrote down that it was taken."""
    judged = write(folder, [[line(0, 1, 1)]],
                   ["offered 1 3\naccepted 1 1\nsettled 1 2\n"])
    check(not judged.lost and judged.settled_and_lost == [(1, 2)], str(judged))
    check(not judged.is_good(), "that is not good")


def swapped_ones_are_found(folder):
    servers = good_history()
    servers[0][20], servers[0][21] = servers[0][21], servers[0][20]
    judged = write(folder, servers)
    check(judged.reordered == [(1, 21)], str(judged))
    check(not judged.lost and not judged.is_good(), str(judged))


def a_gap_that_is_filled_later_is_found(folder):
    """On the next wire: each for itself is in order."""
    servers = good_history()
    servers[0] = [each for each in servers[0] if each != line(0, 1, 75)]
    judged = write(folder, servers)
    check(judged.reordered == [(1, 75)], str(judged))
    check(not judged.lost, str(judged))


def a_life_behind_the_next_one_is_found(folder):
    servers = good_history()
    servers[1].append(servers[0].pop())
    judged = write(folder, servers)
    check((1, 100) in judged.reordered and not judged.lost, str(judged))


def a_duplicate_is_counted(folder):
    servers = good_history()
    servers[1] += [line(1, 2, 50)]
    judged = write(folder, servers)
    check(judged.duplicates == 11 and judged.is_good(), str(judged))


def a_duplicate_on_one_wire_is_disorder(folder):
    servers = good_history()
    servers[1].append(line(0, 2, 50))
    judged = write(folder, servers)
    check(judged.duplicates == 11, str(judged))
    check(judged.reordered == [(2, 50)], str(judged))


def what_nobody_sent_is_found(folder):
    for stranger in ((1, 101), (1, 0), (2, 61), (3, 1)):
        servers = good_history()
        servers[1].append(line(2, *stranger))
        judged = write(folder, servers)
        check(judged.strange == [stranger], str(judged))
        check(not judged.is_good(), "that is not good")


def another_size_is_found(folder):
    servers = good_history()
    servers[1][30] = line(0, 2, 31, 5)
    judged = write(folder, servers)
    check(judged.mutilated == [(2, 31)], str(judged))
    check(not judged.is_good(), "that is not good")


def it_says_what_it_found(folder):
    servers = good_history()
    del servers[0][39]
    text = str(write(folder, servers))
    check("offered 160, accepted 150, settled 150, arrived 149: lost 1, "
          "reordered 0, duplicates 10" in text, text)
    check("lost: 1, (life, number): [(1, 40)]" in text, text)


if __name__ == "__main__":
    main(a_good_history_is_good, what_was_not_accepted_may_be_missing_or_not,
         half_a_line_is_no_line, a_lost_one_is_found,
         settled_and_not_accepted_is_lost_too, swapped_ones_are_found,
         a_gap_that_is_filled_later_is_found,
         a_life_behind_the_next_one_is_found, a_duplicate_is_counted,
         a_duplicate_on_one_wire_is_disorder, what_nobody_sent_is_found,
         another_size_is_found, it_says_what_it_found)
