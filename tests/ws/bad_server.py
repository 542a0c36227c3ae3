#!/usr/bin/python3
# bad_server.py - a server that does whatever the request's path says, mostly
# wrong. Prints its port. Ends with its standard input.
import email.utils
import os
import socket
import struct
import sys
import threading
import time

from words import (accept_of, frame, frames, header, read_request, reset,
                   upgrade, wait_end, wait_goodbye)

lock = threading.Lock()


# ---- answers to the request ----

REASONS = {200: 'OK', 301: 'Moved Permanently', 401: 'Unauthorized',
           403: 'Forbidden', 404: 'Not Found', 429: 'Too Many Requests',
           500: 'Internal Server Error', 503: 'Service Unavailable'}


def do_status(sock, request, number, *more):
    lines = 'HTTP/1.1 %s %s\r\n' % (number, REASONS[int(number)])
    if number == '301':
        lines += 'Location: ws://elsewhere.example/there\r\n'
    if more and more[0] == 'in_a_minute':
        more = [email.utils.formatdate(time.time() + 60, usegmt=True)]
    if number == '401':
        lines += 'WWW-Authenticate: Basic realm="x"\r\n'
    if more:
        lines += 'Retry-After: %s\r\n' % more[0].replace('_', ' ')
    lines += 'X-Request-Id: 4711\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n'
    sock.sendall(lines.encode() + b'Content-Length: 4\r\n\r\nbody')
    wait_end(sock)


def do_answer(sock, request, what, *cut):
    answers = {
        'begun': b'HTT',
        'half': b'HTTP/1.1 101 Switching Protocols\r\nUpg',
        'wrong_accept': upgrade(request, accept=b'A' * 27 + b'='),
        'no_accept': upgrade(request).replace(
            b'Sec-WebSocket-Accept: ' + accept_of(request) + b'\r\n', b''),
        'no_upgrade': upgrade(request).replace(b'Upgrade: websocket\r\n', b''),
        'protocol': upgrade(request, b'Sec-WebSocket-Protocol: unasked\r\n'),
        'extension': upgrade(
            request, b'Sec-WebSocket-Extensions: permessage-deflate\r\n'),
        'body': upgrade(request, b'Content-Length: 5\r\n'),
        'no_body': upgrade(request, b'Content-Length: 0\r\n'),
        'ssh': b'SSH-2.0-OpenSSH_9.2\r\n',
        'ssh_lines': b'SSH-2.0-OpenSSH_9.2\r\nkey: value\r\n\r\n',
        'binary': bytes(range(256)) * 8,
        'no_status': b'HTTP/1.1 hello\r\n\r\n',
    }
    sock.sendall(answers[what])
    if cut:
        sock.shutdown(socket.SHUT_WR)
    wait_end(sock)


def do_drip(sock, request):
    for byte in upgrade(request):
        sock.sendall(bytes([byte]))
        time.sleep(1)


def do_drip_quickly(sock, request):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in upgrade(request) + frame(1, b'hello') + frame(9, b'x' * 125):
        sock.sendall(bytes([byte]))
        time.sleep(0.0005)
    wait_end(sock)


def do_never(sock, request):
    wait_end(sock)


def do_half_a_header(sock, request):
    sock.sendall(b'HTTP/1.1 101 Switching Protocols\r\nUpg')
    wait_end(sock)


def do_endless_header(sock, request, kind):
    sock.sendall(b'HTTP/1.1 101 Switching Protocols\r\n')
    if kind == 'name':
        block = b'x' * 65536
    elif kind == 'value':
        sock.sendall(b'Server: ')
        block = b'y' * 65536
    else:
        block = b'X-Header: value\r\n' * 4096
    while True:
        sock.sendall(block)


def do_hang_up(sock, request):
    sock.close()


def do_reset(sock, request):
    reset(sock)


# ---- after the upgrade ----

SINGLE = {
    'masked': frame(1, b'hello', mask=b'\1\2\3\4'),
    'rsv1': frame(1, b'hello', rsv=4),
    'rsv3': frame(2, b'hello', rsv=1),
    'not_utf8': frame(1, b'caf\xe9'),
    'not_utf8_cut': frame(1, b'\xe2\x82'),
    'surrogate': frame(1, b'\xed\xa0\x80'),
    'overlong': frame(1, b'\xc0\xaf'),
    'not_utf8_fragments': frame(1, b'\xe2', fin=0) + frame(0, b'\x28\xa1'),
    'close_1': frame(8, b'\x03'),
    'close_999': frame(8, struct.pack('>H', 999)),
    'close_1005': frame(8, struct.pack('>H', 1005)),
    'close_5000': frame(8, struct.pack('>H', 5000)),
    'close_reason': frame(8, struct.pack('>H', 1000) + b'\xff\xff'),
    'huge': bytes([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]) + b'x' * 100,
    'huge_split': bytes([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]) + b'x' * 100,
    'large': frame(2, b'x' * 100, length=(1 << 63) - 1),
    'over': frame(2, b'x' * 65537),
    'exact': frame(2, b'x' * 65536),
    'long_form': bytes([0x82, 126, 0, 5]) + b'hello',
    'long_form_8': bytes([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 5]) + b'hello',
    'control_fragment': frame(9, b'x', fin=0),
    'control_long': bytes([0x89, 126, 0, 126]) + b'x' * 126,
    'unknown': frame(3, b'x'),
    'unknown_control': frame(11, b'x'),
    'continuation': frame(0, b'x'),
    'amid': frame(1, b'x', fin=0) + frame(1, b'y'),
    'fragments': (frame(1, b'', fin=0) + frame(0, b'he', fin=0) +
                  frame(9, b'between') + frame(0, b'', fin=0) +
                  frame(0, b'llo')),
    'empty': frame(2) + frame(1),
}


def send_whole_or_split(sock, name, data):
    if name.endswith('_split'):
        for byte in data:
            sock.sendall(bytes([byte]))
            time.sleep(0.001)
    else:
        sock.sendall(data)


class Answer:
    """What the client said to the last connection that wants to know."""
    last = None

    def __init__(self):
        self.there = threading.Event()
        self.opcode, self.payload = 0, b''
        Answer.last = self

    def hear(self, sock):
        try:
            self.opcode, self.payload = next(frames(sock), (0, b''))
        finally:
            self.there.set()


def do_frame(sock, request, name, *how):
    answer = Answer()
    # With the response in one packet, so that nothing gets lost between.
    if how:
        sock.sendall(upgrade(request) + SINGLE[name])
    else:
        sock.sendall(upgrade(request))
        send_whole_or_split(sock, name, SINGLE[name])
    answer.hear(sock)
    wait_end(sock)


# Tells what the client said to the connection before, as a message.
def do_said(sock, request):
    answer = Answer.last
    answer.there.wait()
    sock.sendall(upgrade(request) +
                 frame(2, bytes([answer.opcode]) + answer.payload))
    wait_end(sock)


def do_close(sock, request, code, reason=''):
    answer = Answer()
    payload = b'' if code == 'none' else struct.pack('>H', int(code))
    sock.sendall(upgrade(request) + frame(8, payload + reason.encode()))
    answer.hear(sock)
    sock.close()


def do_cut(sock, request, how):
    data = {'head': bytes([0x82]), 'length': bytes([0x82, 126, 1]),
            'payload': frame(2, b'xyz', length=100),
            'message': frame(2, b'xyz', fin=0), 'between': b''}[how]
    sock.sendall(upgrade(request) + data)
    sock.shutdown(socket.SHUT_WR)
    wait_end(sock)


def do_reset_later(sock, request):
    sock.sendall(upgrade(request))
    next(frames(sock), None)
    reset(sock)


# Sends more only once the wire is open, and then breaks off.
def do_frame_reset(sock, request):
    sock.sendall(upgrade(request))
    time.sleep(0.01)
    sock.sendall(frame(1, b'last words'))
    time.sleep(0.005)
    reset(sock)


def do_endless_fragments(sock, request, size):
    sock.sendall(upgrade(request) + frame(2, b'x', fin=0))
    block = frame(0, b'x' * int(size), fin=0)
    block *= max(1, 65536 // len(block))
    while True:
        sock.sendall(block)


def do_echo(sock, request):
    sock.sendall(upgrade(request))
    for opcode, payload in frames(sock):
        if opcode == 8:
            sock.sendall(frame(8, payload))
            return
        if opcode == 9:
            opcode = 10
        sock.sendall(frame(opcode, payload))


# Reads, and never says a word.
def do_mute(sock, request):
    sock.sendall(upgrade(request))
    wait_end(sock)
    gate('never').wait()


# Says what the request was, as a text message.
def do_request(sock, request, *more):
    extra = b''
    if header(request, b'sec-websocket-protocol'):
        first = header(request, b'sec-websocket-protocol').split(b',')[-1]
        extra = b'Sec-WebSocket-Protocol: ' + first.strip() + b'\r\n'
    sock.sendall(upgrade(request, extra) + frame(1, request))
    wait_end(sock)


# Answers pings, but first with pongs that prove nothing.
def do_wrong_pongs(sock, request):
    sock.sendall(upgrade(request) + frame(10) + frame(10, b'x' * 16))
    for opcode, payload in frames(sock):
        if opcode == 9:
            other = payload[:7] + bytes([payload[7] ^ 1]) + payload[8:]
            higher = payload[:15] + bytes([payload[15] + 1])
            for wrong in (other, higher, payload + b'x', payload[:-1],
                          b'hwsr' + payload[4:]):
                sock.sendall(frame(10, wrong))
            sock.sendall(frame(1, b'wrong'))
        elif opcode == 1:
            return


# Collects three pings, then answers the first and the second only.
def do_older_pongs(sock, request):
    sock.sendall(upgrade(request))
    pings = []
    for opcode, payload in frames(sock):
        if opcode == 9:
            pings.append(payload)
        if len(pings) == 3:
            sock.sendall(frame(10, pings[0]) + frame(1, b'one') +
                         frame(10, pings[1]) + frame(1, b'two'))
            pings = []
        if opcode == 8:
            return


# Answers the last of three pings, and the others too late.
def do_newest_pong(sock, request):
    sock.sendall(upgrade(request))
    pings = []
    for opcode, payload in frames(sock):
        if opcode == 9:
            pings.append(payload)
        if len(pings) == 3:
            for ping in reversed(pings):
                sock.sendall(frame(10, ping))
            sock.sendall(frame(1, b'all'))
            pings = []
        if opcode == 8:
            return


# Counts what comes before a ping, and tells.
def do_count(sock, request):
    sock.sendall(upgrade(request))
    count = size = 0
    for opcode, payload in frames(sock):
        if opcode in (1, 2):
            count += 1
            size += len(payload)
        elif opcode == 9:
            sock.sendall(frame(1, b'%d %d' % (count, size)) +
                         frame(10, payload))
        elif opcode == 8:
            return


# Counts messages until the goodbye, and keeps both for do_said.
def do_tally(sock, request, name):
    answer = Answer()
    sock.sendall(upgrade(request))
    gate(name).wait()
    count = 0
    for opcode, payload in frames(sock):
        if opcode == 8:
            answer.opcode = 8
            answer.payload = b'%d then %d' % (
                count, struct.unpack('>H', payload[:2])[0])
            answer.there.set()
            return
        count += 1


gates = {}


def gate(name):
    with lock:
        return gates.setdefault(name, threading.Event())


# Reads nothing until another connection opens the gate; then counts.
def do_slow(sock, request, name):
    sock.sendall(upgrade(request))
    gate(name).wait()
    count = 0
    for opcode, payload in frames(sock):
        if opcode in (1, 2):
            count += 1
        elif opcode == 9:
            sock.sendall(frame(1, b'%d' % count) + frame(10, payload))
        elif opcode == 8:
            return


def do_open(sock, request, name):
    gate(name).set()
    sock.sendall(upgrade(request))
    wait_end(sock)


# Pings without end and reads nothing.
def do_ping_flood(sock, request):
    sock.sendall(upgrade(request))
    block = frame(9, b'x' * 125) * 500
    for _ in range(400):
        sock.sendall(block)
    sock.sendall(frame(1, b'done'))
    wait_end(sock)


def do_blast(sock, request, count, size):
    sock.sendall(upgrade(request))
    one = frame(2, b'x' * int(size))
    per = max(1, (1 << 20) // len(one))
    left = int(count)
    while left > 0:
        n = min(per, left)
        sock.sendall(one * n)
        left -= n
    wait_goodbye(sock)


def serve(sock, wrap):
    try:
        sock = wrap(sock)
        request = read_request(sock)
        path = request.split(b' ')[1].decode().partition('?')[0]
        parts = path.strip('/').split('/')
        globals()['do_' + parts[0]](sock, request, *parts[1:])
    except OSError:
        pass
    finally:
        sock.close()


def end_with_input(last):
    sys.stdin.read()
    last()
    os._exit(0)


# wrap makes of a connection what is to be spoken on, note is printed behind the
# port, and last is called at the end.
def main(wrap=lambda sock: sock, note='', last=lambda: None):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(('127.0.0.1', 0))
    listener.listen(1000)
    print(listener.getsockname()[1], note, flush=True)
    threading.Thread(target=end_with_input, args=(last,), daemon=True).start()
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock, wrap), daemon=True).start()


if __name__ == '__main__':
    main()
