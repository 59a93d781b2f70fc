"""Ours and PyTorch's training step, as one size after the other grows: where does each win?

    python benchmarks/growth.py --rounds 3 --output docs/growth

takes the small configuration (H 256, L 4, V 4000, a batch of 16 x 64) and changes the batch B, the
length T, the width H or the number of layers L. Both sides compute masked-LM logits where a label
is. Each is measured with one thread and with as many as the machine has processors (``--threads``);
ours with one thread for each part of the batch, or with the threads inside the matrix products:
the better one counts. Writes NAME.json and NAME.png.
"""

import argparse
import os

from measure import alternate, check_agreement
from report import machine, write_json
from sides import LABELLED
from worker import Worker
from workloads import small

GRIDS = {"B": (1, 4, 16, 64), "T": (16, 64, 256, 512), "H": (64, 128, 256, 512, 1024),
         "L": (1, 4, 16, 48)}
NAMES = {"B": "batch B", "T": "length T", "H": "width H", "L": "layers L"}


def measure(workload, threads, rounds, say=print):
    """Seconds of a step of both sides.

    Parameters
    ----------
    workload : Workload
    threads, rounds : int
    say : callable

    Returns
    -------
    dict
        Seconds of "ours" and "torch" (medians), and "torch / ours", the median of the ratios.
    """
    sides = {"ours": ("ours", 1), "torch": ("torch", 1)}
    if threads > 1 and workload.B >= threads:
        sides["ours, in parts"] = ("ours", threads)
    workers = {name: Worker(kind, workload, "training", LABELLED, threads, parts)
               for name, (kind, parts) in sides.items()}
    check_agreement({name: worker.result for name, worker in workers.items()})
    row = alternate(f"{workload.name}, H {workload.config.hidden_size}, "
                    f"L {workload.config.num_hidden_layers}, threads {threads}",
                    workers, rounds, say)
    for worker in workers.values():
        worker.close()
    ours = row.best("ours")
    return {"ours": row.median(ours), "torch": row.median("torch"),
            "torch / ours": row.ratio("torch", ours), "others": row.others}


def grow(threads, rounds, say=print):
    """Measure every size of every letter.

    Yields
    ------
    dict of str to dict
        After each letter, all results so far. For each letter: its sizes, and for each number of
        threads a list of :func:`measure`.
    """
    results = {}
    for letter, sizes in GRIDS.items():
        results[letter] = {"sizes": list(sizes)}
        for count in sorted({1, threads}):
            rows = [measure(small(**{letter: size}), count, rounds, say) for size in sizes]
            results[letter][str(count)] = rows
            say(f"{NAMES[letter]}, threads {count}: torch / ours "
                + ", ".join(f"{size}: {row['torch / ours']:.2f}"
                            for size, row in zip(sizes, rows)))
        yield results


def draw(results, path):
    """Milliseconds above, the ratio beneath, a column for each letter."""
    from matplotlib.figure import Figure

    from albert_np.plotting.figures import BLUE, ORANGE, save_figure

    figure = Figure(figsize=(12, 6), layout="constrained")
    axes = figure.subplots(2, len(results), sharex="col", sharey="row", squeeze=False)
    for column, (letter, found) in enumerate(results.items()):
        above, below = axes[:, column]
        for count, style in zip((name for name in found if name != "sizes"), ("--", "-")):
            threads = f"{count} thread{'s' * (count != '1')}"
            for side, colour, name in (("torch", ORANGE, "PyTorch"), ("ours", BLUE, "ours")):
                above.loglog(found["sizes"], [1000 * row[side] for row in found[count]], style,
                             color=colour, marker="o", label=f"{name}, {threads}")
            below.semilogx(found["sizes"], [row["torch / ours"] for row in found[count]], style,
                           color="black", marker="o", label=threads)
        below.axhline(1, color="grey", linewidth=1)
        below.set_xlabel(NAMES[letter], fontsize=13)
        below.set_xticks(found["sizes"], [str(size) for size in found["sizes"]], fontsize=12)
        below.minorticks_off()
        below.grid(axis="y", alpha=0.3)
        above.grid(axis="y", alpha=0.3)
    axes[0, 0].set_ylabel("milliseconds a step", fontsize=13)
    axes[1, 0].set_ylabel("PyTorch's time / ours", fontsize=13)
    axes[1, 0].set_ylim(bottom=0)
    axes[0, 0].legend(fontsize=10)
    axes[1, -1].legend(fontsize=10)
    save_figure(figure, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--output", default="growth", metavar="NAME")
    options = parser.parse_args()
    before = os.getloadavg()
    for results in grow(options.threads, options.rounds):
        write_json(f"{options.output}.json", {"machine": machine(), "load_before": before,
                                              "load_after": os.getloadavg(), "sizes": results})
        draw(results, f"{options.output}.png")


if __name__ == "__main__":
    main()
