"""Fine-tune a pretrained model on every task, from its weights and from scratch, and tabulate.

    python benchmarks/tasks.py runs/tasks --model runs/pretrained          # all of them
    python benchmarks/tasks.py runs/tasks --model runs/pretrained --only spam stsb
    python benchmarks/tasks.py runs/tasks --table         # what there is, once more

Each run is a call of ``albert-np finetune``, in a folder of its own; one that is finished is not
run again. The table has the test figures with 95 % bootstrap intervals, beside the baselines, and
TASK.png the learning curves of both starts.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from albert_np.plotting.tasks import plot_learning_curves

# The arguments of albert-np finetune, without model and output. Settings were chosen by a few
# shorter trials on the development parts.
RUNS = {
    "spam": "classification --data sms-spam --epochs 4 --max-length 64",
    "polarity": "classification --data polarity --epochs 3 --max-length 64",
    "wnut17": "entities --data wnut17 --epochs 8 --max-length 64 --lr 5e-4",
    "stsb": "similarity --data stsb --epochs 6 --max-length 64",
    "copa": "choice --data copa --epochs 6 --max-length 64 --batch-size 16",
    "squad": "questions --data squad-slice --test xquad-en --epochs 4 --max-length 192 "
             "--doc-stride 96",
    "translation": "translation --data english-chinese --epochs 10 --batch-size 64 --lr 1e-3",
}
STARTS = {"pretrained": [], "scratch": ["--scratch"]}


def run(name, start, model, folder, workers):
    """One call of albert-np finetune, unless it is done."""
    if (folder / "results.json").exists():
        return
    given = [] if name == "translation" else ["--model", model, *STARTS[start]]
    command = [sys.executable, "-m", "albert_np", "finetune", *RUNS[name].split(), *given,
               "--output", str(folder), "--workers", str(workers)]
    print("albert-np " + " ".join(command[3:]), flush=True)
    subprocess.run(command, check=True)


def table(output):
    """The figures of all finished runs as Markdown."""
    lines = ["| task | figure | trivial | no network | from scratch | pretrained | minutes |",
             "|---|---|---|---|---|---|---|"]
    for name in RUNS:
        found = {start: json.loads((output / f"{name}-{start}" / "results.json").read_text("utf-8"))
                 for start in STARTS if (output / f"{name}-{start}" / "results.json").exists()}
        if not found:
            continue
        first = next(iter(found.values()))
        minutes = " / ".join(f"{done['training_seconds'] / 60:.1f}" for done in found.values())
        for metric in first["test"]:
            baselines = [figure(known[metric]) for known in first["baselines"].values()]
            cells = [figure(found[start]["test"][metric]) if start in found else ""
                     for start in ("scratch", "pretrained")]
            lines.append(f"| {name} | {metric} | {' | '.join([*baselines, *cells])} | {minutes} |")
    return "\n".join(lines)


def figure(numbers):
    digits = 1 if numbers["value"] > 1 else 3
    value, low, high = (f"{numbers[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def curves(output):
    """Both starts of each task in one picture."""
    for name in RUNS:
        runs = {}
        for start, label in (("scratch", "from scratch"), ("pretrained", "pretrained")):
            folder = output / f"{name}-{start}"
            if (folder / "results.json").exists():
                results = json.loads((folder / "results.json").read_text("utf-8"))
                rows = (folder / "steps.csv").read_text("utf-8").splitlines()[1:]
                runs[label] = {
                    "losses": [(int(row.split(",")[0]), float(row.split(",")[1])) for row in rows],
                    "epochs": [(row["epoch"], row["value"], row["low"], row["high"])
                               for row in results["epochs"]]}
        if len(runs) == 2:
            print(plot_learning_curves(runs, results["metric"], output / f"{name}.png", title=name))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", help="folder of the runs")
    parser.add_argument("--model", help="a pretrained model")
    parser.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS), metavar="TASK")
    parser.add_argument("--starts", nargs="+", choices=STARTS, default=list(STARTS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--table", action="store_true", help="run nothing")
    options = parser.parse_args()
    output = Path(options.output)
    if not options.table and options.model is None and options.only != ["translation"]:
        parser.error("name a pretrained model with --model")
    for name in () if options.table else options.only:
        for start in ["scratch"] if name == "translation" else options.starts:
            run(name, start, options.model, output / f"{name}-{start}", options.workers)
    print(table(output))
    curves(output)


if __name__ == "__main__":
    main()
