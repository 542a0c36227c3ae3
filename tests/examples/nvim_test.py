"""hawser rpc, and examples/nvim.c, against a Neovim that is killed."""

import json
import os
import pathlib
import shutil
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

from processes import Process, check, hawser, main, wait_until

BUILD = pathlib.Path(os.environ["HAWSER_BUILD_DIR"])
ERROR, TIMEOUT, UNREACHABLE, USAGE = 6, 4, 2, 1


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


def nvim(at):
    """Listening at HOST:PORT, or at a path."""
    editor = Process("nvim", "--headless", "--clean", "--listen", at)

    def answers():
        family, where = socket.AF_UNIX, at
        if not at.startswith("/"):
            host, port = at.split(":")
            family, where = socket.AF_INET, (host, int(port))
        with socket.socket(family) as wire:
            return wire.connect_ex(where) == 0

    wait_until(answers, f"nvim does not listen at {at}")
    return editor


def both_kinds_of_sockets_answer(folder):
    at = f"127.0.0.1:{free_port()}"
    nvim(at)
    nvim(f"{folder}/nvim")
    for url in (f"tcp://{at}", f"unix://{folder}/nvim"):
        status, out, err = hawser("rpc", url, "nvim_eval", '"1+1"')
        check((status, out) == (0, "2\n"), f"{url}: {status} {out} {err}")


def json_goes_in_and_comes_out(folder):
    at = f"127.0.0.1:{free_port()}"
    nvim(at)
    for value in (None, True, -5, 2**53, 1.5, "text \u00e9\n\"", [], [1, [2]],
                  {"a": {"b": []}}):
        status, out, err = hawser("rpc", f"tcp://{at}", "nvim_set_var",
                                  '"hawser"', "--", json.dumps(value))
        check(status == 0, f"{value}: {status} {err}")
        status, out, err = hawser("rpc", f"tcp://{at}", "nvim_get_var",
                                  '"hawser"')
        check(status == 0 and json.loads(out) == value, f"{value}: {out} {err}")
    status, out, _ = hawser("rpc", f"tcp://{at}", "nvim_get_current_buf")
    check(out == '{"$ext":[0,"AQ=="]}\n', out)
    status, out, _ = hawser("rpc", f"tcp://{at}", "nvim_buf_line_count",
                            out.strip())
    check((status, out) == (0, "1\n"), f"{status} {out}")


def each_failure_has_its_exit_status(folder):
    at = f"127.0.0.1:{free_port()}"
    editor = nvim(at)
    url = f"tcp://{at}"
    status, _, err = hawser("rpc", url, "nvim_nothing")
    check(status == ERROR and "Invalid method" in err, f"{status} {err}")
    status, _, err = hawser("rpc", url, "nvim_eval", "1+1")
    check(status == USAGE and "not JSON" in err, f"{status} {err}")
    status, _, err = hawser("rpc", "--timeout", "200ms", url, "nvim_call_function",
                            '"getchar"', "[]")
    check(status == TIMEOUT and "may have run" in err, f"{status} {err}")
    editor.kill()
    status, _, err = hawser("rpc", "--timeout", "200ms", url, "nvim_get_mode")
    check(status == UNREACHABLE and "before it was sent" in err,
          f"{status} {err}")


def notifications_do_what_they_say(folder):
    at = f"127.0.0.1:{free_port()}"
    editor = nvim(at)
    status, _, err = hawser("rpc", "--notify", f"tcp://{at}", "nvim_command",
                            '"qall!"')
    check(status == 0, err)
    check(editor.end() == 0, "nvim does not quit")


def every_call_ends_though_nvim_is_killed(folder):
    """Each in exactly one of result, error, lost, timeout."""
    at = f"127.0.0.1:{free_port()}"
    editor = nvim(at)
    calls = Process(os.environ["HAWSER"], "rpc", "--json", "--repeat", "60000",
                    "--parallel", "64", "--timeout", "10s", "-o",
                    "backoff.min=10ms", f"tcp://{at}", "nvim_eval", '"1+1"')
    wait_until(lambda: any("up" in line for _, line in calls.err) or
               calls.child.poll() is not None, "it does not connect", 20)
    editor.kill()
    nvim(at)
    calls.end()
    summary = json.loads(calls.out[-1][1])
    ends = {name: summary[name] for name in (
        "result", "error", "lost", "timeout", "cancelled", "closed", "refused")}
    print(ends)
    check(sum(ends.values()) == 60000, f"{ends}")
    check(ends["result"] + ends["lost"] == 60000 and ends["lost"] <= 64,
          f"{ends}")


def ends_of(calls):
    """What rpc_threads_client printed last, by name."""
    return {name: int(number) for name, number in (
        part.split() for part in calls.out[-1][1].split(", "))}


def four_threads_get_each_its_own_answers(folder):
    at = f"127.0.0.1:{free_port()}"
    nvim(at)
    calls = Process(BUILD / "tests" / "rpc_threads_client", f"tcp://{at}", 4, 25000)
    status = calls.end(120)
    ends = ends_of(calls)
    print(ends)
    check(status == 0 and ends["result"] == 100000 and ends["wrong"] == 0,
          f"{status} {ends}")


def four_threads_call_though_nvim_is_killed(folder):
    at = f"127.0.0.1:{free_port()}"
    editor = nvim(at)
    calls = Process(BUILD / "tests" / "rpc_threads_client", f"tcp://{at}", 4, 25000)
    calls.line_with("under way")
    editor.kill()
    nvim(at)
    status = calls.end(120)
    ends = ends_of(calls)
    print(ends)
    check(status == 0 and sum(ends.values()) == 100000, f"{status} {ends}")
    # No more can have been under way, and those that no wire had taken wait.
    check(0 < ends["lost"] <= 4 * 64 and
          ends["lost"] + ends["result"] == 100000, f"{ends}")


def the_example_survives_nvim(folder):
    at = f"127.0.0.1:{free_port()}"
    editor = nvim(at)
    example = Process(BUILD / "examples" / "example_nvim", f"tcp://{at}")
    example.line_with("line: tick 3")
    editor.kill()
    example.line_with("waiting")
    nvim(at)
    check(example.end() == 0, example.text(example.out))
    lines = [line for _, line in example.out]
    later = lines[next(i for i, line in enumerate(lines)
                       if line.startswith("waiting")):]
    check(any(line.startswith("line: ") for line in later), f"{lines}")


if __name__ == "__main__":
    if shutil.which("nvim") is None:
        print("skipped: there is no nvim")
        sys.exit(77)
    main(both_kinds_of_sockets_answer, json_goes_in_and_comes_out,
         each_failure_has_its_exit_status, notifications_do_what_they_say,
         every_call_ends_though_nvim_is_killed,
         four_threads_get_each_its_own_answers,
         four_threads_call_though_nvim_is_killed, the_example_survives_nvim)
