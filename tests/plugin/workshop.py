"""Builds shared objects with transports, good and bad, outside of the tree."""

import os
import pathlib
import shlex
import subprocess

SOURCE = pathlib.Path(os.environ["HAWSER_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["HAWSER_BUILD_DIR"])
SANITIZE = os.environ.get("HAWSER_SANITIZE", "")
EXAMPLE = SOURCE / "examples" / "transport-packet"
CONFORMANCE = (BUILD / "tests" / "conformance" / "program" /
               "hawser-conformance")
CALLS = ["opened", "writable", "passed", "received", "refused", "alive",
         "lost", "note", "name"]


def run(*command, **more):
    return subprocess.run([str(word) for word in command], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **more)


def must(*command, **more):
    done = run(*command, **more)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(map(str, command))} gave "
                             f"{done.returncode}:\n{done.stdout}")
    return done.stdout


def compile_c(source, target, *flags):
    sanitize = [f"-fsanitize={SANITIZE}"] if SANITIZE else []
    must(os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O1", "-g",
         "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror",
         *sanitize, "-I", SOURCE / "include", *flags, source, "-o", target)
    return target


def bad_plugin(target, *flags):
    return compile_c(SOURCE / "tests" / "plugin" / "bad.c", target, "-shared",
                     *flags)


def _link(target, objects):
    sanitize = [f"-fsanitize={SANITIZE}"] if SANITIZE else []
    must(os.environ.get("CC", "cc"), "-shared", *sanitize, *objects, "-o",
         target, "-luv")
    return target


def _compile_example(folder, name, *flags):
    return [compile_c(path, folder / f"{name}-{path.stem}.o", "-c", *flags)
            for path in sorted(EXAMPLE.glob("*.c"))]


def example(folder):
    return _link(folder / "packet.so", _compile_example(folder, "packet"))


def faulty(folder):
    renamed = [f"-Dhawser_port_{call}=fault_{call}" for call in CALLS]
    renamed += ["-Dhawser_setting_text=fault_setting_text",
                "-Dhawser_setting_number=fault_setting_number",
                "-Dhawser_transport_1=honest_transport"]
    own = compile_c(SOURCE / "tests" / "plugin" / "faulty.c",
                    folder / "faulty.o", "-c")
    return _link(folder / "faulty.so",
                 [own, *_compile_example(folder, "renamed", *renamed)])


def conformance(plugin, *flags, fault="none"):
    """The program's exit status, and what it prints."""
    done = run(CONFORMANCE, "--load", plugin, "--without", "topics",
               *flags, "--partner", "packet://{dir}/{n}?bind=1",
               "packet://{dir}/{n}",
               env=dict(os.environ, HAWSER_FAULT=fault))
    return done.returncode, done.stdout
