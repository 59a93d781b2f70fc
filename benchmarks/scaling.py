"""How the cost of a training step grows with each size, as an exponent."""

import numpy as np

from albert_np import AdamW, AlbertForPreTraining
from albert_np.pretraining.parallel import losses_and_gradients
from floor import flops
from measure import alternate
from sides import Side
from workloads import IGNORED, small

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
            steps[str(size)] = Side(step(workload, M), 1)
            operations.append(flops(workload.config, workload.B, workload.T, M))
        row = alternate(f"scaling with {letter}", steps, rounds, say)
        seconds = [row.median(size) for size in steps]
        results[letter] = {"sizes": list(sizes), "seconds": seconds, "others": row.others,
                           "exponent": fit(sizes, seconds),
                           "exponent_of_products": fit(sizes, operations)}
        say(f"  {letter}: time ~ {letter}^{results[letter]['exponent']:.2f}, "
            f"products ~ {letter}^{results[letter]['exponent_of_products']:.2f}")
    return results
