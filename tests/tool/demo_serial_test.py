"""hawser demo: at least five kills, and nothing lost."""

import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "strangers"))

from processes import check, hawser, main


def nothing_is_lost(folder):
    status, out, err = hawser("demo", "--seconds", "4", "--json", seconds=90)
    check(status == 0, f"{status}, {out}, {err}")
    result = json.loads(out.splitlines()[-1])
    check(result["lost"] == 0 and result["kills"] >= 5 and
          result["settled"] == result["sent"] > 0 and
          result["reconnects"] >= result["kills"] and
          result["disorder"] == 0 and result["heal_ms_p50"] >= 0 and
          result["duplicates"] >= 0, out)
    print(out.splitlines()[-1])


def the_table_is_for_people(folder):
    status, out, err = hawser("demo", "--seconds", "2", "--kills", "2",
                              "--rate", "1000", seconds=60)
    check(status == 0, f"{status}, {out}, {err}")
    for word in ["sent", "settled", "lost", "duplicates", "kills",
                 "reconnects", "time to heal", "Nothing was lost."]:
        check(word in out, f"no \"{word}\" in {out}")
    check("kill -9" in err and "up again after" in err, err)


if __name__ == "__main__":
    main(nothing_is_lost, the_table_is_for_people)
