"""msgpack-RPC with a peer on asyncio and Debian's msgpack, both ways at once."""

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

import msgpack
import websockets
import zmq
import zmq.asyncio

from processes import Process, check, main

COUNT = int(os.environ.get("HAWSER_COUNT", 10000))
CLIENT = pathlib.Path(os.environ["HAWSER_BUILD_DIR"]) / "tests" / "rpc_client"


class Peer:
    """Serves "echo", and calls "twice" as often as it is called."""

    def __init__(self):
        self.right, self.asked, self.waiting = 0, 0, {}

    def hear(self, kind, number, third, fourth):
        """What it says to that, object by object."""
        if kind == 0:
            check(third == "echo", f"{third}")
            self.waiting[self.asked] = self.asked * 2
            yield msgpack.packb([1, number, None, fourth[0]])
            yield msgpack.packb([0, self.asked, "twice", [self.asked]])
            self.asked += 1
        else:
            check(third is None and self.waiting.pop(number) == fourth,
                  f"{number}: {third} {fourth}")
            self.right += 1

    async def meet_stream(self, reader, writer):
        unpacker = msgpack.Unpacker()
        while data := await reader.read(65536):
            unpacker.feed(data)
            for heard in unpacker:
                for said in self.hear(*heard):
                    writer.write(said)
            await writer.drain()

    async def meet_websocket(self, wire, path=None):
        async for message in wire:
            for said in self.hear(*msgpack.unpackb(message)):
                await wire.send(said)

    async def meet_zmq(self, wire):
        while True:
            *whom, message = await wire.recv_multipart()
            for said in self.hear(*msgpack.unpackb(message)):
                await wire.send_multipart([*whom, said])


@contextlib.asynccontextmanager
async def tcp(peer, folder):
    door = await asyncio.start_server(peer.meet_stream, "127.0.0.1", 0)
    yield f"tcp://127.0.0.1:{door.sockets[0].getsockname()[1]}"
    door.close()


@contextlib.asynccontextmanager
async def unix(peer, folder):
    door = await asyncio.start_unix_server(peer.meet_stream, f"{folder}/peer")
    yield f"unix://{folder}/peer"
    door.close()


@contextlib.asynccontextmanager
async def websocket(peer, folder):
    async with websockets.serve(peer.meet_websocket, "127.0.0.1", 0) as door:
        yield f"ws://127.0.0.1:{door.sockets[0].getsockname()[1]}/"


def zmq_socket(theirs, ours):
    @contextlib.asynccontextmanager
    async def open_one(peer, folder):
        with zmq.asyncio.Context() as context:
            wire = context.socket(theirs)
            wire.linger = 0
            port = wire.bind_to_random_port("tcp://127.0.0.1")
            meeting = asyncio.create_task(peer.meet_zmq(wire))
            yield f"zmq+tcp://127.0.0.1:{port}?type={ours}"
            meeting.cancel()
            wire.close()

    return open_one


async def talk(peer, way, folder):
    async with way(peer, folder) as url:
        child = await asyncio.create_subprocess_exec(
            CLIENT, url, str(COUNT), stdout=asyncio.subprocess.PIPE)
        out, _ = await asyncio.wait_for(child.communicate(), 120)
    print(out.decode().strip(), f"and the peer's own: {peer.right}")
    check(child.returncode == 0, out.decode())
    check(not peer.waiting and peer.right == COUNT,
          f"{peer.right} of its own calls were answered, "
          f"{len(peer.waiting)} were not")


def converse(way, folder):
    asyncio.run(talk(Peer(), way, folder))


def both_ways_over_tcp(folder):
    converse(tcp, folder)


def both_ways_over_unix(folder):
    converse(unix, folder)


def both_ways_over_websocket(folder):
    converse(websocket, folder)


def both_ways_from_dealer_to_router(folder):
    converse(zmq_socket(zmq.ROUTER, "dealer"), folder)


def both_ways_from_pair_to_pair(folder):
    converse(zmq_socket(zmq.PAIR, "pair"), folder)


# ---- every encoding ----

def suite():
    """The cases of the npm package msgpack-test-suite; None: it can't be had."""
    place = pathlib.Path(os.environ["HAWSER_BUILD_DIR"]) / "npm"
    file = (place / "node_modules" / "msgpack-test-suite" / "dist" /
            "msgpack-test-suite.json")
    if not file.exists() and shutil.which("npm") is not None:
        subprocess.run(["npm", "install", "--no-save", "--silent", "--prefix",
                        str(place), "msgpack-test-suite@1.0.0"], timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False)
    return json.loads(file.read_text()) if file.exists() else None


def objects(data):
    """All of them, as values that tell kinds apart, numbers by their value."""
    unpacker = msgpack.Unpacker(strict_map_key=False, timestamp=0)
    unpacker.feed(data)
    return [(type(one).__name__, one) if not isinstance(one, (int, float)) or
            isinstance(one, bool) else one for one in unpacker]


def take(wire, unpacker):
    for one in unpacker:
        return one
    data = wire.recv(65536)
    check(data, "it hung up")
    unpacker.feed(data)
    return take(wire, unpacker)


def goes_round(wire, unpacker, number, encoding):
    """Into a question, out in a call, back in its answer, and in ours."""
    wire.sendall(b"\x94\x00" + msgpack.packb(number) + b"\xa4echo\x91" +
                 encoding)
    kind, call, method, params = take(wire, unpacker)
    check((kind, method) == (0, "echo"), f"{kind} {method}")
    wire.sendall(b"\x94\x01" + msgpack.packb(call) + b"\xc0" + encoding)
    kind, answered, error, result = take(wire, unpacker)
    check((kind, answered, error) == (1, number, None), f"{encoding}: {error}")
    for one in (params[0], result):
        check(objects(msgpack.packb(one)) == objects(encoding),
              f"{encoding.hex()} came back as {one}")


def every_encoding_goes_round(folder):
    cases = suite()
    if cases is None:
        print("skipped: npm has no msgpack-test-suite here")
        return
    encodings = [bytes.fromhex(text.replace("-", "")) for group in
                 cases.values() for case in group for text in case["msgpack"]]
    with socket.create_server(("127.0.0.1", 0)) as door:
        client = Process(CLIENT, f"tcp://127.0.0.1:{door.getsockname()[1]}", 0)
        wire, _ = door.accept()
    unpacker = msgpack.Unpacker(strict_map_key=False, timestamp=0)
    for number, encoding in enumerate(encodings):
        goes_round(wire, unpacker, number, encoding)
    print(f"{len(encodings)} encodings went round")
    client.kill()


if __name__ == "__main__":
    main(both_ways_over_tcp, both_ways_over_unix, both_ways_over_websocket,
         both_ways_from_dealer_to_router, both_ways_from_pair_to_pair,
         every_encoding_goes_round)
