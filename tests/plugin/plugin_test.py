#!/usr/bin/python3
"""Transports from shared objects: what is refused at the door, and what
becomes of one that breaks the rules once it is in."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

import workshop

HAWSER = os.environ.get("HAWSER", "")
PATIENCE_S = 30


def load(*paths):
    """The client's answers: (status, sentence) for each path, and for none."""
    done = workshop.must(workshop.BUILD / "tests" / "plugin_client", *paths)
    return [tuple(line.split(" ", 1)) for line in done.splitlines()]


class Door(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="hawser-plugin-")
        cls.work = pathlib.Path(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def refused(self, path, status, words):
        answer = load(path)[0]
        print(*answer)
        self.assertEqual(answer[0], status, answer)
        self.assertIn(words, answer[1])
        self.assertIn(str(path)[:200], answer[1])

    def bad(self, name, status, words, *flags):
        path = workshop.bad_plugin(self.work / f"{name}.so", *flags)
        self.refused(path, status, words)

    def test_what_is_no_shared_object(self):
        text = self.work / "text.so"
        text.write_text("no shared object\n", encoding="ascii")
        empty = self.work / "empty.so"
        empty.touch()
        stump = self.work / "stump.so"
        stump.write_bytes(b"\177ELF and no more")
        pipe = self.work / "pipe.so"
        os.mkfifo(pipe)
        self.refused(self.work / "nowhere.so", "UNKNOWN", "No such file")
        self.refused(self.work, "INVALID", "it is no shared object")
        self.refused(text, "INVALID", "it is no shared object")
        self.refused(empty, "INVALID", "it is no shared object")
        self.refused(pipe, "INVALID", "it is no shared object")
        self.refused(stump, "INVALID", "")
        self.refused(HAWSER, "INVALID", "")
        self.refused("x" * 5000, "UNKNOWN", "File name too long")

    def test_what_exports_no_transport(self):
        self.bad("other", "INVALID", "it exports no hawser_transport_1",
                 "-DSYMBOL=hawser_transport_2")

    def test_what_needs_what_is_not_there(self):
        source = self.work / "needs.c"
        source.write_text("void gone(void); void here(void);"
                          "void here(void) { gone(); }\n", encoding="ascii")
        path = workshop.compile_c(source, self.work / "needs.so", "-shared",
                                  "-fvisibility=default")
        self.refused(path, "INVALID", "undefined symbol: gone")

    def test_another_version(self):
        self.bad("version", "UNSUPPORTED",
                 "it was made for version 7 of transport.h, and this Hawser "
                 "has version 1", "-DABI=7")

    def test_a_missing_verb(self):
        for verb in ["start", "stop", "check", "dial", "send", "listen",
                     "close"]:
            with self.subTest(verb):
                self.bad(f"no-{verb}", "INVALID",
                         f"its transport has no verb {verb}",
                         f"-DLACKS_{verb}")

    def test_schemes(self):
        for name, schemes, words in [
                ("none", "", "it names no scheme"),
                ("spaces", "  ", "it names no scheme"),
                ("digit", "1bad", '"1bad" is no scheme'),
                ("capital", "Bad", '"Bad" is no scheme'),
                ("colon", "good bad://", '"bad://" is no scheme'),
                ("long", "x" * 32, "is no scheme"),
                ("ws", "bad ws", "the scheme ws:// has a transport already"),
        ]:
            with self.subTest(name):
                self.bad(name, "INVALID", words,
                         f'-DSCHEMES="{schemes}"')
        self.bad("null", "INVALID", "it names no scheme", "-DSCHEMES=(void*)0")

    def test_a_scheme_is_taken_by_who_comes_first(self):
        one = workshop.bad_plugin(self.work / "one.so")
        two = workshop.bad_plugin(self.work / "two.so")
        link = self.work / "link.so"
        link.symlink_to(one)
        answers = load(one, two, one, link)
        self.assertEqual([answer[0] for answer in answers],
                         ["OK", "INVALID", "OK", "OK", "INVALID"])
        self.assertIn("the scheme bad:// has a transport already",
                      answers[1][1])
        self.assertEqual(answers[4][1], "a path is missing")

    def test_there_is_room_for_so_many(self):
        paths = [workshop.bad_plugin(self.work / f"many-{i}.so",
                                     f'-DSCHEMES="many{i}"')
                 for i in range(33)]
        answers = [answer[0] for answer in load(*paths)]
        self.assertIn("OK", answers)
        self.assertEqual(answers[32], "FULL")
        full = answers.index("FULL")
        self.assertEqual(set(answers[:full]), {"OK"})

    def test_the_tool_says_it(self):
        done = workshop.run(HAWSER, "send", "-o", "transport.load=/nowhere",
                            "ws://127.0.0.1:1/", "x")
        self.assertEqual(done.returncode, 1)
        self.assertIn("transport /nowhere: No such file", done.stdout)

    def test_a_file_without_a_slash_is_in_this_folder(self):
        workshop.bad_plugin(self.work / "here.so")
        done = workshop.run(HAWSER, "send", "-o", "transport.load=here.so",
                            "bad://x", "x", cwd=self.work)
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("here.so", done.stdout)
        self.assertIn("bad://x", done.stdout)


class Peer:
    """hawser cat on a packet:// URL; its output goes to a file."""

    def __init__(self, work, name, plugin, url, *flags, fault="none"):
        self.path = work / f"{name}.txt"
        self.file = self.path.open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [HAWSER, "cat", "-v", "-o", f"transport.load={plugin}",
             "-o", "backoff.min=10ms", "-o", "backoff.max=50ms",
             "-o", "heartbeat.interval=50ms", *flags, url],
            stdin=subprocess.PIPE, stdout=self.file, stderr=self.file,
            text=True, env=dict(os.environ, HAWSER_FAULT=fault))

    def said(self):
        return self.path.read_text(encoding="utf-8")

    def write(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def waits_for(self, pattern):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            if re.search(pattern, self.said()):
                return True
            time.sleep(0.01)  # between two looks
        return re.search(pattern, self.said()) is not None

    def finish(self):
        """Its exit status, once all that it was given is delivered."""
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE_S)
        finally:
            status = self.end()
        return status

    def end(self):
        """Its exit status, asked to end."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.stdin.close()
            self.file.close()


class InTheBus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="hawser-plugin-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.example = workshop.example(cls.work)
        cls.faulty = workshop.faulty(cls.work)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def peers(self, name, fault, *flags):
        url = f"packet://{self.work}/{name}.sock"
        far = Peer(self.work, f"{name}-far", self.example, f"{url}?bind=1")
        near = Peer(self.work, f"{name}-near", self.faulty, url, *flags,
                    fault=fault)
        return far, near

    def breaks(self, fault, pattern, *flags, text="hello\n"):
        far, near = self.peers(fault, fault, *flags)
        try:
            near.write(text)
            seen = near.waits_for(pattern)
            print(f"{fault}: {re.findall(pattern, near.said())[:1]}")
            self.assertTrue(seen, near.said())
        finally:
            status = near.end()
            far.end()
        self.assertIn(status, (0, 2, 5), near.said())
        self.assertNotIn("Sanitizer", near.said())

    def test_without_a_fault_messages_go_both_ways(self):
        far, near = self.peers("none", "none", "-o", "confirm=peer")
        try:
            near.write("hello\n")
            self.assertTrue(far.waits_for("(?m)^hello$"), far.said())
            far.write("good day\n")
            self.assertTrue(near.waits_for("(?m)^good day$"), near.said())
        finally:
            self.assertEqual(near.finish(), 0, near.said())
            far.end()

    def test_a_rule_that_is_broken_loses_the_wire(self):
        for fault, pattern in [
                ("opens_twice", "broke a rule: opened twice"),
                ("opens_inside_dial",
                 "broke a rule: opened from inside a verb"),
                ("receives_before_opened",
                 "broke a rule: received before opened"),
                ("passes_another",
                 r"broke a rule: passed\(\d+\), with \d+ asked"),
                ("takes_too_many", r"broke a rule: send took \d+ of \d+"),
                ("refuses_what_it_was_not_given",
                 "broke a rule: refused what send was not given"),
                ("speaks_on_a_thread",
                 "broke a rule: called on another thread than its loop's"),
        ]:
            with self.subTest(fault):
                self.breaks(fault, pattern)

    def test_what_is_said_of_a_wire_that_is_gone_is_logged(self):
        for fault in ["speaks_after_close", "speaks_inside_close"]:
            with self.subTest(fault):
                # The wire is closed because it breaks another rule.
                far, near = self.peers(fault, fault, "-vv")
                try:
                    self.assertTrue(near.waits_for("up"), near.said())
                finally:
                    near.end()
                    far.end()
                print(re.findall("broke a rule: .*", near.said())[:1])
                self.assertRegex(near.said(),
                                 "broke a rule: alive after close or lost")
                self.assertNotIn("Sanitizer", near.said())


if __name__ == "__main__":
    if not HAWSER:
        print("HAWSER names no tool")
        sys.exit(77)
    unittest.main(verbosity=2)
