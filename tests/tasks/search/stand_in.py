"""Stands in for ``albert-np finetune``: options go in, a folder with results.json comes out.

With LR above 0.5 it fails with a sentence. With STAND_IN_WAITS in the environment, it waits for
ever where LR is below 0.1, having written its process number into FOLDER/waiting. It adds a line to
STAND_IN_JOURNAL, if that is set, whenever it begins.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path


def parser(kind=argparse.ArgumentParser):
    options = kind(prog="albert-np finetune")
    options.add_argument("task")
    options.add_argument("--model")
    options.add_argument("--data")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--learning-rate", "--lr", type=float, default=0.2)
    options.add_argument("--layers", type=int, default=1)
    options.add_argument("--metric", choices=("accuracy", "f1"), default="accuracy")
    options.add_argument("--lower-case", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument("--place", nargs=2)
    options.add_argument("--output", type=Path)
    options.add_argument("--quiet", action="store_true")
    return options


def main():
    options = parser().parse_args()
    if "STAND_IN_JOURNAL" in os.environ:
        with open(os.environ["STAND_IN_JOURNAL"], "a") as journal:
            journal.write(f"{options.output.name}\n")
    options.output.mkdir()                              # refuses what an earlier attempt left
    if "STAND_IN_WAITS" in os.environ and options.learning_rate < 0.1:
        (options.output / "waiting").write_text(str(os.getpid()))
        while True:
            time.sleep(1)
    if options.learning_rate > 0.5:
        sys.exit("albert-np: the loss is nan at step 3")
    score = 1 - options.learning_rate - options.layers / 100
    values = {key: value for key, value in vars(options).items() if key not in ("output", "quiet")}
    figure = {"value": score, "low": score - 0.05, "high": score + 0.03}
    (options.output / "results.json").write_text(json.dumps({
        "task": options.task, "metric": options.metric, "validation": {options.metric: figure},
        "options": values, "seconds": 1.5}))


if __name__ == "__main__":
    main()
