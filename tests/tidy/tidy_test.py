#!/usr/bin/python3
"""Holds the tree to the rules in rules.py."""

import os
import pathlib
import unittest

import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get("HAWSER_BUILD_DIR", "")
# Instrumented objects have symbols that nobody wrote.
PLAIN = not os.environ.get("HAWSER_SANITIZE", "")


class Tidy(unittest.TestCase):
    def holds(self, rule, *more):
        findings = rule(ROOT, *more)
        if findings:
            self.fail(f"{rule.__doc__}\n" + "\n".join(findings))

    def test_rooms_look_left(self):
        self.holds(rules.rooms_look_left)

    def test_outsiders_see_the_public_headers(self):
        self.holds(rules.outsiders_see_the_public_headers)

    def test_no_cycles(self):
        self.holds(rules.no_cycles)

    def test_libraries_stay_in_their_room(self):
        self.holds(rules.libraries_stay_in_their_room)

    def test_actors_do_not_know_each_other(self):
        self.holds(rules.actors_do_not_know_each_other)

    @unittest.skipUnless(BUILD and PLAIN, "needs a plain build")
    def test_actors_export_one_symbol(self):
        self.holds(rules.actors_export_one_symbol, BUILD)

    def test_headers_compile_alone(self):
        self.holds(rules.headers_compile_alone)

    def test_public_headers_are_plain(self):
        self.holds(rules.public_headers_are_plain)

    def test_the_tour_is_whole(self):
        self.holds(rules.the_tour_is_whole)

    @unittest.skipUnless(BUILD, "needs a build")
    def test_papers_equal_the_code(self):
        self.holds(rules.papers_equal_the_code,
                   pathlib.Path(BUILD) / "tests" / "print_docs")

    def test_no_unsafe_calls(self):
        self.holds(rules.no_unsafe_calls)

    def test_files_say_what_they_are(self):
        self.holds(rules.files_say_what_they_are)

    def test_lines_fit(self):
        self.holds(rules.lines_fit)

    def test_unit_tests_do_not_sleep(self):
        self.holds(rules.unit_tests_do_not_sleep)

    def test_layout_is_clang_formats(self):
        self.holds(rules.layout_is_clang_formats)

    def test_nothing_of_the_workplace(self):
        self.holds(rules.nothing_of_the_workplace)


if __name__ == "__main__":
    unittest.main(verbosity=2)
