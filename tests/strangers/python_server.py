"""A server made with Python's websockets.

python_server.py PORT [--write FILE] [--answer] [--tls CERT KEY] [--max-queue N]

Echoes; with --write, writes each message as a line of FILE instead, or with
--answer before that. What was written survives a kill -9. Prints
"listening PORT"."""

import argparse
import asyncio
import os
import ssl

import websockets

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("--write")
parser.add_argument("--answer", action="store_true")
parser.add_argument("--tls", nargs=2)
parser.add_argument("--max-queue", type=int, default=32)
options = parser.parse_args()
file = (os.open(options.write, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if options.write else -1)


async def serve(socket, path=None):
    try:
        async for message in socket:
            if file >= 0:
                os.write(file, message.encode() + b"\n")
            if file < 0 or options.answer:
                await socket.send(message)
    except websockets.ConnectionClosed:
        pass


async def main():
    tls = None
    if options.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*options.tls)
    server = await websockets.serve(
        serve, "127.0.0.1", options.port, ssl=tls, max_size=None,
        max_queue=options.max_queue, ping_interval=None)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Future()


asyncio.run(main())
