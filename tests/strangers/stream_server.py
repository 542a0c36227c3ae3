"""A server of streams that knows nothing of Hawser.

stream_server.py ADDRESS [--write FILE] [--tls CERT KEY] [--client-ca FILE]

ADDRESS is a port of 127.0.0.1 (0 takes any) or the path of a Unix socket.
Echoes bytes as they come. With --write it writes them to FILE instead, and
without TLS takes them out of the socket only when they are written: what a kill
-9 finds unwritten is unread. Prints "listening ADDRESS"."""

import argparse
import os
import socket
import ssl
import threading

parser = argparse.ArgumentParser()
parser.add_argument("address")
parser.add_argument("--write")
parser.add_argument("--tls", nargs=2)
parser.add_argument("--client-ca")
options = parser.parse_args()
file = (os.open(options.write, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if options.write else -1)
tls = None
if options.tls:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*options.tls)
    if options.client_ca:
        tls.load_verify_locations(options.client_ca)
        tls.verify_mode = ssl.CERT_REQUIRED


def serve(wire):
    try:
        if tls is not None:
            wire = tls.wrap_socket(wire, server_side=True)
        peek = 0 if tls is not None or file < 0 else socket.MSG_PEEK
        while True:
            data = wire.recv(4096, peek)
            if not data:
                break
            if file < 0:
                wire.sendall(data)
                continue
            os.write(file, data)
            if peek:
                wire.recv(len(data))
    except OSError:
        pass
    finally:
        wire.close()


if options.address.startswith("/"):
    if os.path.exists(options.address):
        os.unlink(options.address)
    door = socket.socket(socket.AF_UNIX)
    door.bind(options.address)
    name = options.address
else:
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", int(options.address)))
    name = door.getsockname()[1]
door.listen(64)
print("listening", name, flush=True)
while True:
    threading.Thread(target=serve, args=(door.accept()[0],),
                     daemon=True).start()
