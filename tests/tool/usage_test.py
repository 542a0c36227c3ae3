"""What the tool says when asked for help, or asked wrongly."""

import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

from processes import HAWSER, check, hawser, main, run

COMMANDS = ["demo", "cat", "send", "serve", "bench", "options", "version"]


def help_is_on_stdout(folder):
    status, out, err = hawser("--help")
    check(status == 0 and err == "", f"{status}, {err!r}")
    for command in COMMANDS:
        check(f"\n  {command} " in out, f"--help does not name {command}")
        for words in [[command, "--help"], [command, "-h"], ["help", command]]:
            status, text, err = hawser(*words)
            check(status == 0 and err == "", f"{words}: {status}, {err!r}")
            check(text.startswith(f"hawser {command} - ") and
                  "\nExamples:\n" in text, f"{words}: {text[:80]!r}")
            check(all(len(line) <= 80 for line in text.splitlines()),
                  f"{words}: a line is too long")
            check(all(line == line.rstrip() for line in text.splitlines()),
                  f"{words}: a line ends in a space")


def nothing_asked_is_usage(folder):
    status, out, err = hawser()
    check(status == 1 and out == "" and "Usage:" in err, f"{status}, {err!r}")


def wrong_words_are_usage(folder):
    cases = [
        (["nonsense"], "nonsense"),
        (["cat"], "URL"),
        (["cat", "--nonsense", "ws://127.0.0.1:1/"], "--nonsense"),
        (["cat", "-X", "ws://127.0.0.1:1/"], "-X"),
        (["cat", "-o"], "missing"),
        (["cat", "-o", "confirm", "ws://127.0.0.1:1/"], "NAME=VALUE"),
        (["cat", "-o", "backof.max=1s", "ws://127.0.0.1:1/"], "backoff.max"),
        (["cat", "-o", "backoff.max=1y", "ws://127.0.0.1:1/"], "backoff.max"),
        (["cat", "-o", "confirm=maybe", "ws://127.0.0.1:1/"], "none"),
        (["cat", "--timeout", "soon", "ws://127.0.0.1:1/"], "soon"),
        (["cat", "--binary=1", "ws://127.0.0.1:1/"], "no value"),
        (["cat", "gopher://127.0.0.1:1/"], "gopher"),
        (["cat", "ws://"], "ws://"),
        (["cat", "ws://user@127.0.0.1/"], "auth.user"),
        (["cat", "-H", "no colon", "ws://127.0.0.1:1/"], "no colon"),
        (["cat", "--basic-auth", "joe", "ws://127.0.0.1:1/"], "--basic-auth"),
        (["cat", ""], "URL"),
        (["send"], "URL"),
        (["bench"], "rtt"),
        (["bench", "speed", "ws://127.0.0.1:1/"], "rtt"),
        (["bench", "rtt"], "URL"),
        (["bench", "growth"], "URL"),
        (["bench", "storm", "ws://127.0.0.1:1/"], "own servers"),
        (["bench", "rtt", "ws://127.0.0.1:1/", "--threads", "65"], "from 0"),
        (["bench", "rtt", "ws://127.0.0.1:1/", "--count", "0"], "from 1"),
        (["bench", "rtt", "ws://127.0.0.1:1/", "--size", "1EiB"], "1EiB"),
        (["demo", "--kills", "0"], "from 1"),
        (["demo", "operand"], "its own server"),
        (["options", "nonsense"], "no option"),
        (["version", "nonsense"], "no operand"),
    ]
    for words, hint in cases:
        status, out, err = hawser(*words)
        check(status == 1, f"{words}: {status}, {err!r}")
        check(out == "" and hint in err, f"{words}: no \"{hint}\" in {err!r}")


def a_wrong_url_is_named_once(folder):
    for url in ["foo", "gopher://127.0.0.1:1/", "ws://127.0.0.1:99999/"]:
        _, _, err = hawser("send", url, "x")
        check(err.count(url) == 1, f"{url}: {err!r}")


def a_wrong_environment_is_named(folder):
    status, _, err = run("env", "HAWSER_BASIC_AUTH=joe", HAWSER, "send",
                         "ws://127.0.0.1:1/", "x")
    check(status == 1 and "HAWSER_BASIC_AUTH" in err, f"{status}, {err!r}")


def what_can_not_be_written_is_no_success(folder):
    """On a full disk, and where stdout was closed."""
    for words in [["version"], ["--help"], ["cat", "--help"], ["options"],
                  ["options", "--json"]]:
        for where in [">/dev/full", ">&-"]:
            status, _, err = run("bash", "-c", f'"$0" "$@" {where}', HAWSER,
                                 *words)
            check(status == 1 and err.startswith("hawser: stdout: "),
                  f"{words} {where}: {status}, {err!r}")


def version_is_a_number(folder):
    for words in ["version", "--version", "-V"]:
        status, out, _ = hawser(words)
        name, number = out.split()
        check(status == 0 and name == "hawser" and
              all(part.isdigit() for part in number.split(".")), out)


def options_are_the_table(folder):
    status, out, _ = hawser("options", "--json")
    rows = json.loads(out)
    check(status == 0 and len(rows) > 50, f"{status}, {len(rows)} rows")
    names = [row["name"] for row in rows]
    check("backoff.max" in names and "threads" in names, names)
    _, text, _ = hawser("options")
    _, table, _ = hawser("options", "--markdown")
    for row in rows:
        check(f"\n{row['name']} = " in f"\n{text}", f"no {row['name']}")
        check(f"`{row['name']}`" in table, f"no {row['name']}")
        check(row["sentence"] in text, row["sentence"])
    _, some, _ = hawser("options", "backoff.", "--json")
    check({row["name"] for row in json.loads(some)} ==
          {name for name in names if name.startswith("backoff.")}, some)


if __name__ == "__main__":
    main(help_is_on_stdout, nothing_asked_is_usage, wrong_words_are_usage,
         a_wrong_url_is_named_once, a_wrong_environment_is_named,
         what_can_not_be_written_is_no_success,
         version_is_a_number, options_are_the_table)
