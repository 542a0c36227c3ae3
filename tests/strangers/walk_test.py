"""One link over wss, ZeroMQ and a Unix socket: down the list as servers die,
back as they return. With confirm=peer nothing is lost, whenever they are killed:
each of these servers confirms no more than it has written down."""

import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True

from certificates import make_authority, make_server
from links import QUICK
from processes import (HAWSER, HERE, PYTHON, Process, Server, check, main,
                       need, node_server, wait_until)

ZMQ_PEER = (pathlib.Path(os.environ["HAWSER_BUILD_DIR"]) / "tests" /
            "zmq_peer_client")
BURST = 50


def numbers_in(file):
    text = file.read_bytes() if file.exists() else b""
    return text[:text.rfind(b"\n") + 1].split()


class Walker(Process):
    """hawser send of numbers, which go on until it is told to end."""

    def __init__(self, authority, urls):
        super().__init__(
            HAWSER, "send", "--json", "-v", "--timeout", "0", *QUICK, "-o",
            "framing=line", "-o", f"tls.ca={authority}", "-o",
            "endpoints.prefer=first", "-o", "endpoints.prefer_after=1s",
            " ".join(urls), stdin=subprocess.PIPE)
        self.count = 0

    def up_at(self):
        """The scheme that it is up at."""
        events = [json.loads(line) for _, line in list(self.err)]
        states = [event for event in events if "state" in event]
        up = states and states[-1]["state"] == "up"
        return states[-1]["endpoint"].partition(":")[0] if up else None

    def say(self):
        first, self.count = self.count, self.count + BURST
        super().say("".join(f"{n}\n" for n in range(first, self.count)))
        return first

    def walk_to(self, scheme, file):
        """Goes on sending until it is up there, and what is said arrives."""
        wait_until(lambda: self.say() >= 0 and self.up_at() == scheme,
                   f"never up at {scheme}: {self.text(self.err)[-900:]}", 30)
        first = b"%d" % self.say()
        wait_until(lambda: self.say() and first in numbers_in(file),
                   f"nothing arrives at {scheme}", 30)


def a_link_walks_down_the_list_and_back(folder):
    need("node")
    authority = make_authority(folder)
    certificate, key = make_server(folder)
    files = {name: folder / f"{name}.txt" for name in ("wss", "zmq", "unix")}
    path = folder / "socket"

    def start_wss(port=0):
        return node_server(port, "--tls", certificate, key, "--write",
                           files["wss"])

    def start_zmq(port=0):
        return Server(ZMQ_PEER, "REP", port, files["zmq"])

    wss, rep = start_wss(), start_zmq()
    unix = Process(PYTHON, HERE / "stream_server.py", path, "--write",
                   files["unix"])
    unix.line_with("listening")
    link = Walker(authority, [f"wss://localhost:{wss.port}/",
                              f"zmq+tcp://127.0.0.1:{rep.port}?type=req",
                              f"unix://{path}"])
    link.walk_to("wss", files["wss"])
    wss.kill()
    link.walk_to("zmq+tcp", files["zmq"])
    rep.kill()
    link.walk_to("unix", files["unix"])
    rep = start_zmq(rep.port)
    link.walk_to("zmq+tcp", files["zmq"])
    wss = start_wss(wss.port)
    link.walk_to("wss", files["wss"])
    link.child.stdin.close()
    status = link.end(60)
    check(status == 0, f"{status}: {link.text(link.err)[-500:]}")
    heard = [int(number) for file in files.values()
             for number in numbers_in(file)]
    lost = sorted(set(range(link.count)) - set(heard))
    print(f"{link.count} numbers over wss, zmq+tcp and unix: lost {len(lost)}, "
          f"duplicates {len(heard) - len(set(heard))}")
    check(not lost, f"lost {lost[:10]}")
    check("downgrade" not in link.text(link.err), "not all were confirmed")


if __name__ == "__main__":
    main(a_link_walks_down_the_list_and_back)
