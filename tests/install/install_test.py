#!/usr/bin/python3
"""Installs Hawser under a prefix of its own, and builds and runs a program
outside the tree against it: through pkg-config and through find_package, with
the shared library and with the archive."""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = os.environ.get("HAWSER_BUILD_DIR", "")
SANITIZED = os.environ.get("HAWSER_SANITIZE", "")


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(map(str, command))} "
                             f"gave {done.returncode}:\n{done.stdout}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="hawser-install-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.prefix = cls.work / "prefix"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)
        pc = next(cls.prefix.rglob("hawser.pc"))
        cls.libdir = pc.parent.parent
        # cmake --install --prefix moves the files; hawser.pc was written when
        # the tree was configured, so pkg-config is told of the prefix.
        cls.pkg_config = ["pkg-config", f"--define-variable=prefix={cls.prefix}"]
        cls.environment = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent),
                               LD_LIBRARY_PATH=str(cls.libdir))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def version(self):
        return run(*self.pkg_config, "--modversion", "hawser",
                   env=self.environment).strip()

    def build_and_run(self, name, *flags):
        program = self.work / name
        run(os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra",
            "-Wpedantic", "-Werror",
            f'-DSTRANGER_EXPECTS="{self.version()}"',
            HERE / "stranger.c", "-o", program, *flags)
        said = run(program, env=self.environment)
        self.assertEqual(said.strip(), f"hawser {self.version()}")
        return program

    def test_pkg_config_leads_to_the_shared_library(self):
        flags = run(*self.pkg_config, "--cflags", "--libs", "hawser",
                    env=self.environment).split()
        self.assertIn("-lhawser", flags)
        self.assertNotIn("-lzmq", flags)
        program = self.build_and_run("shared", *flags)
        needs = run("ldd", program, env=self.environment)
        self.assertIn("libhawser.so.0", needs)

    def test_pkg_config_static_leads_to_the_archive(self):
        flags = run(*self.pkg_config, "--static", "--cflags", "--libs",
                    "hawser", env=self.environment).split()
        flags = ["-l:libhawser.a" if flag == "-lhawser" else flag
                 for flag in flags]
        program = self.build_and_run("static", *flags)
        self.assertNotIn("libhawser", run("ldd", program))

    def test_find_package_leads_to_both(self):
        build = self.work / "build"
        run("cmake", "-G", "Ninja", "-S", HERE, "-B", build,
            f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", build)
        for kind in "hawser", "hawser_static":
            said = run(build / f"stranger_{kind}")
            self.assertEqual(said.strip(), f"hawser {self.version()}")

    def test_every_public_header_is_installed(self):
        ours = {path.name for path in
                (HERE.parents[1] / "include" / "hawser").glob("*.h")}
        there = {path.name for path in
                 (self.prefix / "include" / "hawser").glob("*.h")}
        self.assertEqual(there, ours)

    def test_the_tool_runs_where_it_was_installed(self):
        tool = self.prefix / "bin" / "hawser"
        if not tool.exists() and not os.environ.get("HAWSER"):
            self.skipTest("the tool was not built")
        bare = {"PATH": os.environ["PATH"]}
        self.assertIn(self.version(), run(tool, "version", env=bare))

    def test_a_transport_is_built_outside_the_tree_and_passes(self):
        build = self.work / "transport"
        source = HERE.parents[1] / "examples" / "transport-packet"
        run("cmake", "-G", "Ninja", "-S", source, "-B", build,
            f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_C_FLAGS=-Wall "
            "-Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Werror")
        run("cmake", "--build", build)
        plugin = build / "packet.so"
        self.assertIn("libhawser.so.0", run("ldd", plugin))
        said = run(self.prefix / "bin" / "hawser-conformance", "--load",
                   plugin, "--without", "topics", "--partner",
                   "packet://{dir}/{n}?bind=1", "packet://{dir}/{n}",
                   env={"PATH": os.environ["PATH"]})
        self.assertIn("packet: 42 kept, 0 broken, 1 skipped", said)

    def test_only_hawsers_own_names_leave_the_library(self):
        library = next(self.libdir.glob("libhawser.so.0.*"))
        names = [line.split()[-1] for line in
                 run("nm", "-D", "--defined-only", library).splitlines()]
        self.assertTrue(names)
        for name in names:
            self.assertTrue(name.startswith("hawser_"), name)

    def test_the_library_is_named_for_its_major_version(self):
        library = self.libdir / "libhawser.so"
        said = run("readelf", "-d", library)
        self.assertIn("[libhawser.so.0]", said)


if __name__ == "__main__":
    if SANITIZED:
        print("skipped: a sanitized library asks for a sanitized program")
        sys.exit(77)
    if not BUILD or not shutil.which("pkg-config"):
        print("HAWSER_BUILD_DIR names no build, or pkg-config is missing")
        sys.exit(1)
    unittest.main(verbosity=2)
