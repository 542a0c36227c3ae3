#!/usr/bin/python3
"""Each rule passes a small good tree and fails it with one thing wrong."""

import pathlib
import subprocess
import tempfile
import unittest

import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]

GOOD = {
    "include/hawser/status.h": """\
// hawser/status.h - what a call can answer.
#ifndef HAWSER_STATUS_H
#define HAWSER_STATUS_H

typedef enum hawser_status { HAWSER_OK = 0 } hawser_status;

#endif
""",
    "src/values/text.h": """\
// text.h - a text.
#ifndef HW_VALUES_TEXT_H
#define HW_VALUES_TEXT_H

#include <hawser/status.h>

hawser_status
hw_text(void);

#endif
""",
    "src/actors/sender.h": """\
// sender.h - the sender's role.
#ifndef HW_ACTORS_SENDER_H
#define HW_ACTORS_SENDER_H

extern const int hw_sender;

#endif
""",
    "src/actors/sender.c": """\
// sender.c - the write half of each wire.
#include "actors/sender.h"

#include "values/text.h"

const int hw_sender = HAWSER_OK;
""",
    "src/README.md": """\
# The tour

| file | idea |
|---|---|
| `values/text.h` | a text |

## actors

- `sender.[ch]`: the write half of each wire
""",
    "transports/ws/ws.c": """\
// ws.c - WebSocket.
#include <hawser/status.h>
#include <string.h>

int hawser_ws = HAWSER_OK;
""",
    "tests/values/text_test.c": """\
// text_test.c - tests of text.c.
int
main(void)
{
    return 0;
}
""",
}


class Rules(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="hawser-tidy-")
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name).resolve()
        self.write(".clang-format",
                   (ROOT / ".clang-format").read_text(encoding="utf-8"))
        for name, text in GOOD.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def add(self, name, text):
        path = self.root / name
        had = path.read_text(encoding="utf-8") if path.exists() else ""
        self.write(name, had + text)

    def passes(self, rule, *more):
        self.assertEqual(rule(self.root, *more), [])

    def fails(self, rule, word, *more):
        findings = rule(self.root, *more)
        self.assertTrue(any(word in finding for finding in findings),
                        f"{word!r} is not in {findings}")

    def test_a_good_tree_passes_every_rule(self):
        for rule in [rules.rooms_look_left,
                     rules.outsiders_see_the_public_headers, rules.no_cycles,
                     rules.libraries_stay_in_their_room,
                     rules.actors_do_not_know_each_other,
                     rules.headers_compile_alone,
                     rules.public_headers_are_plain, rules.the_tour_is_whole,
                     rules.no_unsafe_calls, rules.files_say_what_they_are,
                     rules.lines_fit, rules.unit_tests_do_not_sleep,
                     rules.layout_is_clang_formats,
                     rules.nothing_of_the_workplace]:
            with self.subTest(rule.__name__):
                self.passes(rule)

    def test_a_look_to_the_right_is_found(self):
        self.add("src/values/text.h", '#include "actors/sender.h"\n')
        self.fails(rules.rooms_look_left, "actors is to the right of values")

    def test_an_include_without_its_room_is_found(self):
        self.add("src/actors/sender.c", '#include "sender.h"\n')
        self.fails(rules.rooms_look_left, "room/file.h")

    def test_an_include_of_nothing_is_found(self):
        self.add("src/actors/sender.c", '#include "values/none.h"\n')
        self.fails(rules.rooms_look_left, "no such file")

    def test_a_transport_that_sees_a_room_is_found(self):
        self.add("transports/ws/ws.c", '#include "values/text.h"\n')
        self.fails(rules.outsiders_see_the_public_headers, "nothing else")

    def test_a_transport_that_climbs_out_is_found(self):
        self.add("transports/ws/ws.c", '#include "../../src/values/text.h"\n')
        self.fails(rules.outsiders_see_the_public_headers, "way out")

    def test_a_cycle_is_found(self):
        self.add("src/values/text.h", '#include "values/word.h"\n')
        self.add("src/values/word.h", '#include "values/text.h"\n')
        self.fails(rules.no_cycles,
                   "src/values/text.h -> src/values/word.h -> "
                   "src/values/text.h")

    def test_zeromq_outside_the_post_is_found(self):
        self.add("src/actors/sender.c", "#include <zmq.h>\n")
        self.fails(rules.libraries_stay_in_their_room, "src/post")

    def test_libuv_outside_the_loop_is_found(self):
        self.add("src/values/text.h", "#include <uv.h>\n")
        self.fails(rules.libraries_stay_in_their_room, "src/loop")

    def test_an_actor_that_knows_another_is_found(self):
        self.add("src/actors/queue.c", '#include "actors/sender.h"\n')
        self.fails(rules.actors_do_not_know_each_other, "queue.c")

    def built(self):
        folder = self.root / "out" / "actors"
        folder.mkdir(parents=True)
        subprocess.run(["cc", "-c", "-I", self.root / "src", "-I",
                        self.root / "include",
                        self.root / "src/actors/sender.c", "-o",
                        folder / "sender.c.o"], check=True)
        return self.root / "out"

    def test_an_actor_with_one_symbol_passes(self):
        self.passes(rules.actors_export_one_symbol, self.built())

    def test_an_actor_with_two_symbols_is_found(self):
        self.add("src/actors/sender.c", "int hw_more;\n")
        self.fails(rules.actors_export_one_symbol, "hw_more", self.built())

    def test_an_actor_that_was_not_built_is_found(self):
        self.fails(rules.actors_export_one_symbol, "no object",
                   self.root / "src")

    def test_a_header_that_needs_another_is_found(self):
        self.write("src/values/text.h",
                   "// text.h - a text.\nextern uint32_t hw_text;\n")
        self.fails(rules.headers_compile_alone, "text.h does not compile")

    def test_an_extension_in_a_public_header_is_found(self):
        self.write("include/hawser/status.h",
                   "struct hawser_status { int zero[0]; };\n")
        self.fails(rules.public_headers_are_plain, "plain C11")

    def test_a_public_header_that_is_no_cpp_is_found(self):
        self.write("include/hawser/status.h",
                   "typedef struct hawser_status { int class; } "
                   "hawser_status;\n")
        self.fails(rules.public_headers_are_plain, "plain C++")

    def test_a_file_that_the_tour_misses_is_found(self):
        self.write("src/values/word.h", "")
        self.fails(rules.the_tour_is_whole, "values/word.h has no line")

    def test_a_tour_that_names_no_file_is_found(self):
        self.add("src/README.md", "- `actors/queue.c`: order\n")
        self.fails(rules.the_tour_is_whole, "queue.c, which is no file")

    def test_a_file_named_in_passing_has_no_line(self):
        self.write("src/values/word.h", "")
        self.add("src/README.md", "- `sender.c` uses `values/word.h`\n")
        self.fails(rules.the_tour_is_whole, "values/word.h has no line")

    def printer(self, text):
        path = self.root / "print_docs"
        path.write_text(f"#!/bin/sh\nprintf '{text} %s\\n' \"$1\"\n",
                        encoding="utf-8")
        path.chmod(0o755)
        return path

    def test_papers_that_equal_the_code_pass(self):
        for name in ["letters", "link_life", "options"]:
            self.write(f"docs/{name}.md", f"This is {name}\n")
        self.passes(rules.papers_equal_the_code, self.printer("This is"))

    def test_a_paper_that_is_behind_the_code_is_found(self):
        for name in ["letters", "link_life", "options"]:
            self.write(f"docs/{name}.md", f"That was {name}\n")
        self.fails(rules.papers_equal_the_code, "-That was options",
                   self.printer("This is"))

    def test_each_unsafe_call_is_found(self):
        for name in rules.BANNED_CALLS:
            with self.subTest(name):
                self.write("src/values/text.c",
                           f"// text.c - a text.\nint x = {name}(y);\n")
                self.fails(rules.no_unsafe_calls, f"text.c:2: {name}: use")

    def test_a_call_in_a_comment_or_text_is_none(self):
        self.write("src/values/text.c",
                   '// gets(x) is bad\nconst char *x = "gets(x)";\n')
        self.passes(rules.no_unsafe_calls)

    def test_a_file_that_does_not_say_what_it_is_is_found(self):
        self.write("src/values/text.c", "int x;\n")
        self.fails(rules.files_say_what_they_are, "src/values/text.c:1")

    def test_a_long_line_is_found(self):
        self.add("src/values/text.h", "// " + "x" * 78 + "\n")
        self.fails(rules.lines_fit, "81 columns")

    def test_a_long_line_in_a_table_passes(self):
        self.add("src/values/text.h", "// clang-format off\n// " + "x" * 78 +
                 "\n// clang-format on\n")
        self.passes(rules.lines_fit)

    def test_a_test_that_sleeps_is_found(self):
        self.add("tests/values/text_test.c", "int x = usleep(1);\n")
        self.fails(rules.unit_tests_do_not_sleep, "text_test.c:7")

    def test_a_layout_of_ones_own_is_found(self):
        self.add("src/actors/sender.c", "int  x ( void ) ;\n")
        self.fails(rules.layout_is_clang_formats, "sender.c")

    def test_a_path_of_the_workplace_is_found(self):
        self.add("src/README.md", "see /" + "work/shared\n")
        self.fails(rules.nothing_of_the_workplace, "path of the workplace")

    def test_a_registrys_host_is_found(self):
        self.add("src/README.md", "from https://" + "registry.example.org/x\n")
        self.fails(rules.nothing_of_the_workplace, "package registry")


if __name__ == "__main__":
    unittest.main(verbosity=2)
