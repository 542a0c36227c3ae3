"""Memory, for half a minute: what leaks at full speed is seen in that. rss.py
by itself looks for ten minutes, and closer."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

from processes import check, main
from rss import parse, watch

# Blocks find their places in the first minutes.
ALLOWED = 0.25


def memory_does_not_grow(folder):
    options = parse(["--seconds", "20", "--warm-up", "10", "--niceness", "0"])
    for each in watch(options):
        check(each.deviation() <= ALLOWED, f"it grows: {each}")


if __name__ == "__main__":
    if os.environ.get("HAWSER_SANITIZE"):
        print("skipped: sanitizers keep what is freed")
        sys.exit(77)
    main(memory_does_not_grow)
