"""What do several processes gain, and what does their conversation cost?

    python benchmarks/mpi.py --output docs/several-machines

trains with one rank and with two, one thread each, in turns; times the sum of the gradients of
ALBERT and of BERT; and writes ``several-machines.json`` and ``several-machines.png``. Needs the
extra ``mpi`` and an ``mpiexec``. ::

    python benchmarks/mpi.py --paper

measures nothing: it prints what clusters would reach with the published models, by arithmetic. The
sizes of a training step:

    default   what albert-np pretrain trains: H 64, L 3, V 2000, 26 sequences of 40 pieces
    small     H 256, L 4, V 4000, 16 x 64
    base      ALBERT-base: H 768, L 12, V 30000, 8 x 128
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"                             # before NumPy is imported

import numpy as np  # noqa: E402

from albert_np import AdamW, AlbertConfig, AlbertForPreTraining, __version__  # noqa: E402
from albert_np.files.freed_memory import keep_freed_memory  # noqa: E402
from albert_np.functional import IGNORED  # noqa: E402
from albert_np.parameters import tree_map  # noqa: E402
from albert_np.pretraining import find_communicator, train  # noqa: E402
from albert_np.pretraining.options import SMALL_CONFIG  # noqa: E402

SIZES = {      # configuration, B, T, steps of a measurement
    "default": (dict(SMALL_CONFIG, vocab_size=2000, max_position_embeddings=40), 26, 40, 150),
    "small": (dict(vocab_size=4000, embedding_size=128, hidden_size=256, num_hidden_layers=4,
                   num_attention_heads=4, intermediate_size=1024), 16, 64, 30),
    "base": (AlbertConfig.from_name("albert-base-v2").to_dict(), 8, 128, 3),
}
BASE = SIZES["base"][0]
# Sums of gradients: ALBERT grows with its width only, BERT with its depth too.
SUMMED = {
    "default": SIZES["default"][0], "small": SIZES["small"][0], "ALBERT-base": BASE,
    "BERT-base": dict(BASE, embedding_size=768, sharing="none"),
}


# ---- on the ranks --------------------------------------------------------------------------------

def batches(config, B, T, rng):
    """Batches of noise, of which 15 % is asked for."""
    while True:
        ids = rng.integers(5, config.vocab_size, (B, T))
        labels = np.where(rng.random((B, T)) < 0.15, ids, IGNORED)
        yield {"input_ids": ids, "attention_mask": np.ones_like(ids),
               "token_type_ids": np.zeros_like(ids), "labels": labels,
               "sentence_order_label": rng.integers(0, 2, B)}


def time_steps(size, communicator, float64_sums=False):
    """Tokens a second of the training loop, the median over the steps but the first two."""
    fields, B, T, steps = SIZES[size]
    config = AlbertConfig.from_dict(fields)
    model = AlbertForPreTraining(config, seed=0)
    metrics = train(model, AdamW(model.params, lr=1e-5), batches(config, B, T,
                    np.random.default_rng(0)), steps + 2, communicator=communicator,
                    float64_sums=float64_sums, progress=False)
    return float(np.median([row["tokens_per_second"] for row in metrics[2:]]))


def time_sums(communicator, dtype=np.float32):
    """Seconds of `sum_gradients`, copies included, the median of several; by model."""
    times = {}
    for name, fields in SUMMED.items():
        config = AlbertConfig.from_dict(fields)
        size = sum(config.parameter_counts().values())
        grads = tree_map(lambda p: np.ones(p.shape, dtype), AlbertForPreTraining(config).params)
        taken = []
        for _ in range(5 if size > 5e7 else 15):
            communicator.gather([])                     # all begin together
            started = time.perf_counter()
            communicator.sum_gradients(grads)
            taken.append(max(communicator.gather([time.perf_counter() - started])))
            for leaf in _leaves(grads):
                leaf[...] = 1
        times[name] = {"parameters": size, "seconds": float(np.median(taken[2:]))}
    return times


def _leaves(tree):
    found = []
    tree_map(found.append, tree)
    return found


def on_a_rank(what):
    """Measure, and print the result on rank 0."""
    keep_freed_memory()
    communicator = find_communicator(mpi=True)
    with communicator.ending_together():
        result = (time_sums(communicator, np.dtype(what.removeprefix("sums-")).type)
                  if what.startswith("sums") else time_steps(what, communicator))
        if communicator.rank == 0:
            print(json.dumps(result))


# ---- the measurement -----------------------------------------------------------------------------

def start(ranks, what):
    """Run this file on so many ranks and read what rank 0 printed."""
    beside = str(Path(sys.executable).parent)
    mpiexec = shutil.which("mpiexec", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if mpiexec is None:
        sys.exit("There is no mpiexec; install one with pip install mpi4py mpich")
    command = [mpiexec, "-n", str(ranks), sys.executable, __file__, "--on-a-rank", what]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"the measurement of {what} on {ranks} ranks ended with {done.returncode}")
    return json.loads(done.stdout)


def measure(pairs, sizes):
    """One rank and two in turns, then the sums.

    Returns
    -------
    dict
    """
    results = {"load_before": os.getloadavg(), "steps": {}}
    for size in sizes:
        runs = {1: [], 2: []}
        for pair in range(pairs):
            for ranks in (1, 2) if pair % 2 == 0 else (2, 1):
                runs[ranks].append(start(ranks, size))
        gains = [two / one for one, two in zip(runs[1], runs[2])]
        results["steps"][size] = {"tokens_per_second": runs, "gain": float(np.median(gains)),
                                  "gains": gains}
        print(f"| {size} | {np.median(runs[1]):,.0f} tokens/s on one rank | "
              f"{np.median(runs[2]):,.0f} on two | {np.median(gains):.2f} times "
              f"({min(gains):.2f} to {max(gains):.2f}) |", flush=True)
    for dtype in ("float32", "float64"):
        results[f"sums_{dtype}"] = start(2, f"sums-{dtype}")
        for name, row in results[f"sums_{dtype}"].items():
            print(f"| sum of {row['parameters']:,} gradients in {dtype} | {name} | "
                  f"{1000 * row['seconds']:.2f} ms |", flush=True)
    results.update(load_after=os.getloadavg(), cores=os.cpu_count(), mpi=_mpi_library(),
                   versions={"albert_np": __version__, "numpy": np.__version__,
                             "python": platform.python_version()})
    return results


def _mpi_library():
    code = "from mpi4py import MPI; print(MPI.Get_library_version().splitlines()[0])"
    return subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE,
                          text=True).stdout.strip(" \n\0")


# ---- on paper ------------------------------------------------------------------------------------

def flops_a_token(H=768, L=12, F=3072, T=512, E=128, V=30000, asked=0.15):
    """Of a forward and a backward pass, products of matrices only: 6 for each weight."""
    layers = L * (4 * H * H + 2 * H * F + 2 * T * H)    # projections, feed-forward, attention
    return 6 * (layers + H * E + asked * (H * E + E * V))


def seconds_of_a_ring(numbers, ranks, bandwidth, latency=20e-6):
    """A ring all-reduce: every number but a rank's own share travels twice; 4 bytes each."""
    return 2 * (ranks - 1) / ranks * 4 * numbers / bandwidth + 2 * (ranks - 1) * latency


def efficiency(numbers, ranks, bandwidth, speed, tokens=4096 * 512, **sizes):
    """The share of the time in which a rank computes, nothing hidden behind anything."""
    computing = tokens * flops_a_token(**sizes) / ranks / speed
    return computing / (computing + seconds_of_a_ring(numbers, ranks, bandwidth))


def print_paper():
    """Tables of what a batch of 4096 x 512 pieces would take, for ALBERT-base and BERT-base."""
    models = {"ALBERT-base": (11_813_810, 128), "BERT-base": (110_295_602, 768)}
    nodes = {"two cores, 0.166 TFLOP/s": 1.66e11, "an accelerator, 50 TFLOP/s": 5e13}
    for node, speed in nodes.items():
        for ranks in (64, 256, 1024):
            print(f"\n{ranks} times {node}: {4096 // ranks} sequences each")
            for model, (numbers, E) in models.items():
                computing = 4096 * 512 * flops_a_token(E=E) / ranks / speed
                print(f"  {model:12s} computing {computing:8.3f} s", end="")
                for gigabits in (1, 10, 100):
                    summing = seconds_of_a_ring(numbers, ranks, gigabits * 1.25e8)
                    share = computing / (computing + summing)
                    print(f"   {gigabits} Gbit/s: {summing:.3f} s, {share:.0%}", end="")
                print()
        print("\nThe most ranks that still compute in 90 % of the time:")
        for model, (numbers, E) in models.items():
            most = [max(R for R in range(1, 4097) if R == 1 or efficiency(
                numbers, R, gigabits * 1.25e8, speed, E=E) >= 0.9) for gigabits in (1, 10, 100)]
            print(f"  {model:12s}", *most)


def draw(results, path):
    """Left: the measured sums. Right: a batch of 4096 x 512 pieces on clusters, on paper."""
    from matplotlib.figure import Figure

    from albert_np.plotting.figures import BLUE, GREY, ORANGE, save_figure

    figure = Figure(figsize=(13, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for dtype, style, colour in (("float32", "o-", BLUE), ("float64", "s--", GREY)):
        rows = results[f"sums_{dtype}"].values()
        left.loglog([row["parameters"] for row in rows], [1000 * row["seconds"] for row in rows],
                    style, color=colour, label=f"summed in {dtype}")
    for name, row in results["sums_float32"].items():
        left.annotate(name, (row["parameters"], 1000 * row["seconds"]), (6, -12), ha="left",
                      textcoords="offset points", fontsize=11)
    left.set(xlabel="parameters", ylabel="milliseconds")
    left.set_title("Summing the gradients of two ranks,\none machine (measured)", fontsize=13)
    left.margins(x=0.35, y=0.15)
    left.legend(fontsize=11)
    ranks = np.unique(np.geomspace(2, 1024, 60).astype(int))
    models = {name: results["sums_float32"][name]["parameters"]
              for name in ("ALBERT-base", "BERT-base")}
    for (name, numbers), colour in zip(models.items(), (BLUE, ORANGE)):
        for gigabits, style in ((100, "-"), (10, "--"), (1, ":")):
            E = 128 if name == "ALBERT-base" else 768
            right.semilogx(ranks, [100 * efficiency(numbers, R, gigabits * 1.25e8, 5e13, E=E)
                                   for R in ranks], style, color=colour,
                           label=f"{name}, {gigabits} Gbit/s")
    right.set(xlabel="ranks", ylabel="share of the time spent computing (%)", ylim=(0, 102))
    right.set_title("4096 sequences of 512 pieces,\n50 TFLOP/s in each rank (on paper)",
                    fontsize=13)
    right.legend(fontsize=10, loc="center left", bbox_to_anchor=(1, 0.5))
    for axes in (left, right):
        axes.grid(alpha=0.25)
    return save_figure(figure, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", default="several-machines", metavar="NAME",
                        help="without .json and .png (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--paper", action="store_true", help="only arithmetic, no measurement")
    parser.add_argument("--on-a-rank", metavar="WHAT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.on_a_rank:
        return on_a_rank(options.on_a_rank)
    if options.paper:
        return print_paper()
    results = measure(options.pairs, options.sizes)
    output = Path(options.output)
    output.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    draw(results, output.with_suffix(".png"))


if __name__ == "__main__":
    main()
