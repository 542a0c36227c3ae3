"""confirm=application against a server of Python's websockets that answers each
number once it has written it down, and is killed -9 again and again: nothing is
lost, not even what its library had read ahead."""

import os
import pathlib
import sys

sys.dont_write_bytecode = True

from numbers_of_lives import Judgement, Lives
from processes import Process, check, main, python_server, wait_until

CLIENT = pathlib.Path(os.environ["HAWSER_BUILD_DIR"]) / "tests/settling_client"
COUNT = int(os.environ.get("HAWSER_COUNT", "200000"))
KILLS = 10
SECONDS = 60 + COUNT // 2000


def start(port, lives):
    return python_server(port, "--write", lives.next_file(), "--answer")


def nothing_is_lost_that_was_not_answered(folder):
    lives = Lives(folder)
    server = start(0, lives)
    client = Process(CLIENT, f"ws://127.0.0.1:{server.port}/", COUNT)
    for kill in range(KILLS):
        goal = COUNT * (kill + 1) // (KILLS + 2)
        wait_until(lambda: lives.written() > goal or
                   client.child.poll() is not None,
                   f"{goal} numbers were not written", SECONDS)
        check(client.child.poll() is None, "it ended before the last kill: "
              f"{client.text(client.err)[-500:]}")
        server.kill()
        server = start(server.port, lives)
    status = client.end(SECONDS)
    check(status == 0, f"the client ended with {status}, and said: "
          f"{client.text(client.err)[-2000:]}")
    judged = Judgement(COUNT, lives)
    print(f"python websockets, confirm=application: {COUNT} numbers, {KILLS} "
          f"kills: lost {judged.lost}, duplicates {judged.duplicates}; the "
          f"client: {client.text(client.out)}")
    check(judged.lost == 0, f"lost {judged.missing[:10]} …")
    check(judged.disorder == 0, f"{judged.disorder} numbers out of order")


if __name__ == "__main__":
    main(nothing_is_lost_that_was_not_answered)
