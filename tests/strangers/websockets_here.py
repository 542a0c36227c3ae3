"""Python's websockets as a server in the test's own process, so that a test
sees what was asked of it and what it got."""

import asyncio
import threading

import websockets

from processes import check


class Here:
    """Echoes. options: those of websockets.serve. connections has the server's
    side of each, messages what came."""

    def __init__(self, handler=None, scheme="ws", **options):
        self.connections, self.messages = [], []
        self.handler = handler or self.echo
        self.scheme = scheme
        self.options = {"ping_interval": None, "max_size": None, **options}
        self.ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.run()),
                         daemon=True).start()
        check(self.ready.wait(20), "websockets does not start")
        self.url = f"{scheme}://127.0.0.1:{self.port}/"

    async def run(self):
        server = await websockets.serve(self.connected, "127.0.0.1", 0,
                                        **self.options)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await asyncio.Future()

    async def connected(self, socket, path=None):
        self.connections.append(socket)
        try:
            await self.handler(socket)
        except websockets.ConnectionClosed:
            pass

    async def echo(self, socket):
        async for message in socket:
            self.messages.append(message)
            await socket.send(message)
