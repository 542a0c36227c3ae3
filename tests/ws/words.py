# words.py - HTTP and WebSocket, as the scripted servers speak them.
import base64
import hashlib
import socket
import struct

GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'


def read_request(sock):
    data = b''
    while b'\r\n\r\n' not in data:
        more = sock.recv(65536)
        if not more:
            raise ConnectionError('no request came')
        data += more
    return data


def header(request, name):
    for line in request.split(b'\r\n')[1:]:
        key, _, value = line.partition(b':')
        if key.strip().lower() == name:
            return value.strip()
    return b''


def accept_of(request):
    key = header(request, b'sec-websocket-key')
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def upgrade(request, extra=b'', accept=None):
    return (b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
            b'Connection: Upgrade\r\nSec-WebSocket-Accept: ' +
            (accept_of(request) if accept is None else accept) +
            b'\r\n' + extra + b'\r\n')


def frame(opcode, payload=b'', fin=1, rsv=0, mask=None, length=None):
    head = bytes([fin << 7 | rsv << 4 | opcode])
    n = len(payload) if length is None else length
    bit = 0x80 if mask else 0
    if n < 126:
        head += bytes([bit | n])
    elif n < 65536:
        head += bytes([bit | 126]) + struct.pack('>H', n)
    else:
        head += bytes([bit | 127]) + struct.pack('>Q', n)
    if mask:
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        head += mask
    return head + payload


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack('ii', 1, 0))
    sock.close()


def wait_end(sock):
    try:
        while sock.recv(65536):
            pass
    except OSError:
        pass


# Frames that a client sent, as (opcode, payload).
def frames(sock):
    data = b''
    while True:
        while len(data) < 2:
            more = sock.recv(65536)
            if not more:
                return
            data += more
        need, at = data[1] & 0x7f, 2
        if need == 126:
            at = 4
        elif need == 127:
            at = 10
        while len(data) < at:
            data += sock.recv(65536)
        if at == 4:
            need = struct.unpack('>H', data[2:4])[0]
        elif at == 10:
            need = struct.unpack('>Q', data[2:10])[0]
        while len(data) < at + 4 + need:
            more = sock.recv(1 << 20)
            if not more:
                return
            data += more
        key = data[at:at + 4]
        body = data[at + 4:at + 4 + need]
        size = len(body)
        mask = (key * (size // 4 + 1))[:size]
        body = (int.from_bytes(body, 'big') ^
                int.from_bytes(mask, 'big')).to_bytes(size, 'big')
        yield data[0] & 15, body
        data = data[at + 4 + need:]


def wait_goodbye(sock):
    for opcode, _ in frames(sock):
        if opcode == 8:
            return
