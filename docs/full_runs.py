"""Run the tutorials in full, and keep what they print and draw for the pages.

    python docs/full_runs.py                 all of them, one after the other
    python docs/full_runs.py 4 9             two of them
    python docs/full_runs.py --changed       those that have no full run of their present code
    python docs/full_runs.py --quick 4       in quick mode; the page says so

The output goes to docs/outputs/, and is committed. A full run also makes the small picture of
tutorials/README.md again. A tutorial that fails keeps its old output, and the next one runs. Run
this on a machine that does nothing else, with the public data sets in the folder ALBERT_NP_DATA.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tutorial_run import hash_of_code

DOCS = Path(__file__).resolve().parent
TUTORIALS = DOCS.parent / "tutorials"
SMALL = 480                        # pixels, the width of a picture in tutorials/README.md
LIMIT = 3600                       # seconds, for a tutorial that hangs


def state_of(path, outputs):
    """What the pages can show of a tutorial: "full", "quick", "changed" since then, or "missing".

    Parameters
    ----------
    path : Path
        Of the tutorial.
    outputs : Path
        The folder of all outputs.
    """
    record = outputs / path.stem / "run.json"
    if not record.exists():
        return "missing"
    run = json.loads(record.read_text(encoding="utf-8"))
    if run["code"] != hash_of_code(path.read_text(encoding="utf-8")):
        return "changed"
    return "quick" if run["quick"] else "full"


def run(path, outputs, work, quick):
    """Run one tutorial in a program of its own.

    Parameters
    ----------
    path : Path
    outputs : Path
        The old output in it is replaced only if the run succeeds.
    work : Path
        The folder to run in; the tutorials share a pretrained model there.
    quick : bool

    Returns
    -------
    fault : str
        Empty if it ran to its end, else the end of its traceback.
    processor, clock : float
        Seconds.
    """
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": str(DOCS.parent),
                   "ALBERT_NP_QUICK": "1" if quick else "0"}
    new = work / path.stem
    new.mkdir()
    began, used_before = time.monotonic(), processor_seconds()
    try:
        done = subprocess.run([sys.executable, DOCS / "tutorial_run.py", path, new], cwd=work,
                              env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              timeout=LIMIT)
        fault = done.stderr.strip()[-1500:] or "no reason given" if done.returncode else ""
    except subprocess.TimeoutExpired:
        fault = f"not at its end after {LIMIT} seconds"
    times = processor_seconds() - used_before, time.monotonic() - began
    if fault:
        shutil.rmtree(new)
    else:
        outputs.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(outputs / path.stem, ignore_errors=True)
        shutil.move(new, outputs / path.stem)
    return fault, *times


def processor_seconds():
    """Of all programs that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def make_small_picture(path, output):
    """The picture that tutorials/README.md shows of a tutorial, from its output."""
    from PIL import Image

    index = (TUTORIALS / "README.md").read_text(encoding="utf-8")
    name, = re.findall(rf"\]\(pictures/({path.stem[:2]}_\w+\.png)\)", index)
    picture = Image.open(output / name)
    size = SMALL, round(picture.height * SMALL / picture.width)
    picture.resize(size, Image.Resampling.LANCZOS).save(TUTORIALS / "pictures" / name,
                                                        optimize=True)


def chosen(numbers):
    """The tutorials with these numbers, or all.

    Raises
    ------
    SystemExit
        There is no tutorial of that number.
    """
    paths = sorted(TUTORIALS.glob("[0-9][0-9]_*.py"))
    known = {int(path.stem[:2]): path for path in paths}
    for number in numbers:
        if number not in known:
            sys.exit(f"There is no tutorial {number}; they are numbered 0 to {max(known)}.")
    return [known[number] for number in numbers] or paths


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", nargs="*", type=int, metavar="NN", help="numbers of tutorials")
    parser.add_argument("--quick", action="store_true", help="run with few steps")
    parser.add_argument("--changed", action="store_true",
                        help="leave out tutorials whose full run is up to date")
    parser.add_argument("--output", type=Path, default=DOCS / "outputs", metavar="FOLDER",
                        help="where the output goes (default: docs/outputs)")
    options = parser.parse_args()
    outputs = options.output.resolve()
    committed = outputs == DOCS / "outputs"
    paths = [path for path in chosen(options.numbers)
             if not (options.changed and state_of(path, outputs) == "full")]
    failed = []
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "tutorials").mkdir()
        print(f"{'tutorial':34}{'processor':>12}{'clock':>10}", flush=True)
        for path in paths:
            print(f"{path.stem:34}", end="", flush=True)
            fault, processor, clock = run(path, outputs, Path(work), options.quick)
            note = ""
            if not fault and committed and not options.quick:
                try:
                    make_small_picture(path, outputs / path.stem)
                except (OSError, ValueError) as error:
                    fault = f"no small picture: {error}"
            if fault:
                failed.append(path.stem)
                note = f"   failed:\n{fault}"
            elif "made-up stand-in" in (outputs / path.stem / "run.json").read_text("utf-8"):
                note = "   with made-up data: set ALBERT_NP_DATA"
            print(f"{processor:10.1f} s{clock:8.1f} s{note}", flush=True)
    size = sum(file.stat().st_size for file in outputs.rglob("*") if file.is_file())
    print(f"{len(paths) - len(failed)} of {len(paths)} ran to their end; "
          f"{outputs.name}/ has {size / 1e6:.1f} MB")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
