"""A server of pyzmq's: ROUTER and REP answer what they hear, PULL writes it
down, PUB counts aloud.

zmq_server.py ROUTER|REP|PULL|PUB PORT [FILE]"""

import sys

import zmq


def main(kind, port, file=None):
    socket = zmq.Context().socket(getattr(zmq, kind))
    socket.bind(f"tcp://127.0.0.1:{port if port != '0' else '*'}")
    print("listening", socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    written = open(file, "ab", 0) if file else None
    number = 0
    while True:
        if kind == "PUB":
            socket.send_multipart([b"even" if number % 2 == 0 else b"odd",
                                   b"%d" % number])
            number += 1
            socket.poll(2)
            continue
        frames = socket.recv_multipart()
        if written:
            written.write(frames[-1] + b"\n")
        if kind in ("ROUTER", "REP"):
            socket.send_multipart(frames)


main(*sys.argv[1:])
