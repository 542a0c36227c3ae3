"""msgpack-RPC with a peer on asyncio and Debian's msgpack, both ways at once."""

import asyncio
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

import msgpack

from processes import Process, check, main

COUNT = int(os.environ.get("HAWSER_COUNT", 10000))
CLIENT = pathlib.Path(os.environ["HAWSER_BUILD_DIR"]) / "tests" / "rpc_client"


class Peer:
    """Serves "echo", and calls "twice" as often as it is called."""

    def __init__(self):
        self.right, self.asked, self.door = 0, 0, None

    async def meet(self, reader, writer):
        unpacker, waiting = msgpack.Unpacker(), {}
        while data := await reader.read(65536):
            unpacker.feed(data)
            for kind, number, third, fourth in unpacker:
                if kind == 0:
                    check(third == "echo", f"{third}")
                    writer.write(msgpack.packb([1, number, None, fourth[0]]))
                    waiting[self.asked] = self.asked * 2
                    writer.write(msgpack.packb([0, self.asked, "twice",
                                                [self.asked]]))
                    self.asked += 1
                else:
                    check(third is None and waiting.pop(number) == fourth,
                          f"{number}: {third} {fourth}")
                    self.right += 1
            await writer.drain()
        check(not waiting, f"{len(waiting)} calls were not answered")


async def converse(peer, start):
    where = await start(peer)
    child = await asyncio.create_subprocess_exec(
        CLIENT, where, str(COUNT), stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(child.communicate(), 120)
    print(out.decode().strip(), f"and the peer's own: {peer.right}")
    check(child.returncode == 0, out.decode())
    peer.door.close()


async def over_tcp(peer):
    peer.door = await asyncio.start_server(peer.meet, "127.0.0.1", 0)
    return f"tcp://127.0.0.1:{peer.door.sockets[0].getsockname()[1]}"


def both_ways_over_tcp(folder):
    peer = Peer()
    asyncio.run(converse(peer, over_tcp))
    check(peer.right == COUNT, f"{peer.right}")


def both_ways_over_unix(folder):
    async def start(peer):
        peer.door = await asyncio.start_unix_server(peer.meet,
                                                    f"{folder}/peer")
        return f"unix://{folder}/peer"

    peer = Peer()
    asyncio.run(converse(peer, start))
    check(peer.right == COUNT, f"{peer.right}")


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
    main(both_ways_over_tcp, both_ways_over_unix, every_encoding_goes_round)
