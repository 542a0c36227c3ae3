"""Whether the peer still lives: heartbeats, pings of one's own, silence, and
writes that make no progress."""

import asyncio
import json
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from links import BadServer, Link
from processes import HERE, check, hawser_server, main, wait_until
from scripted import Scripted, upgrade
from websockets_here import Here

sys.path.append(str(HERE.parent / "ws"))

from words import frame, frames

PING = json.dumps({"op": "ping"})
NO_BEATS = ("-o", "heartbeat.interval=off", "-o", "confirm=none")
LEFTOVER = 5


def listen(url, *options):
    """hawser cat that sends nothing of its own."""
    return Link(url, *options, command=("cat",), stdin=subprocess.PIPE)


def stays_up(link):
    check(link.states() == ["dialing", "greeting", "up"], link.text(link.err))
    check(link.interrupt() == 0, link.text(link.err))


def a_ping_of_ones_own_is_said_again_and_again(folder):
    server = Here()
    cat = listen(server.url, "-o", f"ping.message={PING}", "-o",
                 "ping.interval=30ms")
    wait_until(lambda: server.messages.count(PING) >= 5,
               f"it said {server.messages}")
    # The answers are messages as others are.
    wait_until(lambda: len(cat.out) >= 5, "no answer was printed")
    check(json.loads(cat.out[0][1]) == {"type": "text", "data": PING},
          cat.out[0][1])
    stays_up(cat)


def a_ping_of_ones_own_goes_on_after_a_loss(folder):
    async def once(socket):
        server.messages.append(await socket.recv())
        await socket.close(1001)

    server = Here(once)
    cat = listen(server.url, "-o", "backoff.min=1ms", "-o", "backoff.max=1ms",
                 "-o", f"ping.message={PING}", "-o", "ping.interval=30ms")
    wait_until(lambda: len(server.messages) >= 3, f"it said {server.messages}")
    check(set(server.messages) == {PING}, f"{server.messages}")
    cat.interrupt()


def heartbeats_keep_a_quiet_link_up(folder):
    pings = []

    def answer_pings(wire, request):
        upgrade(wire, request)
        for opcode, payload in frames(wire):
            if opcode == 9:
                pings.append(payload)
                wire.sendall(frame(10, payload))
            elif opcode == 8:
                wire.sendall(frame(8, payload))
                return

    cat = listen(Scripted(answer_pings).url, "-o", "heartbeat.interval=30ms",
                 "-o", "heartbeat.timeout=10s", "-o", "confirm=none")
    wait_until(lambda: len(pings) >= 10, f"{len(pings)} pings came")
    check(len(set(pings)) == len(pings), "two pings are the same")
    stays_up(cat)


def a_peer_that_says_nothing_is_lost_after_idle_timeout(folder):
    with BadServer() as server:
        cat = listen(server.url("mute"), *NO_BEATS, "-o", "idle.timeout=300ms")
        event = cat.first("waiting")
        check("idle.timeout: " in event["error"] and event["delay_ms"] > 0,
              f"{event}")
        check("up" in cat.states(), f"{cat.states()}")
        check(cat.interrupt() == 0, cat.text(cat.err))


def a_peer_that_says_something_now_and_then_is_not(folder):
    async def talk(socket):
        while True:
            await asyncio.sleep(0.1)
            await socket.send("tick")

    cat = listen(Here(talk).url, *NO_BEATS, "-o", "idle.timeout=2s")
    wait_until(lambda: len(cat.out) >= 30, "no ticks")
    stays_up(cat)


class Lines:
    """So many lines of a kilobyte, in a file, for hawser send to read."""

    def __init__(self, folder, count):
        self.file = folder / "lines"
        self.file.write_bytes((b"x" * 1023 + b"\n") * count)

    def send(self, url, *options):
        with self.file.open("rb") as stdin:
            return Link(url, *NO_BEATS, "-o", "spool.max_bytes=4MiB", *options,
                        command=("send",), stdin=stdin)


def narrow(script):
    """A server whose window is small."""
    server = Scripted(script)
    server.door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    return server


def a_peer_that_stops_reading_is_lost_after_write_timeout(folder):
    ended = []

    def stop(wire, request):
        upgrade(wire, request)
        wait_until(lambda: ended, "the test does not end", 120)

    server = narrow(stop)
    sender = Lines(folder, 32768).send(server.url, "-o", "write.timeout=500ms")
    event = sender.first("waiting")
    check("write.timeout: " in event["error"] and event["delay_ms"] > 0,
          f"{event}")
    sender.check_peak()
    check(sender.interrupt() == LEFTOVER, sender.text(sender.err))
    ended.append(True)


def a_peer_that_reads_slowly_is_not(folder):
    count, taken = 49152, [0]

    def slowly(wire, request):
        upgrade(wire, request)
        while chunk := wire.recv(65536):
            taken[0] += len(chunk)
            time.sleep(0.005)  # this is what makes it slow

    sender = Lines(folder, count).send(narrow(slowly).url, "-o",
                                       "write.timeout=2s")
    check(sender.end(60) == 0, sender.text(sender.err))
    check("waiting" not in sender.states(), sender.text(sender.err))
    wait_until(lambda: taken[0] >= count * 1024, f"only {taken[0]} bytes came")


def a_peer_that_confirms_nothing_is_told(folder):
    """It says other things, but never answers a PING."""
    port = hawser_server("--pings", "off").port
    url = f"ws://127.0.0.1:{port}/blast?count=1000000000"
    soon = ("-o", "confirm.timeout=50ms")
    sender = Link(url, *soon)
    check(sender.end() == LEFTOVER, sender.text(sender.err))
    told = [event for event in sender.events() if event["event"] == "downgrade"]
    check(len(told) == 1 and "does not echo" in told[0]["error"],
          sender.text(sender.err))

    strict = Link(url, *soon, "-o", "confirm.strict=on")
    event = strict.first("failed")
    check("confirm.strict: " in event["error"], f"{event}")
    check(strict.end() == LEFTOVER, strict.text(strict.err))


if __name__ == "__main__":
    main(a_ping_of_ones_own_is_said_again_and_again,
         a_ping_of_ones_own_goes_on_after_a_loss,
         heartbeats_keep_a_quiet_link_up,
         a_peer_that_says_nothing_is_lost_after_idle_timeout,
         a_peer_that_says_something_now_and_then_is_not,
         a_peer_that_stops_reading_is_lost_after_write_timeout,
         a_peer_that_reads_slowly_is_not, a_peer_that_confirms_nothing_is_told)
