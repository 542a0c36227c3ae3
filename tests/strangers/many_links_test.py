"""Links cost no threads and little memory, however many there are."""

import json
import os
import resource
import sys

sys.dont_write_bytecode = True

from processes import HAWSER, check, hawser, hawser_server, main, run

# Measured: 4.6 KiB; 8 are promised. Sanitizers have memory of their own, and
# ThreadSanitizer a thread.
SANITIZE = os.environ.get("HAWSER_SANITIZE", "")
KIB_PER_LINK = None if SANITIZE else 8
THREADS = 3 + ("thread" in SANITIZE)
RESERVE = 300  # descriptors that are no link's


def room():
    """How many links may be open here: the limit, raised as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - RESERVE if hard != resource.RLIM_INFINITY else 1 << 30


def idle(server, count, *words):
    status, out, err = hawser(
        "bench", "idle", "--json", "--count", count, *words,
        f"ws://127.0.0.1:{server.port}/echo", seconds=60)
    check(status == 0, f"{count} links: {status}, {err}")
    result = json.loads(out)
    check(result["count"] == count, out)
    return result


def a_thousand_links_have_the_threads_of_one(folder):
    room()
    server = hawser_server()
    one = idle(server, 1)
    many = idle(server, 1000)
    print(f"1000 links: {many['kib_per_link']} KiB each, {many['threads']} "
          f"threads, {many['fds']} descriptors, up in {many['secs']:.2f} s")
    check(many["threads"] == one["threads"] <= THREADS, f"{one}, {many}")
    check(many["fds"] - one["fds"] <= 999, f"{one}, {many}")
    check(not KIB_PER_LINK or 0 < many["kib_per_link"] < KIB_PER_LINK,
          f"{many}")


def links_on_the_callers_thread_need_no_other(folder):
    room()
    server = hawser_server()
    none = idle(server, 300, "--threads", "0")
    check(none["threads"] < THREADS, f"{none}")


def links_of_two_loops_cost_a_thread_more(folder):
    room()
    server = hawser_server()
    one, two = idle(server, 1000), idle(server, 1000, "--threads", "2")
    print(f"1000 links on two loops: {two['kib_per_link']} KiB each")
    check(two["threads"] == one["threads"] + 1, f"{one}, {two}")
    check(not KIB_PER_LINK or 0 < two["kib_per_link"] < KIB_PER_LINK,
          f"{two}")


def ten_thousand_links_cost_no_more_each(folder):
    count = min(10000, room())
    if count < 2000:
        print(f"skipped: {count} descriptors are too few")
        return
    server = hawser_server()
    few, many = idle(server, 500), idle(server, count)
    print(f"{count} links: {many['kib_per_link']} KiB each, {many['threads']} "
          f"threads, up in {many['secs']:.2f} s")
    check(many["threads"] == few["threads"] <= THREADS, f"{few}, {many}")
    check(not KIB_PER_LINK or 0 < many["kib_per_link"] < KIB_PER_LINK,
          f"{many}")


def too_few_descriptors_are_named_before_any_is_used(folder):
    url = f"ws://127.0.0.1:{hawser_server().port}/echo"
    status, out, err = run("bash", "-c", 'ulimit -n 100; "$0" "$@"', HAWSER,
                           "bench", "idle", "--count", 300, url)
    check(status == 1 and out == "", f"{status}, {out}, {err}")
    check(err.count("no more than 100 are allowed") == 1 and
          "ulimit -Hn" in err, err)


if __name__ == "__main__":
    main(a_thousand_links_have_the_threads_of_one,
         links_on_the_callers_thread_need_no_other,
         links_of_two_loops_cost_a_thread_more,
         ten_thousand_links_cost_no_more_each,
         too_few_descriptors_are_named_before_any_is_used)
