"""hawser cat and hawser send: what comes out, and how they end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

from processes import (HAWSER, PATIENCE, Process, check, hawser, hawser_server,
                       main, run)
from scripted import Scripted, answer, hold, upgrade


def url_of(server, path="/"):
    return f"ws://127.0.0.1:{server.port}{path}"


def nobody():
    """A URL where nobody listens."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return f"ws://127.0.0.1:{door.getsockname()[1]}/"


def cat_prints_what_comes_back(folder):
    url = url_of(hawser_server())
    for text in ["a\nb\n", "no newline at the end", "\n\n\n", "", "é\n",
                 "x" * 3000000 + "\n"]:
        status, out, err = hawser("cat", url, text=text)
        wanted = text if text.endswith("\n") or not text else text + "\n"
        check(out == wanted, f"{text[:20]!r}: {out[:50]!r}, {err}")
        check(status == 0 and err == "", f"{text[:20]!r}: {status}, {err!r}")


def many_lines_come_back_in_order(folder):
    lines = "".join(f"{number}\n" for number in range(200000))
    status, out, err = hawser("cat", url_of(hawser_server()), text=lines)
    check(out == lines, f"{len(out)} of {len(lines)} bytes, {err}")
    check(status == 0, f"{status}, {err}")


def a_small_spool_makes_stdin_wait(folder):
    lines = "".join(f"{number}\n" for number in range(20000))
    status, out, err = hawser("cat", "-o", "spool.max_messages=16",
                              url_of(hawser_server()), text=lines)
    check(out == lines and status == 0, f"{status}, {len(out)}, {err}")


def cat_ends_by_itself_and_soon(folder):
    url = url_of(hawser_server())
    start = time.monotonic()
    hawser("cat", "--linger", "50ms", url, text="a\n")
    check(time.monotonic() - start < 2 * PATIENCE, "it took too long")


def bytes_stay_what_they_are(folder):
    content = bytes(range(256)) * 1000
    done = subprocess.run([HAWSER, "cat", "-b", url_of(hawser_server())],
                          input=content, stdout=subprocess.PIPE, timeout=60,
                          check=False)
    check(done.returncode == 0 and done.stdout == content, "the copy differs")


def a_line_that_is_not_text_is_told(folder):
    done = subprocess.run([HAWSER, "cat", url_of(hawser_server())],
                          input=b"a\n\xff\nb\n", capture_output=True,
                          timeout=60, check=False)
    check(done.stdout == b"a\nb\n", f"{done.stdout!r}")
    check(done.returncode == 1 and b"message 2" in done.stderr,
          f"{done.returncode}, {done.stderr!r}")


def json_lines_are_json(folder):
    status, out, err = hawser("cat", "--json", "-v", url_of(hawser_server()),
                              text="a \"b\"\n")
    check(status == 0, f"{status}, {err}")
    check([json.loads(line) for line in out.splitlines()] ==
          [{"type": "text", "data": "a \"b\""}], out)
    events = [json.loads(line) for line in err.splitlines()]
    check("up" in [event.get("state") for event in events], err)


def one_message_is_enough(folder):
    status, out, err = hawser("cat", "-1", "-U",
                              url_of(hawser_server(), "/blast?size=0"))
    check(status == 0 and out == "\n", f"{status}, {out[:20]!r}, {err}")


def a_reader_who_leaves_ends_it(folder):
    server = hawser_server()
    cat = subprocess.Popen([HAWSER, "cat", "-U", url_of(server, "/blast")],
                           stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    cat.stdout.read(100)
    cat.stdout.close()
    check(cat.wait(20 * PATIENCE) == 0, f"it ended with {cat.returncode}")


def no_close_goes_on_until_interrupted(folder):
    server = hawser_server()
    cat = Process(HAWSER, "cat", "-n", url_of(server), stdin=subprocess.PIPE)
    cat.say("a\n")
    cat.line_with("a")
    cat.child.stdin.close()
    port = server.port
    server.kill()
    cat.line_with("again in", cat.err)
    hawser_server(at=f"ws://127.0.0.1:{port}")
    cat.line_with("up:", cat.err)
    cat.signal(signal.SIGINT)
    check(cat.end() == 0, cat.text(cat.err))


def an_interrupt_before_the_first_connection_is_no_success(folder):
    cat = Process(HAWSER, "cat", "-n", nobody())
    cat.line_with("again in", cat.err)
    cat.signal(signal.SIGINT)
    check(cat.end() == 2, cat.text(cat.err))


def the_second_endpoint_is_tried(folder):
    status, out, err = hawser(
        "cat", f"{nobody()} {url_of(hawser_server())}", text="a\n")
    check(status == 0 and out == "a\n", f"{status}, {err}")


def it_sends_again_what_was_not_confirmed(folder):
    server = hawser_server("--pings", "off", "--print", at="ws://127.0.0.1:0/sink")
    sender = Process(HAWSER, "send", "-v", "-o", "confirm.timeout=100ms", "-o",
                     "backoff.max=100ms", url_of(server), "precious")
    server.line_with("precious")
    server.kill()
    check(sender.child.poll() is None, "it did not wait for the PONG")
    after = hawser_server("--print", at=f"ws://127.0.0.1:{server.port}/sink")
    after.line_with("precious")
    check(sender.end() == 0, sender.text(sender.err))


def exit_status_tells_the_class(folder):
    def close_1008(wire, request):
        upgrade(wire, request)
        wire.sendall(b"\x88\x06\x03\xf0no!!")
        hold(wire)

    def no_pong(wire, request):
        upgrade(wire, request)
        hold(wire)

    cases = [
        (2, nobody(), "refused"),
        (3, Scripted(answer("401 Unauthorized")).url, "401"),
        (3, Scripted(answer("403 Forbidden")).url, "403"),
        (3, Scripted(answer("404 Not Found")).url, "404"),
        (2, Scripted(answer("503 Unavailable")).url, "503"),
        (3, Scripted(close_1008).url, "no!!"),
        (4, Scripted(hold).url, "tim"),
        (5, Scripted(no_pong).url, "0 of 1"),
    ]
    for wanted, url, hint in cases:
        status, out, err = hawser("send", "--timeout", "2s", "-o",
                                  "dial.timeout=1s", url, "x")
        check(status == wanted, f"{hint}: {status}, not {wanted}: {err}")
        check(hint in err, f"no \"{hint}\" in {err!r}")
        check(out == "", out)


def closed_streams_are_told_and_nothing_hangs(folder):
    url = url_of(hawser_server())
    cases = [
        (["cat", url], "<&-", 1, "stdin: "),
        (["send", url], "<&-", 1, "stdin: "),
        (["send", url, "x"], "<&- >&- 2>&-", 0, ""),
        (["cat", "-1", "-U", url + "blast?size=1"], "<&-", 0, ""),
        (["cat", url], ">&-", 1, "stdout: "),
        (["cat", url], ">/dev/full", 1, "stdout: "),
        (["bench", "rtt", url + "echo", "--count", "3"], ">/dev/full", 1,
         "stdout: "),
    ]
    for words, how, wanted, hint in cases:
        status, _, err = run("bash", "-c", f'"$0" "$@" {how}', HAWSER, *words,
                             text="a\n")
        check(status == wanted and hint in err,
              f"{words} {how}: {status}, {err!r}")


def what_no_pong_confirms_has_not_been_sent(folder):
    """A peer that talks, but never answers PINGs: has it read the message?"""
    url = url_of(hawser_server("--pings", "off"), "/blast?count=1000000000")
    words = ["send", "-o", "confirm.timeout=50ms", url, "x"]
    status, _, err = hawser(*words)
    check(status == 5 and "not known" in err, f"{status}, {err!r}")
    status, _, err = hawser(*words[:1], "-o", "confirm=none", *words[1:])
    check(status == 0, f"{status}, {err!r}")


def quiet_tells_why_it_failed_and_no_more(folder):
    url = url_of(hawser_server(), "/nowhere")
    _, _, err = hawser("cat", "-q", url)
    check(err.count("\n") == 1 and "404" in err, err)
    _, _, err = hawser("cat", "-q", "--json", url)
    check(err.count("\n") == 1 and json.loads(err)["http_status"] == 404, err)


def the_log_is_json_too(folder):
    _, _, err = hawser("cat", "-vv", "--json", url_of(hawser_server()))
    lines = [json.loads(line) for line in err.splitlines()]
    check(any("log" in line for line in lines), err)


def headers_and_names_are_said(folder):
    server = Scripted(answer("404 Not Found"))
    hawser("cat", "-H", "X-One: 1", "-H", "X-Two: 2", "--protocol", "a,b",
           "--origin", "https://here.example", "--basic-auth", "me:secret",
           server.url)
    request = server.requests[0].lower()
    for header in ["x-one: 1", "x-two: 2", "origin: https://here.example",
                   "authorization: basic bwu6c2vjcmv0"]:
        check(request.count(f"\r\n{header}\r\n") == 1,
              f"{header} is not once in {request}")
    check("\r\nsec-websocket-protocol: a" in request, request)


def send_reads_stdin_too(folder):
    server = hawser_server("--print", at="ws://127.0.0.1:0/sink")
    status, _, err = hawser("send", "--json", "-v", url_of(server),
                            text="one\ntwo\n")
    check(status == 0, f"{status}, {err}")
    server.line_with("two")
    check(json.loads(err.splitlines()[-1]) ==
          {"sent": 2, "settled": 2, "left": 0}, err)


if __name__ == "__main__":
    main(cat_prints_what_comes_back, many_lines_come_back_in_order,
         a_small_spool_makes_stdin_wait, cat_ends_by_itself_and_soon,
         bytes_stay_what_they_are, a_line_that_is_not_text_is_told,
         json_lines_are_json, one_message_is_enough,
         a_reader_who_leaves_ends_it, no_close_goes_on_until_interrupted,
         an_interrupt_before_the_first_connection_is_no_success,
         the_second_endpoint_is_tried, it_sends_again_what_was_not_confirmed,
         exit_status_tells_the_class,
         closed_streams_are_told_and_nothing_hangs,
         what_no_pong_confirms_has_not_been_sent,
         quiet_tells_why_it_failed_and_no_more, the_log_is_json_too,
         headers_and_names_are_said,
         send_reads_stdin_too)
