"""The rules of the house. Each takes the root of a tree and gives a list of
findings, each a sentence that says where and what; an empty list is a clean
tree. rules_test.py feeds each a small tree that breaks it."""

import concurrent.futures
import difflib
import os
import pathlib
import re
import shutil
import subprocess

ROOMS = ["base", "values", "disk", "post", "loop", "wire", "actors", "front",
         "rpc"]
ACTORS = ["supervisor", "queue", "sender", "receiver", "backoff", "heartbeat"]

# A library's header, and the only folders where it may be included.
KEPT_APART = {
    "zmq.h": ["src/post"],
    "uv.h": ["src/loop"],
    "lmdb.h": ["src/disk"],
    "libwebsockets.h": [],
    "wslay/wslay.h": [],
}

BANNED_CALLS = {
    "strcpy": "snprintf, or memcpy with the size known",
    "strcat": "snprintf",
    "strncpy": "snprintf, or memcpy with the size known",
    "strncat": "snprintf",
    "sprintf": "snprintf",
    "vsprintf": "vsnprintf",
    "gets": "fgets",
    "strtok": "strcspn and strspn",
    "atoi": "strtol, which tells a number from none",
    "atol": "strtol, which tells a number from none",
    "atof": "strtod, which tells a number from none",
}

CODE_FOLDERS = ["include", "src", "transports", "tools", "examples", "bench",
                "tests", "bindings"]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def run(*command, cwd=None):
    return subprocess.run([str(word) for word in command], cwd=cwd, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)


def files_of(root, *patterns, folders=None):
    found = []
    for folder in folders or CODE_FOLDERS:
        for pattern in patterns:
            found += (root / folder).rglob(pattern)
    return sorted(path for path in found
                  if "node_modules" not in path.parts
                  and not any(part.startswith("build") for part in
                              path.relative_to(root).parts[:-1]))


def code_of(root, folders=None):
    return files_of(root, "*.c", "*.h", folders=folders)


def short(root, path):
    return path.relative_to(root).as_posix()


def includes(path):
    """("<" or '"', name) of each include."""
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def without_comments_and_texts(source):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))

    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                  blank, source, flags=re.S)


# ---- who may include whom ----

def rooms_look_left(root):
    """A file of src/ includes from its own room and from rooms to its left."""
    findings = []
    for path in code_of(root, ["src"]):
        room = path.relative_to(root / "src").parts[0]
        if room not in ROOMS:
            continue
        for mark, name in includes(path):
            if mark == "<":
                continue
            other = name.split("/")[0]
            where = f"{short(root, path)} includes \"{name}\""
            if "/" not in name or other not in ROOMS:
                findings.append(f"{where}: write it as \"room/file.h\"")
            elif ROOMS.index(other) > ROOMS.index(room):
                findings.append(f"{where}: {other} is to the right of {room}")
            elif not (root / "src" / name).exists():
                findings.append(f"{where}: there is no such file")
    return findings


def rpc_sees_the_public_headers(root):
    """src/rpc could live outside: hawser/*.h, msgpack.h and its own files."""
    return [f"{short(root, path)} includes \"{name}\": rpc/ stands on the "
            "public headers"
            for path in code_of(root, ["src/rpc"])
            for mark, name in includes(path)
            if mark == '"' and not name.startswith("rpc/")]


def outsiders_see_the_public_headers(root):
    """Transports, the tool, examples and benches stand on hawser/*.h only."""
    findings = []
    for top in ["transports", "tools", "examples", "bench", "bindings"]:
        for path in code_of(root, [top]):
            own = path.relative_to(root / top).parts[0]
            for mark, name in includes(path):
                where = f"{short(root, path)} includes {name}"
                first = name.split("/")[0]
                if first == "hawser":
                    if mark != "<":
                        findings.append(f"{where}: write it as <{name}>")
                    elif not (root / "include" / name).exists():
                        findings.append(f"{where}: there is no such header")
                elif mark == '"' and not (path.parent / name).exists() and not (
                        first in (own, "shared") and
                        (root / top / name).exists()):
                    findings.append(f"{where}: {top}/ sees hawser/*.h, its "
                                    "own files and what is shared there, "
                                    "nothing else of ours")
                elif mark == '"' and ".." in name.split("/"):
                    findings.append(f"{where}: no way out of its folder")
    return findings


def no_cycles(root):
    """Includes never form a cycle."""
    graph = {}
    bases = [root / "include", root / "src", root / "transports",
             root / "tests"]
    for path in files_of(root, "*.h"):
        graph[path] = [base / name for _, name in includes(path)
                       for base in [path.parent, *bases]
                       if (base / name).exists()]
    findings, done = [], set()

    def visit(path, trail):
        if path in trail:
            ring = trail[trail.index(path):] + [path]
            findings.append("a cycle: " + " -> ".join(
                short(root, each) for each in ring))
            return
        if path in done:
            return
        for other in graph.get(path, []):
            visit(other, trail + [path])
        done.add(path)

    for path in graph:
        visit(path, [])
    return findings


def libraries_stay_in_their_room(root):
    """zmq.h only in src/post, uv.h only in src/loop, of src/."""
    findings = []
    for path in code_of(root, ["src"]):
        for _, name in includes(path):
            rooms = KEPT_APART.get(name)
            if rooms is not None and short(root, path.parent) not in rooms:
                allowed = ", ".join(rooms) or "transports"
                findings.append(f"{short(root, path)} includes {name}, which "
                                f"belongs in {allowed}")
    return findings


def actors_do_not_know_each_other(root):
    """No file of src/actors includes an actor's header, but the actor itself."""
    findings = []
    for path in code_of(root, ["src/actors"]):
        for _, name in includes(path):
            folder, _, file = name.rpartition("/")
            stem = file.removesuffix(".h")
            if folder == "actors" and stem in ACTORS and stem != path.stem:
                findings.append(f"{short(root, path)} includes {name}: actors "
                                "say letters to each other, nothing else")
    return findings


def actors_export_one_symbol(root, objects):
    """The object of each actor defines one global symbol, its role. objects is
    the folder that they were built in."""
    findings = []
    for actor in ACTORS:
        source = root / "src" / "actors" / f"{actor}.c"
        if not source.exists():
            continue
        found = sorted(pathlib.Path(objects).rglob(f"actors/{actor}.c.o"))
        if not found:
            findings.append(f"{short(root, source)}: no object was built of it")
            continue
        listed = run("nm", "--defined-only", "--extern-only", found[0])
        names = [line.split()[-1] for line in listed.stdout.splitlines()]
        if len(names) != 1:
            findings.append(f"{short(root, source)} exports {len(names)} "
                            f"symbols, not one: {', '.join(names)}")
    return findings


# ---- headers ----

def _compile(command):
    done = run(*command)
    return None if done.returncode == 0 else done.stdout.strip()


def _compile_all(jobs):
    """jobs: (what, command). Findings of those that fail."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(_compile, [command for _, command in jobs])
        return [f"{what}:\n{text}" for (what, _), text in zip(jobs, said)
                if text is not None]


def headers_compile_alone(root):
    """Every header is whole without what others include before it."""
    paths = ["-I", root / "include", "-I", root / "src", "-I",
             root / "transports", "-I", root / "tests"]
    jobs = []
    for path in files_of(root, "*.h"):
        if path.is_relative_to(root / "include"):
            continue
        jobs.append((f"{short(root, path)} does not compile alone",
                     ["cc", "-std=c11", "-D_GNU_SOURCE", "-fsyntax-only",
                      "-Wall", "-Wextra", "-Wno-unused", *paths,
                      "-I", path.parent, "-x", "c", path]))
    return _compile_all(jobs)


def public_headers_are_plain(root):
    """Public headers are C11 without extensions, and C++."""
    jobs = []
    ways = [("C11", ["cc", "-std=c11", "-pedantic-errors", "-x", "c"])]
    if shutil.which("clang"):
        ways.append(("clang's C11",
                     ["clang", "-std=c11", "-pedantic-errors", "-x", "c"]))
    if shutil.which("c++"):
        ways.append(("C++", ["c++", "-std=c++11", "-pedantic-errors",
                             "-x", "c++"]))
    for path in files_of(root, "*.h", folders=["include"]):
        for name, command in ways:
            jobs.append((f"{short(root, path)} is not plain {name}",
                         [*command, "-Wall", "-Wextra", "-Werror",
                          "-fsyntax-only", "-I", root / "include", path]))
    return _compile_all(jobs)


# ---- papers ----

def _named_in_tour(text, rooms):
    """The files that lines of the tour begin with: `post/letter.h`,
    `values/batch.[ch]`, or, under a heading that names the room, `letter.h`."""
    named, room = [], None
    for line in text.splitlines():
        heading = re.match(r"#+\s+`?(?:src/)?(\w+)", line)
        if heading:
            word = heading.group(1).lower()
            room = word if word in rooms else room
            continue
        lead = re.match(r"[-*|\s\d.]*((?:(?:,|and|\s|`|/)*"
                        r"(?:\w+/)?\w+\.(?:[ch]\b|\[[ch]+\]|\{[ch],[ch]\})`?)+)",
                        line)
        if not lead:
            continue
        for name, ends in re.findall(
                r"((?:\w+/)?\w+)\.([ch]\b|\[[ch]+\]|\{[ch],[ch]\})",
                lead.group(1)):
            if "/" not in name and room:
                name = f"{room}/{name}"
            named += [f"{name}.{end}" for end in re.findall("[ch]", ends)]
    return named


def the_tour_is_whole(root):
    """Every file of src/ has its line in src/README.md, and the reverse."""
    tour = root / "src" / "README.md"
    if not tour.exists():
        return ["src/README.md is missing"]
    named = _named_in_tour(tour.read_text(encoding="utf-8"), ROOMS)
    there = [path.relative_to(root / "src").as_posix()
             for path in code_of(root, ["src"])]
    findings = [f"src/{name} has no line in src/README.md"
                for name in there if name not in named]
    findings += [f"src/README.md names {name}, which is no file"
                 for name in named if name not in there]
    findings += [f"src/README.md has more than one line for {name}"
                 for name in sorted(set(named)) if named.count(name) > 1]
    return findings


def papers_equal_the_code(root, print_docs):
    """docs/letters.md, link_life.md and options.md are what the code prints."""
    findings = []
    for name in ["letters", "link_life", "options"]:
        path = root / "docs" / f"{name}.md"
        done = run(print_docs, name)
        if done.returncode != 0:
            findings.append(f"{print_docs} {name} failed: {done.stdout}")
            continue
        had = path.read_text(encoding="utf-8") if path.exists() else ""
        if had != done.stdout:
            change = "".join(difflib.unified_diff(
                had.splitlines(True), done.stdout.splitlines(True),
                f"docs/{name}.md", f"print_docs {name}", n=1))
            findings.append(f"docs/{name}.md is not what the code prints; "
                            f"print_docs {name} > docs/{name}.md\n{change}")
    return findings


# ---- text ----

def no_unsafe_calls(root):
    """Calls that can't know how much room there is, or hide an error."""
    findings = []
    calls = re.compile(r"(?<![\w.>])(" + "|".join(BANNED_CALLS) + r")\s*\(")
    for path in code_of(root):
        source = without_comments_and_texts(path.read_text(encoding="utf-8"))
        for number, line in enumerate(source.splitlines(), 1):
            for name in calls.findall(line):
                findings.append(f"{short(root, path)}:{number}: {name}: use "
                                f"{BANNED_CALLS[name]}")
    return findings


def files_say_what_they_are(root):
    """The first line is "// name.c - what it is."."""
    findings = []
    for path in code_of(root):
        names = [path.name, short(root, path).removeprefix("include/"),
                 short(root, path)]
        with path.open(encoding="utf-8") as file:
            first = file.readline()
        if not any(first.startswith(f"// {name} - ") for name in names):
            findings.append(f"{short(root, path)}:1: begin with "
                            f"\"// {path.name} - \" and what it is")
    return findings


def lines_fit(root):
    """80 columns, save where clang-format is off."""
    findings = []
    for path in code_of(root):
        off = False
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if re.search(r"(//|/\*) clang-format (on|off)", line):
                off = "off" in line
            elif len(line) > 80 and not off:
                findings.append(f"{short(root, path)}:{number}: "
                                f"{len(line)} columns, 80 fit")
    return findings


def unit_tests_do_not_sleep(root):
    """A test that sleeps to be right is wrong."""
    findings = []
    rooms = [f"tests/{room}" for room in ROOMS if room != "front"]
    for path in code_of(root, rooms):
        source = without_comments_and_texts(path.read_text(encoding="utf-8"))
        for number, line in enumerate(source.splitlines(), 1):
            if re.search(r"(?<!\w)(sleep|usleep|nanosleep|thrd_sleep)\s*\(",
                         line):
                findings.append(f"{short(root, path)}:{number}: a test that "
                                "sleeps; turn the clock instead")
    return findings


def _clang_format():
    for name in ["clang-format-14", "clang-format"]:
        found = shutil.which(name)
        if found and " 14." in run(found, "--version").stdout:
            return found
    return None


def layout_is_clang_formats(root):
    """clang-format 14 would change nothing."""
    tool = _clang_format()
    if tool is None:
        return ["clang-format 14 is missing: install clang-format-14"]
    paths = code_of(root)
    if not paths:
        return []
    style = root / ".clang-format"
    done = run(tool, f"--style=file:{style}", "--dry-run", "--Werror",
               "--ferror-limit=3", *paths, cwd=root)
    return [] if done.returncode == 0 else [done.stdout]


# Words in the host of a place where packages come from.
SHELVES = ("deb|registry|pypi|npm|npmjs|proxy|mirrors?|packages|snapshot|"
           "crates|pkg|artifactory")
HOST = re.compile(r"(?:https?|ftp)://(?:[\w-]+\.)*(?:" + SHELVES +
                  r")\.(?:[\w-]+\.)*[a-z]{2,}", re.I)
WORKPLACE = re.compile(r"(?<![\w.$}-])/[w]ork/")


def committed(root):
    done = run("git", "ls-files", "-z", cwd=root)
    if done.returncode != 0 or not (root / ".git").exists():
        return [path for path in sorted(root.rglob("*")) if path.is_file()]
    return [root / name for name in done.stdout.split("\0") if name]


def nothing_of_the_workplace(root):
    """No path of the machine that it was written on, no registry's host."""
    findings = []
    for path in committed(root):
        if not path.is_file() or b"\0" in path.read_bytes()[:4096]:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if WORKPLACE.search(line):
                findings.append(f"{short(root, path)}:{number}: a path of the "
                                f"workplace: {line.strip()}")
            if HOST.search(line):
                findings.append(f"{short(root, path)}:{number}: the host of a "
                                f"package registry: {line.strip()}")
    return findings
