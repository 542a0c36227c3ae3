"""Every kind of bad peer: the event names the cause, the link goes on or fails
as it should, the exit status has the class, and memory stays small."""

import json
import os
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

from links import QUICK, BadServer, Link, for_each, nobody
from processes import (HAWSER, check, hawser, hawser_server, main,
                       wait_until)
from scripted import Scripted, hold, upgrade

SOON = ("-o", "dial.timeout=500ms")
SMALL = ("-o", "message.max=64KiB")
USAGE, UNREACHABLE, REFUSED, TIMEOUT, LEFTOVER = 1, 2, 3, 4, 5


def judge(url, state, status, hint, wanted=None, options=()):
    """One link to url: its first event that ends an attempt is state, with
    hint in its sentence, and all of wanted."""
    link = Link(url, *options)
    event = link.first("waiting", "failed")
    link.check_peak()
    was_up = "up" in link.states()
    said = f"{event}"
    check(event["state"] == state, said)
    check(hint in event["error"], f"no \"{hint}\" in {said}")
    if state == "waiting":
        check(event.get("delay_ms", 0) > 0 and event["attempt"] == 1, said)
    else:
        check("delay_ms" not in event, said)
    for name, value in (wanted or {}).items():
        check(event.get(name) == value if not callable(value)
              else value(event.get(name)), f"{name} in {said}")
    ended = link.interrupt() if state == "waiting" else link.end()
    # What a peer did after it had let the link come up left a message.
    if state == "waiting" and was_up:
        status = LEFTOVER
    check(ended == status, f"exit status {ended}, not {status}, after {said}")


def judge_all(server, *cases):
    for_each([(server.url(path), *case) for path, *case in cases], judge)


def answers_that_are_no_upgrade_are_told(folder):
    def http(number):
        return {"http_status": number}

    with BadServer() as server:
        judge_all(
            server,
            ("status/200", "waiting", REFUSED, "does not speak WebSocket",
             http(200)),
            ("status/301", "waiting", REFUSED, "ws://elsewhere.example/there",
             http(301)),
            ("status/401", "failed", REFUSED, "401 Unauthorized", http(401)),
            ("status/403", "failed", REFUSED, "403 Forbidden", http(403)),
            ("status/404", "failed", REFUSED, "404 Not Found", http(404)),
            ("status/429", "waiting", UNREACHABLE, "429 Too Many", http(429)),
            ("status/500", "waiting", UNREACHABLE, "500 Internal", http(500)),
            ("status/503", "waiting", UNREACHABLE, "503 Service", http(503)),
            ("answer/wrong_accept", "waiting", UNREACHABLE,
             "wrong Sec-WebSocket-Accept"),
            ("answer/no_accept", "waiting", UNREACHABLE,
             "no Sec-WebSocket-Accept"),
            ("answer/no_upgrade", "waiting", UNREACHABLE, "Upgrade"),
            ("answer/protocol", "waiting", UNREACHABLE,
             "subprotocol \"unasked\""),
            ("answer/extension", "waiting", UNREACHABLE, "permessage-deflate"),
            ("answer/body", "waiting", UNREACHABLE, "body"),
            ("answer/ssh", "waiting", UNREACHABLE, "SSH-2.0-OpenSSH"),
            ("answer/binary", "waiting", UNREACHABLE, "not HTTP"),
            ("answer/no_status", "waiting", UNREACHABLE, "no status"))


def retry_after_is_obeyed(folder):
    """The backoff's own waits are a millisecond here."""
    def between(low, high):
        return {"delay_ms": lambda delay: low <= delay <= high}

    with BadServer() as server:
        judge_all(
            server,
            ("status/429/7", "waiting", UNREACHABLE, "429",
             between(7000, 8000), QUICK),
            ("status/503/7", "waiting", UNREACHABLE, "503",
             between(7000, 8000), QUICK),
            ("status/429/in_a_minute", "waiting", UNREACHABLE, "429",
             between(40000, 61000), QUICK),
            ("status/503/soon", "waiting", UNREACHABLE, "503", between(1, 100),
             QUICK),
            ("status/503/-5", "waiting", UNREACHABLE, "503", between(1, 100),
             QUICK),
            ("close/1012", "waiting", UNREACHABLE, "1012", between(5000, 30000),
             QUICK),
            ("close/1013", "waiting", UNREACHABLE, "1013", between(5000, 30000),
             QUICK))


def a_peer_that_never_gets_ready_is_left_after_dial_timeout(folder):
    with BadServer() as server:
        judge_all(server, *[
            (path, "waiting", TIMEOUT, "dial.timeout: ", None, SOON)
            for path in ("drip", "never", "half_a_header", "answer/begun")])
    stopped = hawser_server()
    stopped.signal(signal.SIGSTOP)
    judge(f"ws://127.0.0.1:{stopped.port}/", "waiting", TIMEOUT,
          "dial.timeout: ", None, SOON)


def a_header_without_end_costs_nothing(folder):
    with BadServer() as server:
        judge_all(server, *[
            (f"endless_header/{kind}", "waiting", UNREACHABLE, "too long")
            for kind in ("name", "value", "lines")])


def whoever_hangs_up_before_the_upgrade_is_told(folder):
    with BadServer() as server:
        judge_all(
            server,
            ("hang_up", "waiting", UNREACHABLE, "hung up before it answered"),
            ("reset", "waiting", UNREACHABLE, "Connection reset by peer"),
            ("answer/begun/cut", "waiting", UNREACHABLE, "hung up"),
            ("answer/half/cut", "waiting", UNREACHABLE, "hung up"))


def frames_that_break_the_protocol_are_named(folder):
    with BadServer() as server:
        judge_all(server, *[
            (f"frame/{name}", "waiting", UNREACHABLE, hint, None, SMALL)
            for name, hint in (
                ("masked", "masked frame"),
                ("rsv1", "reserved bits"),
                ("rsv3", "reserved bits"),
                ("not_utf8", "text that is not UTF-8"),
                ("not_utf8_cut", "text that is not UTF-8"),
                ("not_utf8_fragments", "text that is not UTF-8"),
                ("close_1", "close frame of length 1"),
                ("close_999", "code 999"),
                ("close_1005", "code 1005"),
                ("close_reason", "close reason that is not UTF-8"),
                ("huge", "frame of 2^63 bytes"),
                ("large", "above message.max"),
                ("over", "above message.max (65536 bytes)"),
                ("control_fragment", "control frame in fragments"),
                ("control_long", "control frame above 125 bytes"),
                ("unknown", "unknown kind 3"),
                ("continuation", "that it had not begun"),
                ("amid", "in the middle of another"))])


def fragments_without_end_are_cut_at_message_max(folder):
    with BadServer() as server:
        judge_all(server, *[
            (f"endless_fragments/{size}", "waiting", UNREACHABLE,
             "above message.max", None, SMALL) for size in (1, 1000, 65536)])


def empty_fragments_without_end_cost_nothing(folder):
    """They break no rule and no limit, so the link stays up."""
    sent = [0]

    def fragments(wire, request):
        upgrade(wire, request)
        wire.sendall(b"\x02\x01x")
        while True:
            sent[0] += wire.send(b"\x00\x00" * 32768)

    link = Link(Scripted(fragments).url)
    link.first("up")
    wait_until(lambda: sent[0] > 8 << 20, "it stopped reading")
    link.check_peak()
    check(link.states()[-1] == "up", link.text(link.err))
    check(link.interrupt() == LEFTOVER, link.text(link.err))


def messages_that_nobody_reads_stop_the_peer(folder):
    """The peer sends on and on, and nobody reads what cat prints."""
    sent, stuck = [0], []

    def flood(wire, request):
        upgrade(wire, request)
        wire.settimeout(2)
        block = (b"\x82\x7e\x10\x00" + b"x" * 4096) * 64
        try:
            while sent[0] < 300 << 20:
                sent[0] += wire.send(block)
        except socket.timeout:
            pass
        stuck.append(sent[0])

    cat = Unread("cat", "-U", Scripted(flood).url)
    wait_until(lambda: stuck, "the peer was never made to wait", 60)
    check(stuck[0] < 100 << 20, f"it took {stuck[0]} bytes")
    cat.check_peak()
    cat.kill()


class Unread(Link):
    """hawser with a stdout that is a full pipe."""

    def __init__(self, *words):
        self.pipe, end = os.pipe()
        self.command = [HAWSER, *words]
        self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                      stdout=end)
        os.close(end)

    def kill(self):
        super().kill()
        os.close(self.pipe)


def a_goodbye_is_told_with_code_and_reason(folder):
    def code(number, reason=None):
        return {"close_code": number, "reason": reason}

    with BadServer() as server:
        judge_all(
            server,
            ("close/none", "waiting", UNREACHABLE, "without a code",
             code(1005)),
            ("close/1000", "waiting", UNREACHABLE, "1000", code(1000)),
            ("close/1001/bye", "waiting", UNREACHABLE, "1001: bye",
             code(1001, "bye")),
            ("close/1003", "failed", REFUSED, "1003", code(1003)),
            ("close/1007", "failed", REFUSED, "1007", code(1007)),
            ("close/1008/who", "failed", REFUSED, "1008", code(1008, "who")),
            ("close/1010", "failed", REFUSED, "1010", code(1010)),
            ("close/1011", "waiting", UNREACHABLE, "1011", code(1011)),
            ("close/1012", "waiting", UNREACHABLE, "1012", code(1012)),
            ("close/1013", "waiting", UNREACHABLE, "1013", code(1013)),
            ("close/4000/own", "waiting", UNREACHABLE, "4000: own",
             code(4000, "own")))


def words_of_the_peer_choose_no_class(folder):
    for reason in (b"TLS: no", b"timed out", b"dial.timeout: no"):
        def close(wire, request):
            upgrade(wire, request)
            wire.sendall(bytes([0x88, 2 + len(reason)]) + b"\x0f\xa0" + reason)
            hold(wire)

        judge(Scripted(close).url, "failed", UNREACHABLE, reason.decode(),
              {"close_code": 4000}, ("-o", "on.close=fail"))


def a_connection_that_breaks_off_is_told(folder):
    with BadServer() as server:
        judge_all(server, *[
            (f"cut/{how}", "waiting", UNREACHABLE, "in the middle of a message")
            for how in ("head", "length", "payload", "message")],
            ("cut/between", "waiting", UNREACHABLE, "without a goodbye"),
            ("reset_later", "waiting", UNREACHABLE, "Connection reset by peer"))


def certificates_that_prove_nothing_are_named(folder):
    with BadServer("tls_server.py") as server:
        def case(name, hint):
            return (server.url("echo", "wss"), "failed", REFUSED, hint, None,
                    ("-o", f"tls.ca={server.note}/ca.pem", "-o",
                     f"tls.server_name={name}.test"))

        for_each([
            case("self", "TLS: self-signed certificate"),
            case("expired", "TLS: certificate has expired"),
            case("future", "TLS: certificate is not yet valid"),
            case("stranger", "TLS: certificate is signed by an authority that"),
            case("elsewhere", "TLS: certificate is for another name than "
                 "elsewhere.test"),
            case("client", "certificate required")], judge)


def tls_and_plain_do_not_meet(folder):
    with BadServer("tls_server.py") as tls:
        judge(tls.url("echo"), "waiting", UNREACHABLE, "hung up")
    # It answers a ClientHello with HTTP 400.
    judge(f"wss://127.0.0.1:{hawser_server().port}/", "failed", REFUSED, "TLS: ")


def files_that_can_not_be_read_are_ours_to_blame(folder):
    url = nobody().replace("ws:", "wss:")
    (folder / "no.pem").write_text("no certificate\n", encoding="ascii")
    judge(url, "failed", USAGE, "/nowhere.pem: No such file", None,
          ("--cacert", "/nowhere.pem"))
    judge(url, "failed", USAGE, "tls.ca", None, ("--cacert", folder / "no.pem"))


def nobody_is_told(folder):
    refused, unknown = nobody(), "ws://no.such.name.invalid/"
    judge(refused, "waiting", UNREACHABLE, "connect: Connection refused")
    judge(unknown, "waiting", UNREACHABLE, "resolve no.such.name.invalid: ")
    failed = Link(refused, *QUICK, "-o", "attempts.max=3")
    event = failed.first("failed")
    check("refused" in event["error"], f"{event}")
    check(failed.states().count("dialing") == 3, failed.text(failed.err))
    check(failed.end() == UNREACHABLE, failed.text(failed.err))


def a_silent_peer_is_lost(folder):
    """One that never answers PINGs, and one that is stopped once it is up."""
    beats = ("-o", "heartbeat.interval=100ms", "-o", "heartbeat.timeout=500ms")
    mute = hawser_server("--pings", "off")
    judge(f"ws://127.0.0.1:{mute.port}/sink", "waiting", UNREACHABLE,
          "heartbeat.timeout: ", None, beats)
    with BadServer() as server:
        judge_all(server, ("mute", "waiting", UNREACHABLE, "heartbeat.timeout",
                           None, beats),
                  ("ping_flood", "waiting", UNREACHABLE, "heartbeat.timeout",
                   None, beats))

    stopped = hawser_server()
    cat = Link(f"ws://127.0.0.1:{stopped.port}/", *beats, command=("cat",),
               stdin=subprocess.PIPE)
    cat.first("up")
    stopped.signal(signal.SIGSTOP)
    event = cat.first("waiting")
    check("heartbeat.timeout: " in event["error"], f"{event}")
    check(event["delay_ms"] > 0, f"{event}")
    # Nothing was asked of it that was not done.
    check(cat.interrupt() == 0, cat.text(cat.err))


def each_verdict_is_ours_to_choose(folder):
    """retry, next and fail of every on.… option, with one and two endpoints."""
    good = f"ws://127.0.0.1:{hawser_server().port}/"
    with BadServer() as server, BadServer("tls_server.py") as tls:
        table = [
            ("on.unreachable", nobody()),
            ("on.tls", tls.url("echo", "wss")),
            ("on.http_401", server.url("status/401")),
            ("on.http_403", server.url("status/403")),
            ("on.http_404", server.url("status/404")),
            ("on.http", server.url("status/500")),
            ("on.protocol", server.url("frame/masked")),
            ("on.too_big", server.url("frame/over")),
            ("on.close_1003", server.url("close/1003")),
            ("on.close_1008", server.url("close/1008")),
            ("on.close", server.url("close/1000")),
        ]
        _, out, _ = hawser("options", "on.", "--json")
        names = {row["name"] for row in json.loads(out)}
        # on.config is about this side: see files_that_can_not_be_read….
        check(names - {"on.config"} == {name for name, _ in table}, f"{names}")
        for_each([(name, bad, good) for name, bad in table], judge_verdicts)


def judge_verdicts(name, bad, good):
    alone = Link(bad, *SMALL, "-o", f"{name}=retry")
    check(alone.first("waiting", "failed")["state"] == "waiting",
          f"retry: {alone.states()}")
    alone.interrupt()
    for verdict in ("fail", "next"):
        alone = Link(bad, *SMALL, "-o", f"{name}={verdict}")
        check(alone.first("waiting", "failed")["state"] == "failed",
              f"{verdict}, alone: {alone.states()}")
        alone.end()

    failed = Link([bad, good], *SMALL, "-o", f"{name}=fail")
    failed.first("failed")
    check(failed.end() in (UNREACHABLE, REFUSED), failed.text(failed.err))
    check(all(event["endpoint"] == bad for event in failed.events()),
          f"fail: {failed.text(failed.err)}")
    for verdict in ("next", "retry"):
        moved = Link([bad, good], *SMALL, "-o", f"{name}={verdict}")
        check(moved.end() == 0, f"{verdict}: {moved.text(moved.err)}")
        check([event["endpoint"] for event in moved.events()
               if event["state"] == "up"][-1] == good,
              f"{verdict}: {moved.text(moved.err)}")


if __name__ == "__main__":
    main(answers_that_are_no_upgrade_are_told, retry_after_is_obeyed,
         a_peer_that_never_gets_ready_is_left_after_dial_timeout,
         a_header_without_end_costs_nothing,
         whoever_hangs_up_before_the_upgrade_is_told,
         frames_that_break_the_protocol_are_named,
         fragments_without_end_are_cut_at_message_max,
         empty_fragments_without_end_cost_nothing,
         messages_that_nobody_reads_stop_the_peer,
         a_goodbye_is_told_with_code_and_reason,
         words_of_the_peer_choose_no_class,
         a_connection_that_breaks_off_is_told,
         certificates_that_prove_nothing_are_named, tls_and_plain_do_not_meet,
         files_that_can_not_be_read_are_ours_to_blame, nobody_is_told,
         a_silent_peer_is_lost, each_verdict_is_ours_to_choose)
