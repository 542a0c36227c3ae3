"""The chaos proxy does what it says: each trouble alone, between two sockets."""

import os
import pathlib
import signal
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

from processes import Server, check, main, wait_until

PROXY = pathlib.Path(os.environ["HAWSER_BUILD_DIR"]) / "tests/chaos_proxy"
SECONDS = 20


def proxy_to(port, *recipes, seed=1):
    return Server(PROXY, 0, port, seed, *recipes)


class Ends:
    """Two sockets with the proxy between them."""

    def __init__(self, *recipes, seed=1):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(SECONDS)
            self.proxy = proxy_to(listener.getsockname()[1], *recipes,
                                  seed=seed)
            self.client = socket.create_connection(
                ("127.0.0.1", self.proxy.port), SECONDS)
            self.server, _ = listener.accept()
        self.server.settimeout(SECONDS)
        for end in (self.client, self.server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ended(self):
        return self.proxy.line_with("ended:")[1]


def read_all(end, count=None):
    """(bytes, how often there were some, how it ended)."""
    got, times = bytearray(), 0
    try:
        while count is None or len(got) < count:
            some = end.recv(65536)
            if not some:
                return bytes(got), times, "goodbye"
            got += some
            times += 1
    except ConnectionResetError:
        return bytes(got), times, "reset"
    except socket.timeout:
        return bytes(got), times, "silence"
    return bytes(got), times, "enough"


def pattern(size):
    return bytes(i * 7 % 251 for i in range(size))


def both_ways_unharmed(ends, size):
    """What goes in comes out, in both directions at once."""
    sent = pattern(size)
    senders = [threading.Thread(target=end.sendall, args=(sent,), daemon=True)
               for end in (ends.client, ends.server)]
    heard = {}
    readers = [threading.Thread(target=lambda end=end: heard.update(
        {end: read_all(end, size)}), daemon=True)
        for end in (ends.client, ends.server)]
    for thread in senders + readers:
        thread.start()
    for thread in senders + readers:
        thread.join(SECONDS)
    check(len(heard) == 2, "not everything came")
    for got, _, how in heard.values():
        check(got == sent, f"{len(got)} of {size} bytes, or other ones: {how}")
    return heard


def without_trouble_all_passes(folder):
    ends = Ends()
    both_ways_unharmed(ends, 5_000_000)
    ends.client.shutdown(socket.SHUT_WR)
    check(read_all(ends.server)[2] == "goodbye", "no goodbye")
    ends.server.sendall(b"and yet")  # half closed is not closed
    check(read_all(ends.client, 7)[0] == b"and yet", "no answer")
    ends.server.close()
    check(read_all(ends.client)[2] == "goodbye", "no goodbye back")
    check("by the server after 10000007 bytes" in ends.ended(), ends.ended())


def a_lost_end_is_told_as_such(folder):
    ends = Ends()
    ends.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                           struct.pack("ii", 1, 0))
    ends.client.sendall(b"last words")
    check(read_all(ends.server, 10)[0] == b"last words", "no last words")
    ends.client.close()
    check(read_all(ends.server)[2] == "reset", "no reset")


def nobody_there_is_told_as_such(folder):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    proxy = proxy_to(port)
    client = socket.create_connection(("127.0.0.1", proxy.port), SECONDS)
    check(read_all(client)[2] in ("reset", "goodbye"), "it stays open")


def round_trip_s(ends):
    start = time.monotonic()
    ends.client.sendall(b"x")
    read_all(ends.server, 1)
    ends.server.sendall(b"y")
    read_all(ends.client, 1)
    return time.monotonic() - start


def latency_makes_late(folder):
    ends = Ends("latency=60")
    trips = [round_trip_s(ends) for _ in range(5)]
    check(min(trips) >= 0.120, f"a round trip took {min(trips)} s")
    # Late, and not slow: what follows closely is not late twice.
    start = time.monotonic()
    for _ in range(10):
        ends.client.sendall(b"x" * 100)
    read_all(ends.server, 1000)
    check(time.monotonic() - start < 10 * 0.060, "each was late by itself")
    both_ways_unharmed(ends, 1_000_000)


def jitter_makes_uneven_and_keeps_order(folder):
    ends = Ends("jitter=40")
    trips = [round_trip_s(ends) for _ in range(20)]
    check(max(trips) - min(trips) > 0.010, f"even: {min(trips)}..{max(trips)}")
    both_ways_unharmed(ends, 1_000_000)


def bandwidth_makes_slow(folder):
    ends = Ends("bandwidth=1000000")
    start = time.monotonic()
    both_ways_unharmed(ends, 1_000_000)
    took = time.monotonic() - start
    check(took > 0.95, f"a second's bytes took {took} s")


def slices_are_small(folder):
    ends = Ends("slice=5 pause=1")
    heard = both_ways_unharmed(ends, 1000)
    for _, times, _ in heard.values():
        check(times > 1000 / 5 / 2, f"1000 bytes came in {times} pieces")


def a_cut_is_exact_and_says_goodbye(folder):
    ends = Ends("cut=12345")
    ends.client.sendall(pattern(20000))
    got, _, how = read_all(ends.server)
    check(got == pattern(12345), f"{len(got)} bytes")
    check(how == "goodbye", how)
    check(read_all(ends.client)[2] == "goodbye", "the client heard none")
    ends.client.close()
    ends.server.close()
    check("cut after 12345 bytes" in ends.ended(), ends.ended())


def a_reset_resets_both(folder):
    ends = Ends("reset=1000")
    ends.server.sendall(pattern(400))
    check(read_all(ends.client, 400)[2] == "enough", "too early")
    ends.client.sendall(pattern(2000))
    # What was written before may be lost with it: that is what a reset is.
    check(read_all(ends.server)[2] == "reset", "not for the server")
    check(read_all(ends.client)[2] == "reset", "not for the client")
    check("reset after 1000 bytes" in ends.ended(), ends.ended())


def half_open_is_silent_until_it_is_reset(folder):
    ends = Ends("half-open=1000 hold=700")
    start = time.monotonic()
    ends.client.sendall(pattern(1500))
    check(len(read_all(ends.server, 1000)[0]) == 1000, "too early")
    ends.server.sendall(b"is anybody there?")
    # Nobody is told that the client has left.
    ends.client.shutdown(socket.SHUT_RDWR)
    got, _, how = read_all(ends.server)
    check(got == b"" and how == "reset", f"heard {got}, then {how}")
    check(time.monotonic() - start >= 0.7, "it did not hold")
    check("half-open after 1000 bytes" in ends.ended(), ends.ended())


def a_slow_goodbye_comes_late(folder):
    ends = Ends("slow-close=400")
    start = time.monotonic()
    ends.client.sendall(b"bye")
    ends.client.close()
    got, _, how = read_all(ends.server)
    check(got == b"bye" and how == "goodbye", f"{got} {how}")
    check(time.monotonic() - start >= 0.4, "at once")


def a_slow_cut_is_heard_by_one_end_first(folder):
    ends = Ends("cut=1000 slow-close=400")
    ends.client.sendall(pattern(1000))
    heard = {}

    def hear(name, end):
        read_all(end)
        heard[name] = time.monotonic()
    hearers = [threading.Thread(target=hear, args=pair, daemon=True)
               for pair in (("client", ends.client), ("server", ends.server))]
    for thread in hearers:
        thread.start()
    for thread in hearers:
        thread.join(SECONDS)
    check(len(heard) == 2, f"only {list(heard)} heard it")
    apart = abs(heard["client"] - heard["server"])
    check(apart >= 0.3, f"both heard it at once: {apart} s")


def connections(*seed):
    """What ten connections drew."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = proxy_to(listener.getsockname()[1], "latency=1..1000",
                         "slice=1..1000 reset=1..1000000", seed=seed[0])
        for number in range(10):
            socket.create_connection(("127.0.0.1", proxy.port)).close()
            proxy.line_with(f"connection {number} ")
    return [line for _, line in proxy.out
            if line.startswith("connection") and "ended" not in line]


def a_seed_repeats_its_plans(folder):
    check(connections(7) == connections(7), "one seed, two sorts of trouble")
    check(connections(7) != connections(8), "two seeds, the same trouble")
    check(len(set(connections(7))) > 5, "they are all alike")


def calm_ends_all_trouble(folder):
    ends = Ends("half-open=1 hold=60000", "half-open=1 hold=60000")
    ends.client.sendall(b"x")
    read_all(ends.server, 1)
    ends.proxy.signal(signal.SIGUSR1)
    check(read_all(ends.client)[2] == "reset", "it is still half open")
    fresh = socket.create_connection(("127.0.0.1", ends.proxy.port))
    fresh.close()
    check(ends.proxy.line_with("connection 1")[1] == "connection 1",
          "there is trouble still")


def it_carries_more_than_is_asked(folder):
    """20 000 messages a second of 64 bytes in slices is what storms need."""
    ends = Ends("slice=1..200 latency=5 jitter=5")
    size = 10_000_000
    sent = pattern(1000) * (size // 1000)
    threading.Thread(target=ends.client.sendall, args=(sent,),
                     daemon=True).start()
    start = time.monotonic()
    got, _, _ = read_all(ends.server, size)
    took = time.monotonic() - start
    check(got == sent, "other bytes")
    print(f"{size / took / 64:.0f} messages of 64 bytes a second, sliced")
    check(size / took / 64 > 20000, f"too slow: {took} s")


def nonsense_is_refused(folder):
    for recipe in ("latency", "latency=", "latency=x", "latency=5..2",
                   "latency=5..", "lag=5", "latency=5,jitter=2",
                   "cut=99999999999"):
        proxy = None
        try:
            proxy = proxy_to(1, recipe)
        except Exception as failure:
            check("what is" in str(failure), str(failure))
        check(proxy is None, f"{recipe} was taken")


if __name__ == "__main__":
    main(without_trouble_all_passes, a_lost_end_is_told_as_such,
         nobody_there_is_told_as_such, latency_makes_late,
         jitter_makes_uneven_and_keeps_order, bandwidth_makes_slow,
         slices_are_small, a_cut_is_exact_and_says_goodbye,
         a_reset_resets_both, half_open_is_silent_until_it_is_reset,
         a_slow_goodbye_comes_late, a_slow_cut_is_heard_by_one_end_first,
         a_seed_repeats_its_plans, calm_ends_all_trouble,
         it_carries_more_than_is_asked, nonsense_is_refused)
