#!/usr/bin/python3
"""hawser-conformance: the transports that have a partner built in, and the
example outside the tree, which passes, and does not pass with a fault in it."""

import os
import pathlib
import sys
import tempfile
import unittest

import workshop

SLOW = 8 if workshop.SANITIZE else 3

# Each fault, and a promise that it breaks, with a word of the sentence.
BREAKS = [
    ("opens_twice", "a_wire_opens_once_and_before_all_else", "opened twice"),
    ("receives_before_opened", "a_wire_opens_once_and_before_all_else",
     "received before opened"),
    ("opens_inside_dial", "a_wire_opens_once_and_before_all_else",
     "opened from inside dial"),
    ("speaks_after_close",
     "a_wire_that_is_closed_before_it_opens_says_nothing", "after close"),
    ("speaks_inside_close",
     "a_wire_that_is_closed_before_it_opens_says_nothing",
     "from inside close"),
    ("tells_another_cause", "an_endpoint_where_nobody_is_loses_the_wire", ""),
    ("takes_any_url", "a_malformed_url_is_refused_with_a_sentence", "accepts"),
    ("refuses_without_a_sentence",
     "a_malformed_url_is_refused_with_a_sentence", "without a sentence"),
    ("writes_past_a_sentence", "a_sentence_of_check_is_cut_to_the_size_given",
     "sentence"),
    ("leaves_a_handle", "stop_leaves_nothing_on_the_loop", "handle"),
    ("mixes_wires", "the_wires_of_a_site_do_not_mix", ""),
    ("dials_once", "after_a_loss_the_endpoint_is_dialled_again",
     "once is enough"),
    ("cuts_sent", "messages_of_every_size_arrive_whole", "not what was sent"),
    ("cuts_received", "messages_of_every_size_are_received_whole",
     "not what was sent"),
    ("swaps_sent", "a_burst_arrives_in_order", "not what was sent"),
    ("takes_too_many", "a_burst_arrives_in_order", "send took"),
    ("refuses_what_it_was_not_given", "a_burst_arrives_in_order", "refused("),
    ("refuses_outside_of_send", "a_peer_that_speaks_is_alive",
     "refused from outside of send"),
    ("reorders", "a_burst_is_received_in_order", "not what was sent"),
    ("repeats", "a_burst_is_received_in_order", "not what was sent"),
    ("drops", "both_ways_at_once_do_not_mix", ""),
    ("forgets_kinds", "kinds_are_kept", "another kind"),
    ("takes_nothing_large", "an_empty_wire_takes_a_message_of_any_size",
     "does not take"),
    ("takes_all", "a_wire_whose_peer_does_not_read_takes_no_more", "32 MiB"),
    ("never_writable", "writable_comes_once_the_peer_reads_again", ""),
    ("never_writable", "writable_comes_beside_what_the_peer_says", ""),
    ("writable_without_need", "writable_does_not_come_where_all_was_taken",
     "writable"),
    ("gauge_without_backlog", "what_is_written_shows_on_the_gauge", "behind"),
    ("never_deaf", "a_wire_that_does_not_listen_receives_no_more", ""),
    ("stays_deaf", "a_wire_that_listens_again_has_missed_nothing", ""),
    ("seems_dead", "a_peer_that_speaks_is_alive", "alive"),
    ("drops_the_largest", "the_largest_message_is_received", "message.max"),
    ("ignores_the_limit", "a_message_above_the_limit_loses_the_wire", ""),
    ("passes_never", "a_barrier_passes_on_an_idle_wire", "does not pass"),
    ("passes_another", "a_barrier_passes_on_an_idle_wire", "passed(2)"),
    ("passes_early", "a_barrier_passes_behind_what_was_taken", "before"),
    ("passes_early", "a_barrier_does_not_pass_a_peer_that_does_not_read",
     "does not read"),
    ("passes_early", "a_barrier_does_not_pass_a_peer_that_left_without_reading",
     "passes"),
    ("passes_once", "a_barrier_asked_anew_passes_with_its_own_number",
     "does not pass"),
    ("passes_once", "barriers_pass_one_after_the_other", "does not pass"),
    ("seems_dead", "a_peer_that_passes_barriers_is_alive", "alive"),
    ("swallows_the_last", "a_goodbye_comes_behind_what_was_taken",
     "not all arrives"),
    ("forgets_the_code", "a_goodbye_has_its_code_and_reason", "code"),
    ("another_ordinary_code", "the_ordinary_goodbye_is_1000", "code"),
    ("cuts_politely", "a_wire_that_is_closed_as_cut_says_no_goodbye",
     "goodbye"),
    ("speaks_after_close", "nothing_is_said_after_close", "after close"),
    ("lost_twice", "the_peers_goodbye_loses_the_wire_behind_what_it_said",
     "lost after lost"),
    ("receives_after_lost",
     "the_peers_goodbye_loses_the_wire_behind_what_it_said", ""),
    ("lost_without_a_sentence",
     "the_peers_goodbye_loses_the_wire_behind_what_it_said", "sentence"),
    ("tells_another_code", "the_peers_goodbye_is_told_with_code_and_reason",
     "code"),
    ("tells_another_cause", "a_wire_that_is_cut_is_lost_with_a_reset",
     "something else"),
    ("never_lost", "a_wire_that_is_cut_while_it_sends_is_lost", "not lost"),
    ("speaks_after_close", "closing_beside_the_peers_goodbye_says_nothing",
     ""),
    ("crashes", "a_burst_arrives_in_order", "crashes"),
]


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="hawser-plugin-")
        work = pathlib.Path(cls.folder.name)
        cls.example = workshop.example(work)
        cls.faulty = workshop.faulty(work)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def passes(self, said, name):
        self.assertIn(f"{name}: ", said)
        self.assertNotIn("FAILED", said)
        self.assertGreater(said.count("ok: "), 30)

    def test_the_transports_with_a_partner_built_in_pass(self):
        for scheme in ["inproc", "ws", "wss", "sim"]:
            with self.subTest(scheme):
                done = workshop.run(workshop.CONFORMANCE, f"{scheme}://")
                self.assertEqual(done.returncode, 0, done.stdout)
                self.passes(done.stdout, scheme)

    def test_the_example_passes(self):
        status, said = workshop.conformance(self.example)
        self.assertEqual(status, 0, said)
        self.passes(said, "packet")
        self.assertEqual(said.count("skipped: "), 1)

    def test_the_example_passes_with_calls_that_are_handed_on(self):
        status, said = workshop.conformance(self.faulty)
        self.assertEqual(status, 0, said)

    def test_each_fault_breaks_a_promise(self):
        for fault, promise, words in BREAKS:
            with self.subTest(fault):
                status, said = workshop.conformance(
                    self.faulty, "--only", promise, "--wait", SLOW,
                    fault=fault)
                print(f"{fault}: {said.splitlines()[0]}")
                self.assertEqual(status, 1, said)
                self.assertIn(f"FAILED: {promise}: ", said)
                self.assertIn(words, said)

    def test_each_promise_is_broken_by_a_fault(self):
        listed = workshop.must(workshop.CONFORMANCE, "--list").split()
        broken = {promise for _, promise, _ in BREAKS}
        self.assertEqual(set(listed) - broken, {"topics_are_kept"})

    def test_what_it_cannot_do_is_said(self):
        for words, flags in [
                ("there must be one", []),
                ("no URL", ["nonsense"]),
                ("no transport has the scheme", ["nothing://x"]),
                ("No such file", ["--load", "/nowhere", "x://"]),
                ("no such promise", ["--only", "eternity", "inproc://"]),
                ("not known", ["--without", "mercy", "inproc://"]),
                ("1..3600", ["--wait", "0", "inproc://"]),
                ("NAME=VALUE", ["-o", "threads", "inproc://"]),
                ("the nearest is", ["-o", "thread=1", "inproc://"]),
                ("partner of its own", ["ws://127.0.0.1:80/"]),
                ("write it as", ["--load", self.example, "packet://x"]),
                ("no promise was played", ["--only", "topics_are_kept",
                                           "ws://"]),
        ]:
            with self.subTest(words):
                done = workshop.run(workshop.CONFORMANCE, *flags)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn(words, done.stdout)


if __name__ == "__main__":
    if not os.environ.get("HAWSER_BUILD_DIR") or \
            not workshop.CONFORMANCE.exists():
        print("HAWSER_BUILD_DIR names no build with hawser-conformance")
        sys.exit(77)
    unittest.main(verbosity=2)
