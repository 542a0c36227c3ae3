#!/usr/bin/python3
# proxy.py - an HTTP CONNECT proxy, or none at all, that does what its argument
# says. Prints its port. Ends with its standard input.
import base64
import os
import socket
import sys
import threading
import time

HOW = sys.argv[1]
REFUSALS = {
    '407': b'HTTP/1.1 407 Proxy Authentication Required\r\n'
           b'Proxy-Authenticate: Basic realm="p"\r\n\r\n',
    '403': b'HTTP/1.1 403 Forbidden\r\n\r\n',
    '502': b'HTTP/1.0 502 Bad Gateway\r\n\r\n',
    'ssh': b'SSH-2.0-OpenSSH_9.2\r\n',
    'endless': b'HTTP/1.1 200 OK\r\nX: ' + b'y' * 200000,
    'half': b'HTTP/1.1 200 OK\r\nX',
    'short': b'HTTP/1.1\r\n\r\n',
}


def pump(source, sink):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
    except OSError:
        pass
    for sock in (source, sink):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client):
    try:
        answer(client)
    except OSError:
        pass


def answer(client):
    if HOW == 'greet':
        client.sendall(b'220 mail.example ESMTP\r\n')
        client.recv(1)
        return
    data = b''
    while b'\r\n\r\n' not in data:
        more = client.recv(65536)
        if not more:
            return
        data += more
        if HOW == 'close':
            client.close()
            return
    if HOW == 'never':
        threading.Event().wait()
    if HOW == 'hang_up':
        client.close()
        return
    if HOW in REFUSALS:
        client.sendall(REFUSALS[HOW])
        if HOW == 'half':
            client.shutdown(socket.SHUT_WR)
        client.recv(1)
        return
    method, target, _ = data.split(b' ', 2)
    wanted = b'basic ' + base64.b64encode(b'joe:secret')
    if HOW == 'auth' and wanted not in data:
        client.sendall(REFUSALS['407'])
        return
    if HOW == 'name' and not target.startswith(b'localhost:'):
        client.sendall(REFUSALS['403'])
        return
    assert method == b'CONNECT'
    host, port = target.decode().rsplit(':', 1)
    if HOW == 'local':
        host = '127.0.0.1'
    server = socket.create_connection((host.strip('[]'), int(port)))
    head = b'HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n'
    if HOW == 'split':
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head:
            client.sendall(bytes([byte]))
            time.sleep(0.001)
    else:
        client.sendall(head)
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


def main():
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(('127.0.0.1', 0))
    listener.listen(100)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)),
                     daemon=True).start()
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


main()
