"""Ten seconds of chaos of each sort; chaos.py by itself goes on for as long as
it is asked to."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

from chaos import parse, run_chaos
from processes import check, main, need

SECONDS = os.environ.get("HAWSER_SECONDS", "10")
# Sanitized programs are slower.
RATE = "2000" if os.environ.get("HAWSER_SANITIZE") else "20000"


def judged_good(folder, *words):
    judged = run_chaos(parse(["--seconds", SECONDS, "--rate", RATE,
                              "--kills-every", "1", *words]), folder)
    check(judged.is_good(), str(judged))
    check(judged.sum(b"accepted") > int(RATE) * float(SECONDS) / 2,
          f"too little was sent: {judged}")


def a_server_is_killed_and_the_peer_confirms(folder):
    judged_good(folder, "--confirm", "peer")


def a_server_that_reads_ahead_is_killed_and_answers(folder):
    judged_good(folder, "--confirm", "application", "--server", "python")


def both_are_killed_and_the_spool_is_a_file(folder):
    judged_good(folder, "--confirm", "peer", "--spool", "file")


def both_are_killed_and_the_server_answers(folder):
    judged_good(folder, "--confirm", "application", "--spool", "file")


if __name__ == "__main__":
    need("node")
    main(a_server_is_killed_and_the_peer_confirms,
         a_server_that_reads_ahead_is_killed_and_answers,
         both_are_killed_and_the_spool_is_a_file,
         both_are_killed_and_the_server_answers)
