"""hawser bench: one JSON object for each measure."""

import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

from processes import check, hawser, hawser_server, main


def measure(name, url, *words):
    status, out, err = hawser("bench", name, url, "--json", *words, seconds=60)
    check(status == 0, f"{name} {words}: {status}, {err}")
    result = json.loads(out)
    check(result["bench"] == name and result["secs"] > 0, out)
    return result


def each_measures_in_both_hosts(folder):
    server = hawser_server()
    url = f"ws://127.0.0.1:{server.port}"
    for threads in ["0", "1"]:
        for size in ["0", "64", "70000"]:
            for name, path, count in [("rtt", "/echo", 50), ("pub", "/sink", 700),
                                      ("sub", "/sink", 700)]:
                result = measure(name, url + path, "--size", size, "--count",
                                 str(count), "--threads", threads)
                check(result["count"] == count and
                      result["size"] == int(size) and result["rate"] > 0,
                      str(result))
                check((result["p50_us"] is not None and
                       result["p99_us"] >= result["p50_us"] > 0)
                      if name != "sub" else result["p50_us"] is None,
                      str(result))


def idle_links_cost_no_thread(folder):
    url = f"ws://127.0.0.1:{hawser_server().port}/echo"
    few = measure("idle", url, "--count", "10")
    many = measure("idle", url, "--count", "300")
    check(few["threads"] == many["threads"], f"{few}, {many}")
    check(many["fds"] - few["fds"] <= 300, f"{few}, {many}")
    print(f"idle: {many['kib_per_link']} KiB a link, {many['threads']} threads")


def each_link_of_many_ticks(folder):
    url = f"ws://127.0.0.1:{hawser_server().port}/echo"
    found = measure("growth", url, "--count", "50", "--seconds", "1")
    check(found["ticks"] == 60, str(found))
    check(found["idle_us_per_link"] >= 0 and found["ticking_us_per_link"] > 0,
          str(found))
    check(found["fds"] > 60 and found["kib_per_link"] is not None, str(found))


def many_links_survive_their_server(folder):
    status, out, err = hawser("bench", "storm", "--json", "-q", "--count", "50",
                              "--seconds", "1", "--down", "100ms", seconds=60)
    check(status == 0, f"{status}, {err}")
    found = json.loads(out)
    check(found["dials"] >= 60, out)
    check(found["healed_secs"] >= found["half_healed_secs"] >= 0, out)
    check(found["down_secs"] >= 0.1 and found["cpu_secs"] > 0, out)
    for part in ["calm", "storm"]:
        check(found[f"{part}_trips"] > 0 and found[f"{part}_max_us"] >=
              found[f"{part}_p99_us"] >= found[f"{part}_p50_us"] > 0, out)


def a_storm_wants_a_thread_of_its_own(folder):
    status, out, err = hawser("bench", "storm", "--count", "1", "--threads",
                              "0", seconds=60)
    check(status == 1 and out == "" and "thread of its own" in err,
          f"{status}, {err!r}")


def too_many_links_are_told_before_any_is_dialled(folder):
    url = f"ws://127.0.0.1:{hawser_server().port}/echo"
    status, out, err = hawser("bench", "idle", url, "--count", "1000000000")
    check(status == 1 and out == "" and "ulimit -Hn" in err,
          f"{status}, {err!r}")


def a_server_that_is_not_there_is_told(folder):
    status, out, err = hawser("bench", "rtt", "ws://127.0.0.1:1/echo",
                              "--timeout", "300ms")
    check(status == 2 and out == "" and err, f"{status}, {err!r}")


def what_can_not_be_mended_is_told_once(folder):
    url = f"ws://127.0.0.1:{hawser_server().port}/nowhere"
    for name in ["rtt", "idle"]:
        status, out, err = hawser("bench", name, url)
        check(status == 3 and out == "" and err.count("\n") == 1 and
              "404" in err, f"{status}, {err!r}")


def idle_links_are_no_news(folder):
    url = f"ws://127.0.0.1:{hawser_server().port}/echo"
    _, _, err = hawser("bench", "idle", url, "--count", "50")
    check(err == "", err)


if __name__ == "__main__":
    main(each_measures_in_both_hosts, idle_links_cost_no_thread,
         each_link_of_many_ticks, many_links_survive_their_server,
         a_storm_wants_a_thread_of_its_own,
         too_many_links_are_told_before_any_is_dialled,
         a_server_that_is_not_there_is_told,
         what_can_not_be_mended_is_told_once, idle_links_are_no_news)
