"""A server made with Python's websockets, which writes down what it receives.

chaos_server.py PORT FILE [--answer]

As chaos_server.js; but websockets reads ahead of its application, so a PONG
says nothing of FILE, and only --answer does."""

import asyncio
import itertools
import os
import sys

import websockets

PORT, FILE, *WORDS = sys.argv[1:]
ANSWERS = WORDS == ["--answer"]
connections = itertools.count()
file = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


async def write_and_answer(socket, lines, there_are_some):
    while True:
        await there_are_some.wait()
        there_are_some.clear()
        text = "".join(lines)
        last = lines[-1]
        lines.clear()
        os.write(file, text.encode())
        if ANSWERS:
            await socket.send(" ".join(last.split()[1:3]))


async def serve(socket, path=None):
    connection = next(connections)
    lines, there_are_some = [], asyncio.Event()
    writer = asyncio.create_task(write_and_answer(socket, lines,
                                                  there_are_some))
    try:
        async for message in socket:
            head = message[:message.rindex(" ")]
            lines.append(f"{connection} {head} {len(message)}\n")
            there_are_some.set()
            if writer.done():
                break
    except websockets.ConnectionClosed:
        pass
    finally:
        writer.cancel()


async def main():
    server = await websockets.serve(serve, "127.0.0.1", int(PORT),
                                    ping_interval=None)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Future()


asyncio.run(main())
