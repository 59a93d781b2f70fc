"""Pretrain on the newspaper with both kinds of masking, fine-tune on Chinese tasks, and tabulate.

    python benchmarks/chinese_corpus.py corpora/chinese
    python benchmarks/chinese.py runs/chinese --corpus corpora/chinese            # all of it
    python benchmarks/chinese.py runs/chinese --corpus corpora/chinese --only names
    python benchmarks/chinese.py runs/chinese --table                             # what there is

Masking hides single characters, or whole words that jieba finds. Each is pretrained with three
seeds, at equal steps. A larger model with whole words is pretrained for half an hour. Every task
begins from fresh weights and from the larger model, and the names also from the six small models.
Each run is a call of ``albert-np`` in a folder of its own; one that is finished is not run again.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from albert_np.tasks.datasets import find_file
from albert_np.tasks.datasets.fetchers.xquad import FILES

MASKINGS = {"characters": [], "words": ["--segmenter", "jieba"]}
SEEDS = range(3)
COMMON = "--ngram 1 --max-seq-length 64 --batch-size 16 --held-out-sequences 600 --workers 1"
PRETRAIN = f"{COMMON} --steps 5000 --evaluate-every 2500"
LONG = (f"{COMMON} --steps 14000 --evaluate-every 3500 --hidden-size 128 --intermediate-size 512 "
        "--learning-rate 2e-3")
# The task, and the arguments of albert-np finetune. The data are named below.
TASKS = {
    "names": ("entities", "--max-length 64 --epochs 2 --lr 1e-3 --workers 1"),
    "reviews": ("classification", "--max-length 64 --epochs 2 --lr 1e-3 --workers 1"),
    "xquad": ("questions", "--max-length 128 --epochs 4 --lr 1e-3 --workers 1"),
}


def starts_of(task):
    """The models from which a task begins."""
    small = [f"{masking}-{seed}" for seed in SEEDS for masking in MASKINGS]
    return [*(small if task == "names" else []), "long"]


def data_of(task, corpus):
    """The rows of a task: of XQuAD, which has no training part, the file that is divided."""
    return {"names": corpus / "names", "reviews": corpus / "reviews.tsv"}.get(task) or find_file(
        FILES["zh"])


def run(command, folder):
    """A call of albert-np, unless it is done."""
    if (folder / "results.json").exists():
        return
    command = [sys.executable, "-m", "albert_np", *map(str, command), "--output", str(folder)]
    print("albert-np " + " ".join(command[3:]), flush=True)
    subprocess.run(command, check=True)


def results_of(folders):
    """The results of those runs that are finished."""
    return [json.loads((folder / "results.json").read_text("utf-8")) for folder in folders
            if (folder / "results.json").exists()]


def spread(values):
    """The mean, the least and the greatest of a figure over the seeds."""
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f}, n = {len(values)})"


def pretraining_table(output):
    """Losses on held-out text as Markdown: the mean over the seeds, the least and the greatest."""
    lines = ["| masking | unigram | bigram | this ALBERT | accuracy |", "|---|---|---|---|---|"]
    runs = {masking: [output / f"{masking}-{seed}" for seed in SEEDS] for masking in MASKINGS}
    for masking, folders in {**runs, "words, half an hour": [output / "long"]}.items():
        found = results_of(folders)
        if found:
            cells = [spread([done["baselines"][name]["mlm_loss"] for done in found])
                     for name in ("unigram", "bigram")]
            cells += [spread([done["held_out"][name] for done in found])
                      for name in ("mlm_loss", "mlm_accuracy")]
            lines.append(f"| {masking} | {' | '.join(cells)} |")
    return "\n".join(lines)


def task_table(output):
    """Test figures as Markdown: baselines and single runs with 95 % intervals."""
    lines = ["| task | figure | start | value |", "|---|---|---|---|"]
    for task in TASKS:
        found = {start: done for start in ["scratch", *starts_of(task)]
                 for done in results_of([output / f"{task}-{start}"])}
        if found:
            first = next(iter(found.values()))
            rows = {**{name: known[first["metric"]] for name, known in first["baselines"].items()},
                    **{start: done["test"][first["metric"]] for start, done in found.items()}}
            lines += [f"| {task} | {first['metric']} | {name} | {figure['value']:.3f} "
                      f"[{figure['low']:.3f}, {figure['high']:.3f}] |"
                      for name, figure in rows.items()]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", help="folder of the runs")
    parser.add_argument("--corpus", help="what chinese_corpus.py wrote")
    parser.add_argument("--only", nargs="*", choices=TASKS, default=list(TASKS), metavar="TASK",
                        help=f"of {', '.join(TASKS)}; nothing: pretrain only")
    parser.add_argument("--table", action="store_true", help="run nothing")
    options = parser.parse_args()
    output = Path(options.output)
    if not options.table and options.corpus is None:
        parser.error("name the folder that chinese_corpus.py wrote with --corpus")
    if not options.table:
        corpus = Path(options.corpus)
        pretrain = ["pretrain", "--corpus", corpus / "news.txt", "--tokenizer",
                    corpus / "vocab.txt"]
        run([*pretrain, *MASKINGS["words"], *LONG.split()], output / "long")
        for seed in SEEDS:
            for masking, segmenter in MASKINGS.items():
                run([*pretrain, *segmenter, *PRETRAIN.split(), "--seed", seed],
                    output / f"{masking}-{seed}")
        for task in options.only:
            name, arguments = TASKS[task]
            common = ["finetune", name, "--data", data_of(task, corpus), *arguments.split()]
            run([*common, "--model", output / "long", "--scratch"], output / f"{task}-scratch")
            for start in starts_of(task):
                run([*common, "--model", output / start], output / f"{task}-{start}")
    print(pretraining_table(output), task_table(output), sep="\n\n")


if __name__ == "__main__":
    main()
