"""hawser serve, seen by clients that we did not write, and by rude ones."""

import asyncio
import os
import signal
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

import websockets

from processes import check, hawser, hawser_server, main


def connect(server, path="/", **options):
    return websockets.connect(f"ws://127.0.0.1:{server.port}{path}",
                              max_size=None, **options)


def echo_sends_everything_back(folder):
    server = hawser_server()

    async def play():
        async with connect(server, "/echo") as link:
            for message in ["", "hi", "é" * 1000, b"\0\1\2" * 100000,
                            os.urandom(3000000)]:
                await link.send(message)
                check(await link.recv() == message, "the echo differs")
            await link.send(["in ", "three ", "parts"])
            check(await link.recv() == "in three parts", "parts differ")
            await asyncio.wait_for(await link.ping(b"x"), 5)

    asyncio.run(play())


def echo_keeps_order_under_load(folder):
    server = hawser_server()

    async def hear(link, count):
        for number in range(count):
            check(await link.recv() == str(number), f"{number} is not next")

    async def play():
        async with connect(server) as link:
            heard = asyncio.create_task(hear(link, 10000))
            for number in range(10000):
                await link.send(str(number))
            await heard

    asyncio.run(play())


def sink_counts_and_goes(folder):
    server = hawser_server()

    async def play():
        async with connect(server, "/sink") as link:
            await link.send("?")
            check(await link.recv() == "0", "it starts at 0")
            for size in range(300):
                await link.send(b"x" * size)
            await link.send("text")
            await link.send("?")
            check(await link.recv() == "301", "it counted wrongly")
            await link.send("go 5 300000")
            for _ in range(5):
                check(len(await link.recv()) == 300000, "wrong size")
            await link.send("go 20000 10")
            for _ in range(20000):
                check(len(await link.recv()) == 10, "wrong size")
            await link.send("go 1 1000000000")
            check("too large" in await link.recv(), "it promised 1 GB")

    asyncio.run(play())


def blast_needs_no_word(folder):
    server = hawser_server()

    async def play():
        async with connect(server, "/blast?count=3&size=7",
                           subprotocols=["a", "b"]) as link:
            check(link.subprotocol == "a", "the first protocol is taken")
            for _ in range(3):
                check(len(await link.recv()) == 7, "wrong size")

    asyncio.run(play())


def too_large_is_closed_with_1009(folder):
    server = hawser_server("--max-message", "1KiB")

    async def play():
        async with connect(server) as link:
            await link.send(b"x" * 1024)
            check(len(await link.recv()) == 1024, "the limit fits")
            await link.send(b"x" * 1025)
            try:
                await link.recv()
            except websockets.ConnectionClosed as closed:
                check(closed.rcvd.code == 1009, f"closed with {closed}")
                return
        raise AssertionError("1025 bytes were taken")

    asyncio.run(play())


def raw(server, request, enough=lambda answer: False):
    """What is answered until the server closes, or it is enough."""
    with socket.create_connection(("127.0.0.1", server.port), 15) as wire:
        answer = b""
        try:
            wire.sendall(request)
            while not enough(answer) and (chunk := wire.recv(65536)):
                answer += chunk
        except ConnectionError:
            pass
        return answer


UPGRADE = (b"GET /sink HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
           b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


def rude_requests_get_an_answer(folder):
    server = hawser_server()
    cases = [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b" 426 "),
        (b"GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n", b" 404 "),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b" 405 "),
        (b"\x16\x03\x01garbage", b" 400 "),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 40000, b" 431 "),
        (UPGRADE.replace(b": 13", b": 8"), b" 426 "),
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n", b" 414 "),
    ]
    for request, status in cases:
        answer = raw(server, request)
        check(status in answer[:20], f"{request[:40]}: {answer[:60]}")


def rude_frames_get_a_goodbye(folder):
    server = hawser_server()
    cases = [
        (b"\x82\x05hello", 1002),                   # not masked
        (b"\xc2\x80\0\0\0\0", 1002),                # a reserved bit
        (b"\x83\x80\0\0\0\0", 1002),                # a reserved opcode
        (b"\x80\x80\0\0\0\0", 1002),                # continues nothing
        (b"\x02\x80\0\0\0\0\x82\x80\0\0\0\0", 1002),  # not continued
        (b"\x09\x80\0\0\0\0", 1002),                # a ping in parts
        (b"\x89\xfe\x00\x7e\0\0\0\0", 1002),        # a long ping
        (b"\x82\xff\xff" + b"\0" * 11, 1002),       # 2^63 bytes
        (b"\x82\xff\0\0\1" + b"\0" * 9, 1009),      # a terabyte
        (b"\x81\x82\0\0\0\0\xc3\x28", 1007),        # not UTF-8
        (b"\x88\x81\0\0\0\0\x03", 1002),            # a goodbye of one byte
        (b"\x88\x82\0\0\0\0\x03\xed", 1002),        # code 1005
        (b"\x88\x82\0\0\0\0\x03\xe8", 1000),
    ]
    for frame, code in cases:
        answer = raw(server, UPGRADE + frame,
                     lambda answer: b"\r\n\r\n\x88" in answer[:-3])
        answer = answer.split(b"\r\n\r\n", 1)[1]
        check(answer[:1] == b"\x88" and
              int.from_bytes(answer[2:4], "big") == code,
              f"{frame!r}: {answer!r}, not {code}")


def drip_by_drip_is_read_as_well(folder):
    server = hawser_server()
    with socket.create_connection(("127.0.0.1", server.port), 10) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        frame = b"\x81\x81\1\2\3\4" + bytes([ord("?") ^ 1])
        for byte in UPGRADE + b"\x02\x81\1\2\3\4x\x80\x81\1\2\3\4x" + frame:
            wire.sendall(bytes([byte]))
        answer = b""
        while not answer.endswith(b"\x81\x011"):
            chunk = wire.recv(4096)
            check(chunk, f"it answered {answer!r}")
            answer += chunk


def a_peer_that_reads_nothing_costs_little(folder):
    server = hawser_server()
    wire = socket.create_connection(("127.0.0.1", server.port), 10)
    wire.sendall(UPGRADE.replace(b"/sink", b"/echo"))
    wire.settimeout(1)
    frame = b"\x82\xfe\xff\xff\0\0\0\0" + b"x" * 65535
    sent = 0
    try:
        while sent < 200000000:
            sent += wire.send(frame)
    except socket.timeout:
        pass
    check(sent < 200000000, "it went on reading")
    with open(f"/proc/{server.pid}/status", encoding="ascii") as status:
        kib = next(int(line.split()[1]) for line in status
                   if line.startswith("VmHWM"))
    check(kib < 100000, f"it grew to {kib} KiB")
    wire.close()


def mute_pings_are_never_answered(folder):
    server = hawser_server("--pings", "off")

    async def play():
        async with connect(server) as link:
            pong = await link.ping(b"x")
            await link.send("after")
            check(await link.recv() == "after", "no echo")
            check(not pong.done(), "the ping was answered")
            pong.cancel()

    asyncio.run(play())


def print_shows_messages_and_once_ends(folder):
    server = hawser_server("--print", "--once")

    async def play():
        async with connect(server, "/sink") as link:
            await link.send("one")
            await link.send("two")

    asyncio.run(play())
    check(server.end() == 0, "it did not end well")
    check(server.text(server.out).split("\n")[1:] == ["one", "two"],
          server.text(server.out))


def a_signal_ends_it_with_1001(folder):
    server = hawser_server()

    async def play():
        link = await connect(server)
        server.signal(signal.SIGTERM)
        try:
            await link.recv()
        except websockets.ConnectionClosed as closed:
            check(closed.rcvd.code == 1001, f"closed with {closed}")

    asyncio.run(play())
    check(server.end() == 0, "it did not end well")


def wrong_addresses_are_usage(folder):
    for words in [[], ["http://x"], ["ws://127.0.0.1"], ["ws://127.0.0.1:1/no"],
                  ["ws://127.0.0.1:0", "ws://127.0.0.1:0"], ["--no"],
                  ["--pings", "maybe", "ws://127.0.0.1:0"]]:
        status, out, err = hawser("serve", *words)
        check(status == 1 and err.startswith("hawser serve: ") and out == "",
              f"{words}: {status}, {err!r}")
    taken = hawser_server()
    status, _, err = hawser("serve", f"ws://127.0.0.1:{taken.port}")
    check(status == 1 and "in use" in err, f"{status}, {err!r}")


if __name__ == "__main__":
    main(echo_sends_everything_back, echo_keeps_order_under_load,
         sink_counts_and_goes, blast_needs_no_word,
         too_large_is_closed_with_1009, rude_requests_get_an_answer,
         rude_frames_get_a_goodbye, drip_by_drip_is_read_as_well,
         a_peer_that_reads_nothing_costs_little,
         mute_pings_are_never_answered, print_shows_messages_and_once_ends,
         a_signal_ends_it_with_1001, wrong_addresses_are_usage)
