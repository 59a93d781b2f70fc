"""How fast is it? Against PyTorch, ONNX Runtime and the matrix products alone.

    python benchmarks/run.py                            # everything but --compile and --scaling
    python benchmarks/run.py --threads 1 --only base    # rows whose name contains a word
    python benchmarks/run.py --pairs 9 --compile --scaling --output results

measures training steps (loss, gradients, clipping, AdamW) and forward passes in float32, all sides
in one process and in alternation, each with so many threads, and prints the ratios: medians over
the rounds. A line says so when other processes used the machine. With two threads, ours is
measured with the matrix products spread over both and with half of the batch on each; the better
one counts, and so it is for the floor. A training row comes three times: as they are (ours computes
masked-LM logits, and the last layer, where somebody asks; transformers everywhere), with both sides
computing the last layer everywhere and logits where there is a label, and with both computing
everything everywhere. The last rows are forward passes over sentences of real lengths, padded to the
longest; ours takes them in groups of similar lengths (``albert_np/lengths.py``).

Memory is the growth of a process over the import of its libraries. Without PyTorch, ours and the
floor are measured. Needs ``threadpoolctl`` for more than one thread; with ``onnxruntime`` and
``onnx``, forward passes are compared with ONNX Runtime.
"""

import argparse
import os
import sys
import time


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
    parser.add_argument("--scaling", action="store_true",
                        help="fit how time grows with L, T, H, B, V and M")
    parser.add_argument("--output", default="benchmark", metavar="NAME",
                        help="writes NAME.json and NAME.png (default: %(default)s)")
    options = parser.parse_args()
    for name in ("pairs", "threads"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}; it must be at least 1")
    return options


def all_rows(text):
    """(name, workload, task, positions) of every row."""
    from sides import ALL, AS_THEY_ARE, LABELLED
    from workloads import AlbertConfig, base, default_pretraining, mixed_lengths, small

    workloads = [base(8, 128), small(), default_pretraining(), base(1, 16)]
    rows = [(f"training, {workload.name}, {positions}", workload, "training", positions)
            for workload in workloads[:3] for positions in (AS_THEY_ARE, LABELLED, ALL)]
    rows += [(f"forward, {workload.name}", workload, "forward", ALL) for workload in workloads]
    lengths = text.lengths(32, limit=128)
    rows += [(f"forward, {workload.name}", workload, "forward", ALL) for workload in (
        mixed_lengths(AlbertConfig(), "base", lengths),
        mixed_lengths(small(T=128).config, "small", lengths))]
    return rows


def measure_rows(rows, options, say):
    """A summary of each row."""
    from concurrent.futures import ThreadPoolExecutor

    from measure import alternate
    from report import summary
    from sides import our_sides
    from torch_side import check_agreement, installed, onnx_side, torch_sides

    with_torch = installed("torch", "transformers")
    with_onnx = with_torch and installed("onnxruntime", "onnx")
    if with_torch:
        import torch

        torch.set_num_threads(options.threads)
    else:
        say("PyTorch or transformers is missing: only ours and the floor are measured")
    if not with_onnx:
        say("ONNX Runtime, onnx or PyTorch is missing: forward passes are not compared with it")
    summaries = []
    with ThreadPoolExecutor(options.threads) as pool:
        for name, workload, task, positions in rows:
            sides = our_sides(workload, task, positions, options.threads, pool)
            if with_torch:
                sides.update(torch_sides(workload, task, positions, options.compile))
            if with_onnx and task == "forward":
                sides.update(onnx_side(workload, options.threads))
            check_agreement(sides, workload.batch()["attention_mask"] == 1)
            summaries.append(summary(alternate(name, sides, options.pairs, say)))
            row = summaries[-1]
            say(f"{name}: ours {1000 * row['ours_seconds']:.1f} ms"
                + "".join(f", {ratio} {row[ratio]:.2f}" for ratio in row
                          if " / " in ratio and row[ratio]))
    return summaries


def measure_memory(options, say):
    """MB that a training step needs, of each side."""
    import peak_memory

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
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(options.threads)            # before NumPy is imported
    from torch_side import installed

    if options.threads > 1 and not installed("threadpoolctl"):
        sys.exit("more than one thread needs threadpoolctl: pip install threadpoolctl, or "
                 "--threads 1")
    from albert_np.memory import keep_freed_memory
    from report import draw, machine, table, write_json
    from throughput import Text, text_rates

    keep_freed_memory()
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
    if options.scaling:
        from scaling import exponents

        results["scaling"] = exponents(options.pairs)
    results.update(load_after=os.getloadavg(), seconds=time.time() - began)
    write_json(f"{options.output}.json", results)
    if rows:
        print("\n" + table(results["rows"]))
        draw(results["rows"], f"{options.output}.png",
             f"{options.threads} thread{'s' * (options.threads > 1)}, medians of "
             f"{options.pairs} rounds")


if __name__ == "__main__":
    main()
