"""A pyzmq application on a link that heals: one process, one context.

usage: offered_pyzmq.py LIBRARY [URL]

LIBRARY is libhawser.so.0. The context is shared by its address, so the link
that Hawser offers at inproc://upstream is there for pyzmq to connect to. Both
must use one libzmq, as Debian's packages do. Try it with
hawser serve ws://127.0.0.1:9000, and restart that while it runs.
"""

import ctypes
import sys

import zmq

ANSWERS, PAUSE_MS, TICKS_MAX = 20, 100, 300


def work(context):
    """Only knows pyzmq."""
    upstream = context.socket(zmq.DEALER)
    upstream.connect("inproc://upstream")
    events = context.socket(zmq.SUB)
    events.subscribe("")
    events.connect("inproc://upstream.events")
    poller = zmq.Poller()
    poller.register(upstream, zmq.POLLIN)
    poller.register(events, zmq.POLLIN)
    answers, ticks, heard = 0, 0, []
    while answers < ANSWERS and ticks < TICKS_MAX:
        if not heard:  # nothing came for so long: time for another
            ticks += 1
            upstream.send_string(f"tick {ticks}")
        heard = poller.poll(PAUSE_MS)
        for socket, _ in heard:
            if socket is upstream:
                print("answer:", upstream.recv_string(), flush=True)
                answers += 1
            else:
                name, _details = events.recv_multipart()
                print("event:", name.decode(), flush=True)
    upstream.close(linger=0)
    events.close(linger=0)
    return answers >= ANSWERS


class Link(ctypes.Structure):
    """hawser_link."""

    _fields_ = [("id", ctypes.c_uint64)]


class Offer:
    """A bus in the context, with a link to url offered at address."""

    def __init__(self, library, context, address, url):
        self.hawser = ctypes.CDLL(library)
        self.hawser.hawser_last_error.restype = ctypes.c_char_p
        self.bus = ctypes.c_void_p()
        options = ctypes.c_void_p()
        self.check(self.hawser.hawser_options_new(ctypes.byref(options)))
        self.check(self.hawser.hawser_options_set(options, b"confirm",
                                                  b"peer"))
        self.check(self.hawser.hawser_bus_open_in_zmq(
            ctypes.c_void_p(context.underlying), options,
            ctypes.byref(self.bus)))
        self.hawser.hawser_options_free(options)
        self.check(self.hawser.hawser_link_offer(
            self.bus, address.encode(), url.encode(), None,
            ctypes.byref(Link())))

    def check(self, status):
        if status != 0:
            raise RuntimeError(self.hawser.hawser_last_error().decode())

    def close(self):
        self.hawser.hawser_bus_close(self.bus, 1000)


def main():
    if len(sys.argv) < 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if len(sys.argv) > 1 else 1
    url = sys.argv[2] if len(sys.argv) > 2 else "ws://127.0.0.1:9000/echo"
    context = zmq.Context()
    offer = Offer(sys.argv[1], context, "inproc://upstream", url)
    done = work(context)
    offer.close()
    context.term()
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
