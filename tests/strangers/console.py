"""A server of a library that we did not write: its stdin lines go to its peer
(with \\n for a line feed), and what that says is printed.

console.py ws|zmq PORT"""

import asyncio
import sys

import websockets
import zmq


def print_line(message):
    text = message if isinstance(message, str) else message.decode()
    print(text, flush=True)


def stdin_lines(loop, lines):
    for line in sys.stdin:
        loop.call_soon_threadsafe(lines.put_nowait, line.rstrip("\n"))


async def serve_ws(port):
    lines = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, stdin_lines, loop, lines)

    async def talk(peer, path=None):
        del path

        async def say():
            while True:
                await peer.send((await lines.get()).replace("\\n", "\n"))

        saying = asyncio.create_task(say())
        async for message in peer:
            print_line(message)
        saying.cancel()

    async with websockets.serve(talk, "127.0.0.1", port) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


def serve_zmq(port):
    dealer = zmq.Context().socket(zmq.DEALER)
    dealer.bind(f"tcp://127.0.0.1:{port or '*'}")
    print("listening", dealer.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    poller = zmq.Poller()
    poller.register(dealer, zmq.POLLIN)
    poller.register(0, zmq.POLLIN)
    unread = b""
    while True:
        ready = dict(poller.poll())
        if dealer in ready:
            print_line(dealer.recv())
        if 0 in ready:
            *lines, unread = (unread + sys.stdin.buffer.raw.read(65536)).split(
                b"\n")
            for line in lines:
                dealer.send(line)


if sys.argv[1] == "ws":
    asyncio.run(serve_ws(int(sys.argv[2])))
else:
    serve_zmq(int(sys.argv[2]))
