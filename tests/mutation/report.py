"""Write the table of README.md and the list of survivors from what ``run.py`` found.

Usage: ``python tests/mutation/report.py mutation-results``. A survivor needs an entry in the file
of its part in ``reasons/``: why it computes the same. The exit status is 1 if one has none.

An entry has a piece of the path, a piece of the line, a piece of the line that it becomes (or
several: one must fit), and the reason.
"""

import datetime
import importlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mutants import mutants_of  # noqa: E402
from parts import PARTS, files_of  # noqa: E402
from run import ROOT, records, version  # noqa: E402

HERE = Path(__file__).parent
START, END = "<!-- figures -->", "<!-- end of figures -->"


def reason_for(part, record):
    """The reason for one survivor, or None."""
    for file, old, new, reason in importlib.import_module(f"reasons.{part}").REASONS:
        changes = (new,) if isinstance(new, str) else new
        if (file in record["file"] and old in record["old"]
                and any(change in record["new"] for change in changes)):
            return reason
    return None


def table(found):
    """The rows of the table, one a part."""
    yield "| part | mutants | judged | killed | survived | of these without a reason | score |"
    yield "|---|---|---|---|---|---|---|"
    for part, outcomes in found.items():
        count = Counter(record["outcome"] for record in outcomes)
        total = count["killed"] + count["survived"]
        open_ = sum(reason_for(part, record) is None for record in outcomes
                    if record["outcome"] == "survived")
        mutants = sum(len(mutants_of((ROOT / file).read_text(encoding="utf-8")))
                      for file in files_of(part, ROOT)) - count["invalid"]
        yield (f"| {part} | {mutants} | {total} | {count['killed']} | {count['survived']} | "
               f"{open_} | {100 * count['killed'] / total:.1f} % |")


def survivors(found):
    """A section for each part: file, line, what it became, and why that is the same."""
    for part, outcomes in found.items():
        alive = [record for record in outcomes if record["outcome"] == "survived"]
        if not alive:
            continue
        yield f"\n## {part}\n"
        yield "| file | line | becomes | reason |"
        yield "|---|---|---|---|"
        for record in sorted(alive, key=lambda r: (r["file"], r["line"], r["column"])):
            file = record["file"].removeprefix("albert_np/")
            cells = [f"`{file}:{record['line']}`", code(record["old"]), code(record["new"]),
                     reason_for(part, record) or "**none yet**"]
            yield "| " + " | ".join(cells) + " |"


def code(text):
    """Text for a cell, the bars kept from ending it."""
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"


def main():
    folder = Path(sys.argv[1])
    found, stale = {}, 0
    for part in PARTS:
        now = records(folder / f"{part}.jsonl")
        fresh = [record for record in now if version(record["file"]) == record["version"]]
        stale += len(now) - len(fresh)
        if fresh:
            found[part] = fresh
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.strip()
    page = (HERE / "README.md").read_text(encoding="utf-8")
    before, rest = page.split(START)
    figures = "\n".join([START, f"{datetime.date.today()}, commit {commit}.", "", *table(found)])
    (HERE / "README.md").write_text(before + figures + "\n" + END + rest.split(END)[1],
                                    encoding="utf-8")
    listed = "\n".join(["# The survivors", "", "Written by `report.py`; the reasons stand in "
                        "`reasons/`.", *survivors(found)])
    (HERE / "survivors.md").write_text(listed + "\n", encoding="utf-8")
    print(figures, f"\n{stale} records are of files that have changed since and were not counted")
    return 1 if "**none yet**" in listed else 0


if __name__ == "__main__":
    sys.exit(main())
