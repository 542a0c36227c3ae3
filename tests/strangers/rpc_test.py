"""msgpack-RPC with a peer on asyncio and Debian's msgpack, both ways at once."""

import asyncio
import os
import pathlib
import sys

sys.dont_write_bytecode = True

import msgpack

from processes import check, main

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


if __name__ == "__main__":
    main(both_ways_over_tcp, both_ways_over_unix)
