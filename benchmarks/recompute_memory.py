"""The memory of a training step against depth, with recomputed layers and without.

    python benchmarks/recompute_memory.py                         # albert-base, 8 x 128 tokens
    python benchmarks/recompute_memory.py --depths 2 4 8 --output memory

takes training steps of albert-base at several depths, each in a process of its own, and prints by
how much the highest resident memory grew over the import, how many MB each further layer adds, and
what recomputing costs in time (of the processor, on one thread). Draws NAME.png, writes NAME.json.
Linux only.
"""

import argparse
import json
import os
import subprocess
import sys
import time

STEPS = 2


def worker(L, recompute):
    """Print memory and time of a training step at a depth."""
    from peak_memory import highest_memory
    from workloads import AlbertConfig, Workload

    from albert_np import AdamW, AlbertForPreTraining
    from albert_np.files.freed_memory import keep_freed_memory
    from albert_np.pretraining.parallel import losses_and_gradients

    keep_freed_memory()
    before = highest_memory()
    config = AlbertConfig(num_hidden_layers=L)
    model, batch = AlbertForPreTraining(config), Workload("base", config, 8, 128).batch()
    optimizer = AdamW(model.params, lr=1e-5)
    for _ in range(STEPS):
        began = time.process_time()
        _, grads = losses_and_gradients(model, batch, recompute=recompute)
        optimizer.step(model.params, grads)
        seconds = time.process_time() - began
    print(json.dumps({"megabytes": highest_memory() - before, "seconds": seconds}))


def measure(L, recompute):
    """The same in a new process with one thread."""
    answer = subprocess.run([sys.executable, __file__, "--worker", str(L), str(int(recompute))],
                            capture_output=True, text=True, check=True,
                            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    return json.loads(answer.stdout)


def draw(depths, curves, path):
    """Megabytes against depth.

    Parameters
    ----------
    depths : list of int
    curves : dict of str to list of float
    path : str
    """
    from matplotlib.figure import Figure

    from albert_np.plotting.figures import BLUE, ORANGE, save_figure

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for (label, values), colour in zip(curves.items(), (ORANGE, BLUE)):
        axes.plot(depths, values, color=colour, marker="o", linewidth=2, label=label)
    axes.set_xlabel("layers, L", fontsize=12)
    axes.set_ylabel("peak memory of a training step (MB)", fontsize=12)
    axes.set_title("albert-base, 8 x 128 tokens", fontsize=13)
    axes.set_xticks(depths)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=11)
    save_figure(figure, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 2, 4, 8, 12, 24],
                        metavar="L")
    parser.add_argument("--output", default="recompute", metavar="NAME")
    parser.add_argument("--worker", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options.worker[0], bool(options.worker[1]))
        return
    import numpy as np
    from report import machine, write_json

    results = {"machine": machine(), "depths": options.depths}
    for label, recompute in (("all caches kept", False), ("recomputed layers", True)):
        rows = [measure(L, recompute) for L in options.depths]
        results[label] = rows
        for L, row in zip(options.depths, rows):
            print(f"{label}, L = {L:2d}: {row['megabytes']:7,.0f} MB, {row['seconds']:.2f} s")
        # The last layer computes only the needed positions: from L = 2 on, each adds a whole one.
        deep = [(L, row["megabytes"]) for L, row in zip(options.depths, rows) if L > 1]
        if len(deep) > 1:
            slope = np.polyfit(*zip(*deep), 1)[0]
            print(f"{label}: {slope:.1f} MB for each further layer")
    write_json(f"{options.output}.json", results)
    draw(options.depths, {label: [row["megabytes"] for row in results[label]]
                          for label in ("all caches kept", "recomputed layers")},
         f"{options.output}.png")


if __name__ == "__main__":
    main()
