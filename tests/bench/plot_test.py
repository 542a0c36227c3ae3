"""bench/plot: charts from the lines of bench/run --json."""

import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

from processes import PYTHON, check, main

PLOT = pathlib.Path(__file__).resolve().parents[2] / "bench" / "plot"
SVG = "{http://www.w3.org/2000/svg}"
LINES = [
    {"row": "machine", "cpu": "Maker & Co", "cpus": 2},
    {"row": "publish 64 B", "who": "hawser", "unit": "messages/s",
     "median": 4e6, "runs": [3e6, 4e6, 5e6]},
    {"row": "publish 64 B", "who": "other", "unit": "messages/s",
     "median": 1e6, "runs": [1e6]},
    {"row": "publish 64 B", "who": "absent", "unit": "messages/s",
     "missing": "its library is not installed"},
    {"row": "growth, 10000 links", "who": "hawser", "unit": "us/s/link",
     "median": 9, "count": 10000, "idle_us_per_link": 0.5,
     "ticking_us_per_link": 9, "kib_per_link": 4.6, "threads": 3},
]


def plot(folder, text):
    return subprocess.run([PYTHON, PLOT, "-", "--out", folder], input=text,
                          text=True, capture_output=True, check=False)


def text_of(lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


def bars(chart):
    return [rect for rect in chart.iter(SVG + "rect")
            if rect.get("class") != "ground"]


def each_contender_has_a_bar_as_long_as_its_figure(folder):
    out = pathlib.Path(folder) / "one"
    done = plot(out, text_of(LINES))
    check(done.returncode == 0, done.stderr)
    check(sorted(path.name for path in out.iterdir()) ==
          ["growth.svg", "publish.svg"], done.stdout)
    chart = xml.etree.ElementTree.parse(out / "publish.svg").getroot()
    ours, theirs = [float(bar.get("width")) for bar in bars(chart)]
    check(abs(ours / theirs - 4) < 0.01, f"{ours}, {theirs}")
    words = [text.text for text in chart.iter(SVG + "text")]
    check("4 M/s" in words and "1 M/s" in words, str(words))
    check(any("Maker & Co" in each for each in words), str(words))


def the_same_lines_give_the_same_drawing(folder):
    for name in ["one", "other"]:
        done = plot(pathlib.Path(folder) / name, text_of(LINES))
        check(done.returncode == 0, done.stderr)
    for name in ["growth.svg", "publish.svg"]:
        one, other = [(pathlib.Path(folder) / each / name).read_bytes()
                      for each in ["one", "other"]]
        check(one == other, name)


def what_is_no_line_of_bench_run_is_refused(folder):
    for text in ["no JSON\n", "[1]\n", '{"who": "hawser"}\n']:
        done = plot(pathlib.Path(folder) / "out", text)
        check(done.returncode == 1 and
              done.stderr.startswith("bench/plot: ") and
              done.stderr.count("\n") == 1, f"{text!r}: {done.stderr!r}")


if __name__ == "__main__":
    main(each_contender_has_a_bar_as_long_as_its_figure,
         the_same_lines_give_the_same_drawing,
         what_is_no_line_of_bench_run_is_refused)
