"""Each example against hawser serve; and the code that the papers show."""

import os
import pathlib
import re
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tool"))

from processes import Process, check, hawser_server, main, run
from scripted import Scripted, answer, upgrade

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HAWSER_BUILD_DIR",
                                    ROOT / "build" / "release"))
NAMES = sorted(path.stem for path in (ROOT / "examples").glob("*.c"))


def program(name):
    """None: its library is missing here, so it was not built."""
    found = BUILD / "examples" / f"example_{name}"
    if name in ("json", "offered_czmq") and not found.exists():
        return None
    return found


def echo():
    return f"ws://127.0.0.1:{hawser_server().port}/echo"


def hold_until_goodbye(wire):
    """Reads until the client says goodbye, or is gone."""
    while wire.recv(65536)[:1] not in (b"", b"\x88"):
        pass


def play(name, *words):
    """Its lines, once it has ended well."""
    path = program(name)
    if path is None:
        print(f"skipped: {name} was not built")
        sys.exit(77)
    status, out, err = run(path, *words)
    check(status == 0, f"{name} ended with {status}, and said: {out}{err}")
    check(err == "", f"{name}: {err}")
    return out.splitlines()


def in_order(lines, *wanted):
    """Each of wanted is a line, one behind the other."""
    rest = iter(lines)
    for words in wanted:
        check(any(line == words for line in rest),
              f"no \"{words}\" where it belongs in {lines}")


def all_tell_their_usage(folder):
    check(len(NAMES) >= 10, f"there are only {NAMES}")
    for name in NAMES:
        if program(name) is not None:
            lines = play(name, "--help")
            check(lines[0].startswith(f"usage: {name} [URL"), f"{lines}")


def hello_hears_the_answer(folder):
    in_order(play("hello", echo()), "up ", "answer: hello")


def hello_may_be_started_first(folder):
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"ws://127.0.0.1:{door.getsockname()[1]}/echo"
        hello = Process(program("hello"), url)
        door.accept()[0].close()  # it has tried, in vain
    hawser_server(at=url)
    check(hello.end() == 0, f"it said: {hello.text(hello.out)}")
    in_order([line for _, line in hello.out], "up ", "answer: hello")


def loops_of_ones_own_do(folder):
    in_order(play("poll_loop", echo()), "up ",
             *[f"answer: tick {number}" for number in range(1, 6)])
    in_order(play("zmq_poll_loop", echo()), "up ",
             *[f"answer: job {number}" for number in range(1, 6)])


def plays_through_a_restart(*command):
    """It goes on as if nothing had happened, and hears of it as events."""
    server = hawser_server()
    url = f"ws://127.0.0.1:{server.port}"
    example = Process(*command, f"{url}/echo")
    example.line_with("answer: tick 3")
    server.kill()
    example.line_with("event: waiting")
    hawser_server(at=url)
    status = example.end()
    lines = [line for _, line in example.out]
    check(status == 0, f"it ended with {status}: {lines}")
    in_order(lines, "event: up", "answer: tick 3", "event: waiting",
             "event: up")
    ticks = [int(line.split()[-1]) for line in lines
             if line.startswith("answer: ")]
    check(len(ticks) >= 20 and ticks == sorted(ticks), f"{ticks}")


def an_offered_link_heals_under_zmq(folder):
    plays_through_a_restart(program("offered_link"))


def an_offered_link_heals_under_czmq(folder):
    if program("offered_czmq") is None:
        print("skipped: czmq is not here")
        return
    plays_through_a_restart(program("offered_czmq"))


def an_offered_link_heals_under_pyzmq(folder):
    if os.environ.get("HAWSER_SANITIZE"):
        print("skipped: python does not load a sanitized library")
        return
    plays_through_a_restart("/usr/bin/python3",
                            ROOT / "examples" / "offered_pyzmq.py",
                            BUILD / "src" / "libhawser.so.0")


def callbacks_are_called(folder):
    lines = play("callbacks", echo())
    in_order(lines, "event: up ", "answer: round 1", "answer: round 2",
             "answer: round 3", "event: closed ")
    for number in range(1, 4):
        check(f"receipt: round {number} is settled" in lines, f"{lines}")


def json_comes_back(folder):
    in_order(play("json", echo()),
             'answer 7: {"op":"sum","id":7,"of":[1,2,3]}')


def json_that_is_none_is_told(folder):
    def chatter(wire, request):
        upgrade(wire, request)
        wire.sendall(b"\x81\x03no!\x81\x02[]\x81\x08{\"id\":7}")
        hold_until_goodbye(wire)

    status, out, err = run(program("json"), Scripted(chatter).url)
    check(status == 0 and out == 'answer 7: {"id":7}\n', f"{status} {out}")
    check("not JSON" in err and "no answer" in err, err)


def subscriptions_are_said_again(folder):
    lines = play("subscribe", echo())
    heard = [line for line in lines if not line.startswith("--")]
    check(heard == [f"heard: {words}" for words in [
        "subscribe news", "subscribe sport",
        "subscribe news", "subscribe sport",
        "unsubscribe news",
        "subscribe sport"]], f"{lines}")


def greeting_comes_before_all(folder):
    in_order(play("greeting", echo()), "-> login guest", "<- login guest",
             "greeting guests are not welcome", "-> login admin",
             "<- login admin", "<- hello")


def failover_finds_the_living(folder):
    url = echo()
    lines = play("failover", url)
    check(lines[-1] == f"up        {url}", f"{lines}")
    check(any("ws://127.0.0.1:1/: connect: Connection refused" in line
              for line in lines), f"{lines}")


def failover_gives_up(folder):
    server = hawser_server()
    server.kill()
    status, out, _ = run(program("failover"), f"ws://127.0.0.1:{server.port}/")
    check(status == 1 and out.splitlines()[-1].startswith("failed "),
          f"{status}: {out}")


def receipts_are_all_there(folder):
    lines = play("receipts", echo())
    check(re.fullmatch(r"1000 of 1000 settled over [2-9] connections; "
                       r"\d+ sent again", lines[-1]), f"{lines}")


def tokens_are_fresh(folder):
    def door(wire, request):
        upgrade(wire, request)
        hold_until_goodbye(wire)

    server = Scripted(door)
    in_order(play("token", server.url), "attempt 1 asks: token-1", "up ",
             "attempt 2 asks: token-2", "up ")
    check(len(server.requests) == 2, f"{server.requests}")
    for number, request in enumerate(server.requests, 1):
        for header in [f"authorization: bearer token-{number}",
                       f"x-attempt: {number}"]:
            check(request.lower().count(f"\r\n{header}\r\n") == 1,
                  f"{header} is not once in {request}")


def a_token_that_is_refused_fails(folder):
    status, out, _ = run(program("token"), Scripted(answer("401 No")).url)
    check(status == 1 and "401" in out.splitlines()[-1], f"{status}: {out}")


# ---- papers ----

def code_of(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```c\n(.*?)^```$", text, re.M | re.S)


def readme_shows_hello(folder):
    hello = (ROOT / "examples" / "hello.c").read_text(encoding="utf-8")
    check(hello in code_of("README.md"),
          "the program in README.md is not examples/hello.c")


def the_small_transport_compiles(folder):
    code = code_of("docs/writing_a_transport.md")
    check(len(code) == 1, f"{len(code)} programs, not one")
    source = folder / "echo.c"
    source.write_text(code[0], encoding="utf-8")
    status, _, err = run(os.environ.get("CC", "cc"), "-std=c11", "-Wall",
                         "-Wextra", "-Wpedantic", "-Werror", "-D_GNU_SOURCE",
                         "-I", ROOT / "include", "-c", source, "-o",
                         folder / "echo.o")
    check(status == 0, err)


def links_lead_somewhere(folder):
    """Every relative link of a page is a file."""
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md",
                 ROOT / "src" / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            if ":" in path:
                continue
            there = (page.parent / path).resolve() if path else page
            check(there.exists(), f"{page.name} links to {target}")
            if anchor and there.suffix == ".md":
                heads = [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")
                         for head in re.findall(
                             r"^#+ (.*)$", there.read_text(encoding="utf-8"),
                             re.M)]
                check(anchor in heads, f"{page.name}: {target} has no such "
                      f"heading among {heads}")


if __name__ == "__main__":
    main(readme_shows_hello, the_small_transport_compiles,
         links_lead_somewhere, all_tell_their_usage, hello_hears_the_answer,
         hello_may_be_started_first, loops_of_ones_own_do,
         an_offered_link_heals_under_zmq, an_offered_link_heals_under_czmq,
         an_offered_link_heals_under_pyzmq, callbacks_are_called,
         json_comes_back, json_that_is_none_is_told,
         subscriptions_are_said_again, greeting_comes_before_all,
         failover_finds_the_living, failover_gives_up, receipts_are_all_there,
         tokens_are_fresh, a_token_that_is_refused_fails)
