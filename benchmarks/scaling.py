"""How the cost of a training step grows with each size, as an exponent.

    python benchmarks/scaling.py --rounds 5 --output scaling

times steps of the small configuration with one size after the other changed, on one thread, fits
seconds = c size^k to each, prints k beside that of the matrix products' operations, and writes
NAME.json.
"""

import argparse
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"                # before NumPy is imported

import numpy as np  # noqa: E402
from floor import flops  # noqa: E402
from measure import InThisProcess, alternate  # noqa: E402
from report import machine, write_json  # noqa: E402
from workloads import IGNORED, small  # noqa: E402

from albert_np import AdamW, AlbertForPreTraining  # noqa: E402
from albert_np.files.freed_memory import keep_freed_memory  # noqa: E402
from albert_np.pretraining.parallel import losses_and_gradients  # noqa: E402

# Each size from a half to four times that of the small configuration, the others as they are.
GRIDS = {"L": (2, 4, 8, 16), "T": (32, 64, 128, 256), "H": (128, 256, 512, 1024),
         "B": (4, 8, 16, 32), "V": (2000, 8000, 32000, 64000), "M": (64, 128, 256, 512)}


def fit(sizes, costs):
    """The exponent k of the best cost = c size^k, by least squares on the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def step(workload, M):
    """A training step of ours with M labels, on one thread."""
    model = AlbertForPreTraining(workload.config)
    optimizer = AdamW(model.params, lr=1e-5)
    batch = workload.batch()
    labels = np.full(batch["labels"].size, IGNORED)
    labels[:M] = 7
    batch["labels"] = labels.reshape(batch["labels"].shape)

    def run():
        _, grads = losses_and_gradients(model, batch)
        optimizer.step(model.params, grads)
    return run


def exponents(rounds, say=print):
    """Measure and fit.

    Parameters
    ----------
    rounds : int
    say : callable

    Returns
    -------
    dict of str to dict
        For each letter: sizes, seconds, the exponent, and that of the matrix products' operations.
    """
    results = {}
    for letter, sizes in GRIDS.items():
        steps, operations = {}, []
        for size in sizes:
            # The workload's own share of labels follows B and T, as it does in pretraining.
            workload = small(**{} if letter == "M" else {letter: size})
            M = size if letter == "M" else workload.M
            steps[str(size)] = InThisProcess(step(workload, M))
            operations.append(flops(workload.config, workload.B, workload.T, M))
        row = alternate(f"scaling with {letter}", steps, rounds, say)
        seconds = [row.median(size) for size in steps]
        results[letter] = {"sizes": list(sizes), "seconds": seconds, "others": row.others,
                           "exponent": fit(sizes, seconds),
                           "exponent_of_products": fit(sizes, operations)}
        say(f"  {letter}: time ~ {letter}^{results[letter]['exponent']:.2f}, "
            f"products ~ {letter}^{results[letter]['exponent_of_products']:.2f}")
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--output", default="scaling", metavar="NAME")
    options = parser.parse_args()
    keep_freed_memory()
    write_json(f"{options.output}.json",
               {"machine": machine(), "exponents": exponents(options.rounds)})


if __name__ == "__main__":
    main()
