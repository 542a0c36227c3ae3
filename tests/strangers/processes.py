"""Processes that a test starts, watches, and ends by their own ids.

Nothing here sleeps to be right: every wait has a condition and a deadline."""

import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
HAWSER = os.environ.get("HAWSER") or "hawser"
# Sanitized builds, and machines with others at work, are slower.
PATIENCE = 4 if os.environ.get("HAWSER_SANITIZE") else 1

_running = []


class Failed(Exception):
    """What a test says when it fails."""


def check(fact, sentence):
    if not fact:
        raise Failed(sentence)


def wait_until(condition, sentence, seconds=20):
    """The first true answer of condition."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failed(f"waited {seconds * PATIENCE} s: {sentence}")
        time.sleep(0.005)


def need(program):
    """Skips the test where a stranger is not installed."""
    if shutil.which(program) is None:
        print(f"skipped: there is no {program} here")
        sys.exit(77)


class Process:
    """A child whose stdout and stderr are read line by line, with times."""

    def __init__(self, *command, stdin=subprocess.DEVNULL, env=None):
        self.command = [str(word) for word in command]
        self.child = subprocess.Popen(
            self.command, stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
        self.out, self.err = [], []
        self._lines = queue.Queue()
        self._readers = [self._read(self.child.stdout, self.out),
                         self._read(self.child.stderr, self.err)]
        _running.append(self)

    def _read(self, stream, lines):
        def run():
            for line in stream:
                lines.append((time.time(), line.decode("utf-8", "replace")
                              .rstrip("\n")))
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    @property
    def pid(self):
        return self.child.pid

    def text(self, stream):
        return "\n".join(line for _, line in stream)

    def say(self, text):
        self.child.stdin.write(text.encode())
        self.child.stdin.flush()

    def line_with(self, words, stream=None, seconds=20):
        """(time, line) of the first line that holds words."""
        lines = self.out if stream is None else stream

        def look():
            for found in list(lines):
                if words in found[1]:
                    return found
            if self.child.poll() is not None and not any(
                    reader.is_alive() for reader in self._readers):
                raise Failed(f"{self} ended with {self.child.returncode}, "
                             f"without \"{words}\"; it said:\n"
                             f"{self.text(self.out)}\n{self.text(self.err)}")
            return None

        return wait_until(look, f"{self} does not say \"{words}\"", seconds)

    def signal(self, number):
        if self.child.poll() is None:
            os.kill(self.child.pid, number)

    def kill(self):
        """-9, and waits until it is gone."""
        self.signal(signal.SIGKILL)
        self.child.wait()

    def end(self, seconds=30):
        """Waits for its own end; its exit status."""
        try:
            status = self.child.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self} does not end; it said:\n"
                         f"{self.text(self.out)[-2000:]}\n"
                         f"{self.text(self.err)[-2000:]}") from None
        for reader in self._readers:
            reader.join()
        return status

    def __str__(self):
        return " ".join(self.command)[:200]


class Server(Process):
    """A child that prints "listening … PORT" once it can be reached."""

    def __init__(self, *command, env=None):
        super().__init__(*command, env=env)
        _, line = self.line_with("listening")
        self.port = int(line.replace("/", " ").replace(":", " ").split()[-1])


def python_server(*words):
    return Server(PYTHON, HERE / "python_server.py", *words)


def node_server(*words):
    return Server("node", HERE / "node_server.js", *words,
                  env={"NODE_PATH": os.environ.get("NODE_PATH",
                                                   "/usr/share/nodejs")})


def hawser_server(*words, at="ws://127.0.0.1:0"):
    return Server(HAWSER, "serve", *words, at)


def run(*command, text="", seconds=30):
    """Runs to the end; (status, stdout, stderr)."""
    try:
        done = subprocess.run(
            [str(word) for word in command], timeout=seconds * PATIENCE,
            input=text if isinstance(text, bytes) else text.encode(),
            capture_output=True, check=False)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{' '.join(map(str, command))[:200]} does not end; "
                     f"it said:\n{late.stdout}\n{late.stderr}") from None
    return (done.returncode, done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"))


def hawser(*words, text="", seconds=30):
    return run(HAWSER, *words, text=text, seconds=seconds)


def main(*tests):
    """Runs each test(folder) in a folder of its own. Exits 0 or 1."""
    failures = 0
    wanted = sys.argv[1:]
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hawser-test-"))
        start = time.monotonic()
        try:
            test(folder)
            print(f"ok      {test.__name__} "
                  f"({time.monotonic() - start:.1f} s)", flush=True)
        except Failed as failure:
            failures += 1
            print(f"FAILED  {test.__name__}: {failure}", flush=True)
        finally:
            for process in _running:
                process.signal(signal.SIGCONT)
                process.kill()
            _running.clear()
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failures else 0)
