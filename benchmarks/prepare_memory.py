"""Prepare a large corpus, and look at speed and memory.

    python benchmarks/prepare_memory.py 1000

makes a corpus of so many megabytes in a temporary folder, by repeating and shuffling the sentences
of the texts in the folder that ALBERT_NP_DATA names (failing that, of Python's documentation),
prepares it (with a tokenizer of its own, in two processes), reads all shards in a shuffled order,
and trains a tiny model on a few of them. Then it prepares the beginning of the corpus with one
process and with two, and compares. It prints the speed, the highest resident memory of every
process, and the memory curve of reading.
Linux only: memory is read from /proc. Everything is deleted at the end.
"""

import argparse
import gzip
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from albert_np.text.corpus.embedded import embedded_corpus
from albert_np.text.corpus.prepared import PreparedCorpus
from albert_np.text.corpus.sentences import split_sentences

PREPARE = [sys.executable, "-m", "albert_np", "prepare"]


def real_sentences():
    """The sentences of real texts."""
    folder = Path(os.environ.get("ALBERT_NP_DATA", "/nowhere"))
    texts = [gzip.open(file, "rt", encoding="utf-8").read()
             for file in sorted(folder.glob("wikitext2/*.gz")) + sorted(
                 folder.glob("squad_val/val.context.gz"))]
    texts += [file.read_text("utf-8") for file in folder.glob("botchan/botchan.txt")]
    lines = [line for text in texts for line in text.split("\n")]
    return ([sentence for line in lines for sentence in split_sentences(line)]
            or [sentence for document in embedded_corpus()[0] for sentence in document])


def write_corpus(path, megabytes):
    """Documents of 5 to 60 lines, each line a sentence or one put together from two halves."""
    rng, sentences = random.Random(0), real_sentences()
    size = 0
    with open(path, "w", encoding="utf-8") as file:
        while size < megabytes * 1e6:
            chosen = rng.choices(sentences, k=2 * rng.randint(5, 60))
            lines = []
            for a, b in zip(chosen[::2], chosen[1::2]):
                a, b = a.split(), b.split()
                lines.append(" ".join(a[:rng.randint(1, len(a))] + b[rng.randint(0, len(b)):]))
            text = "\n".join(line.rstrip(".") + "." for line in lines) + "\n\n"
            size += file.write(text)
    return path.stat().st_size


def children(pid):
    """The processes that a process has started, and theirs."""
    try:
        found = [int(child) for task in Path(f"/proc/{pid}/task").iterdir()
                 for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return found + [grandchild for child in found for grandchild in children(child)]


def memory(pid, field):
    """VmHWM (the highest so far) or VmRSS of a process, in MB; 0 if it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def run(arguments):
    """Run a command; seconds, and the highest memory of each of its processes by id."""
    began, peaks = time.perf_counter(), {}
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        for pid in [process.pid, *children(process.pid)]:
            # The latest: before it begins its own program, a child shows the peak of its parent.
            peaks[pid] = memory(pid, "VmHWM") or peaks.get(pid, 0.0)
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed")
    return time.perf_counter() - began, peaks


def read_all(folder):
    """Read every document in a shuffled order; print memory as it goes on."""
    corpus = PreparedCorpus(folder)
    began, pieces, total = time.perf_counter(), 0, corpus.train.pieces
    print("reading    pieces (millions): resident MB")
    curve = [(0, memory(os.getpid(), "VmRSS"))]
    checksum = 0
    for document in corpus.train.shuffled_documents(np.random.default_rng(0)):
        for sentence in document:
            pieces += len(sentence)
            checksum += int(sentence[0])
        if pieces >= len(curve) * total / 12:
            curve.append((pieces, memory(os.getpid(), "VmRSS")))
    seconds = time.perf_counter() - began
    print("          ", ", ".join(f"{n / 1e6:.0f}: {mb:.0f}" for n, mb in curve))
    print(f"           {pieces / seconds / 1e6:.1f} million pieces a second, check {checksum}")


def train_from(folder):
    """Train a tiny model on it; print the memory of the process as it goes through the shards."""
    arguments = [sys.executable, "-m", "albert_np", "pretrain", "--corpus", str(folder), "--output",
                 str(folder.parent / "run"), "--hidden-size", "16", "--heads", "2", "--layers", "1",
                 "--embedding-size", "16", "--intermediate-size", "32", "--batch-size", "512",
                 "--steps", "900", "--evaluate-every", "900", "--quiet"]
    process, curve, began = subprocess.Popen(arguments), [], time.perf_counter()
    while process.poll() is None:
        curve.append(memory(process.pid, "VmRSS"))
        time.sleep(1)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed")
    parts = [part.max() for part in np.array_split(curve, min(12, len(curve)))]
    print(f"training   900 steps of 512 sequences in {time.perf_counter() - began:.0f} s; highest "
          f"resident MB in each twelfth of the time: {', '.join(f'{mb:.0f}' for mb in parts)}")


def show(what, size, seconds, peaks):
    print(f"{what}: {seconds:.1f} s, {size / seconds / 1e6:.2f} MB/s, highest resident MB "
          f"{', '.join(f'{mb:.0f}' for mb in peaks.values())}")


def report_memory(folder, megabytes, vocab_size):
    """Make the corpus, prepare all of it, read all of it, train on some of it."""
    size = write_corpus(folder / "corpus.txt", megabytes)
    print(f"corpus     {size / 1e6:,.0f} MB")
    show("prepared, with its tokenizer, 2 processes", size, *run([
        *PREPARE, str(folder / "corpus.txt"), "--output", str(folder / "prepared"),
        "--vocab-size", vocab_size, "--processes", "2", "--quiet"]))
    read_all(folder / "prepared")
    train_from(folder / "prepared")


def compare_processes(folder, megabytes):
    """Prepare the beginning of the corpus with one process and with two."""
    with open(folder / "corpus.txt", "rb") as file:
        text = file.read(int(megabytes * 1e6))
    (folder / "beginning.txt").write_bytes(text[:text.rindex(b"\n")])
    seconds, fingerprints = {}, set()
    for processes in (1, 2):
        output = folder / f"prepared-{processes}"
        seconds[processes], peaks = run([
            *PREPARE, str(folder / "beginning.txt"), "--output", str(output), "--tokenizer",
            str(folder / "prepared"), "--processes", str(processes), "--quiet"])
        show(f"tokenised with {processes} process(es)", len(text), seconds[processes], peaks)
        fingerprints.add(PreparedCorpus(output).fingerprint)
    print(f"ratio      {seconds[1] / seconds[2]:.2f}; "
          f"{'the same' if len(fingerprints) == 1 else 'ANOTHER'} result")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("megabytes", type=float, nargs="?", default=100)
    parser.add_argument("--vocab-size", default="8000")
    parser.add_argument("--compare", type=float, default=100, metavar="MB",
                        help="how much of the corpus to prepare with one process and with two")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="prepare-memory-"))
    try:
        report_memory(folder, options.megabytes, options.vocab_size)
        compare_processes(folder, options.compare)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
