"""How fast is it? Against PyTorch, ONNX Runtime and the matrix products alone.

    python benchmarks/run.py                            # two threads, everything but --compile
    python benchmarks/run.py --threads 1 --only base    # rows whose name contains a word
    python benchmarks/run.py --pairs 9 --compile --output results

measures training steps (loss, gradients, clipping, AdamW) and forward passes in float32, each side
in a process of its own, as its users run it; the sides take turns. It prints the ratios: medians
over the rounds. A line says so when other processes used the machine.

With two threads, ours is measured with the matrix products spread over both and with half of the
batch on each; the better one counts, and so it is for the floor. A training row comes three times:
as they are (ours computes masked-LM logits, and the last layer, where somebody asks; transformers
everywhere), with both sides computing the last layer everywhere and logits where there is a label,
and with both computing everything everywhere. The last rows are forward passes over sentences of
real lengths, padded to the longest; ours takes them in groups of similar lengths
(``albert_np/inference/batches_by_length.py``).

Memory is the growth of a process over the import of its libraries. Without PyTorch, ours and the
floor are measured; with ``onnxruntime`` and ``onnx``, forward passes are compared with ONNX
Runtime.
"""

import argparse
import os
import time

import peak_memory
from measure import alternate, check_agreement
from report import draw, machine, summary, table, write_json
from sides import ALL, AS_THEY_ARE, LABELLED
from throughput import Text, text_rates
from torch_side import installed
from worker import Worker
from workloads import AlbertConfig, base, default_pretraining, mixed_lengths, small


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, metavar="N",
                        help="rounds, each with every side once (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, metavar="N",
                        help="of each side (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="NAME",
                        help="measure the rows whose name contains this; no memory, no text")
    parser.add_argument("--compile", action="store_true", help="torch.compile too")
    parser.add_argument("--output", default="benchmark", metavar="NAME",
                        help="writes NAME.json and NAME.png (default: %(default)s)")
    options = parser.parse_args()
    for name in ("pairs", "threads"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}; it must be at least 1")
    return options


def all_rows(text):
    """(name, workload, task, positions) of every row."""
    workloads = [base(8, 128), small(), default_pretraining(), base(1, 16)]
    rows = [(f"training, {workload.name}, {positions}", workload, "training", positions)
            for workload in workloads[:3] for positions in (AS_THEY_ARE, LABELLED, ALL)]
    rows += [(f"forward, {workload.name}", workload, "forward", ALL) for workload in workloads]
    lengths = text.lengths(32, limit=128)
    rows += [(f"forward, {workload.name}", workload, "forward", ALL) for workload in (
        mixed_lengths(AlbertConfig(), "base", lengths),
        mixed_lengths(small(T=128).config, "small", lengths))]
    return rows


def workers_of(workload, task, positions, options, others):
    """The processes of one row, by the names of their sides."""
    threads, sides = options.threads, {}
    for kind in ("ours", "floor"):
        whole = f"{kind}, BLAS on {threads}" if threads > 1 else kind
        sides[whole] = (kind, threads, 1)
        if threads > 1 and workload.B >= threads:
            sides[f"{kind}, {threads} parts"] = (kind, threads, threads)
    sides.update({name: (kind, threads, 1, compiled) for name, kind, compiled in others
                  if kind != "onnx" or task == "forward"})
    return {name: Worker(kind, workload, task, positions, *rest)
            for name, (kind, *rest) in sides.items()}


def measure_rows(rows, options, say):
    """A summary of each row."""
    others = []
    if installed("torch", "transformers"):
        others.append(("torch", "torch", False))
        if options.compile:
            others.append(("torch, compiled", "torch", True))
        if installed("onnxruntime", "onnx"):
            others.append(("onnx", "onnx", False))
        else:
            say("ONNX Runtime or onnx is missing: forward passes are not compared with it")
    else:
        say("PyTorch or transformers is missing: only ours and the floor are measured")
    summaries = []
    for name, workload, task, positions in rows:
        workers = workers_of(workload, task, positions, options, others)
        check_agreement({side: worker.result for side, worker in workers.items()
                         if not side.startswith("floor")},
                        workload.batch()["attention_mask"] == 1)
        row = summary(alternate(name, workers, options.pairs, say))
        for worker in workers.values():
            worker.close()
        summaries.append(row)
        say(f"{name}: ours {1000 * row['ours_seconds']:.1f} ms"
            + "".join(f", {ratio} {row[ratio]:.2f}" for ratio in row
                      if " / " in ratio and row[ratio]))
    return summaries


def measure_memory(options, say):
    """MB that a training step needs, of each side."""
    figures = {}
    for name in ("base", "small"):
        for side in ("ours", "torch", "torch, labelled"):
            try:
                figures[f"{name}, {side}"] = peak_memory.measure(side, name, options.threads)
            except RuntimeError as error:
                say(f"memory of {side} is not measured: {error}")
                continue
            say(f"memory of a training step, {name}, {side}: "
                f"{figures[f'{name}, {side}']:,.0f} MB")
    return figures


def main():
    options = arguments()
    began = time.time()
    results = {"machine": machine(), "threads": options.threads, "pairs": options.pairs,
               "load_before": os.getloadavg()}
    text = Text()
    rows = [row for row in all_rows(text) if options.only in row[0]]
    results["rows"] = measure_rows(rows, options, print)
    if not options.only:
        results["memory_mb"] = measure_memory(options, print)
        results["text"] = text_rates(text)
        for name, value in results["text"].items():
            print(f"{name}: {value:,.1f}")
    results.update(load_after=os.getloadavg(), seconds=time.time() - began)
    write_json(f"{options.output}.json", results)
    if rows:
        print("\n" + table(results["rows"]))
        draw(results["rows"], f"{options.output}.png",
             f"{options.threads} thread{'s' * (options.threads > 1)}, medians of "
             f"{options.pairs} rounds")


if __name__ == "__main__":
    main()
