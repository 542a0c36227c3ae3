"""A server that says what a test tells it to, whatever the client asks."""

import base64
import hashlib
import socket
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Scripted:
    """Calls script(wire, request) for each connection, on a thread."""

    def __init__(self, script):
        self.script = script
        self.requests = []
        self.door = socket.socket()
        self.door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.door.bind(("127.0.0.1", 0))
        self.door.listen(64)
        self.port = self.door.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                wire, _ = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(wire,),
                             daemon=True).start()

    def _serve(self, wire):
        request = b""
        try:
            while b"\r\n\r\n" not in request:
                chunk = wire.recv(4096)
                if not chunk:
                    return
                request += chunk
            self.requests.append(request.decode("latin-1"))
            self.script(wire, request)
        except OSError:
            pass
        finally:
            wire.close()


def answer(status, *headers):
    """A script: one HTTP answer."""
    lines = "".join(f"{header}\r\n" for header in headers)

    def script(wire, _):
        wire.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n{lines}\r\n"
                     .encode())
    return script


def upgrade(wire, request):
    key = next(line.split(b":", 1)[1].strip()
               for line in request.split(b"\r\n")
               if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    wire.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept +
                 b"\r\n\r\n")


def hold(wire, _=None):
    """A script: reads, and never says a word."""
    while wire.recv(65536):
        pass
