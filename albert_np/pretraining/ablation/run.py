"""Ablations: short runs that differ in one thing, several seeds of each, one table."""

import contextlib
import json
import multiprocessing
import multiprocessing.connection
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ... import __version__
from ...files import read_text, write_whole
from ...files.freed_memory import keep_freed_memory
from ...files.json_objects import json_file
from ...files.locks import lock
from ...files.options import options_from
from ...files.processes import end_with_parent, interrupts_left_to_us
from ...files.run_folders import claim_folder, release_folder
from ...files.threads import one_thread_each
from ...functional import IGNORED
from ...optim import warmup_polynomial_decay
from ...text.data_options import DataOptions
from ..batches import PretrainingData
from ..evaluation import evaluate
from ..options import PretrainingOptions
from ..run import make_model, make_optimizer
from ..run_data import open_run_data
from ..trainer import train
from .table import findings, in_words, summarize, table
from .variants import ablation_of

RUNS = "runs"
# Options of a pretraining run that short runs without a folder of their own do not read.
_NOT_OURS = ("seed", "workers", "accumulation_steps", "parts", "recompute", "float64_sums",
             "checkpoint_every", "keep_checkpoints", "evaluate_every", "tensorboard")


@dataclass(frozen=True)
class Text:
    """What all runs of an ablation read.

    Attributes
    ----------
    shards : sequence of shards
        The training text.
    held_out : dict of str to list of batches
    tokenizer : AlbertTokenizer
    fingerprint : str
    """

    shards: object
    held_out: dict
    tokenizer: object
    fingerprint: str


def ablate(name, output, corpus=None, *, steps=None, seeds=3, processes=2, progress=True,
           **options):
    """Train every variant of an ablation with several seeds, and leave a table and a picture.

    All runs share the tokenizer, the division into training and held-out text, the held-out
    batches with their masks, and the number of steps. The seed draws the first weights, the cuts,
    the masks and the order of the text. Run i of one variant and run i of another have the same
    seed, so that they can be compared pair by pair.

    Each run that ends leaves a file in ``output/runs``. When the ablation is begun again in the
    same folder, runs whose file is there are not repeated if their options and their text are the
    same: an interrupted ablation goes on, and further seeds can be added.

    Parameters
    ----------
    name : {"sharing", "embedding", "sentence-task", "masking", "lambda"}
    output : str or Path
        The folder for ``table.md``, ``picture.png``, ``results.json``, the tokenizer and ``runs``.
    corpus : str or Path, optional
        As in :class:`~albert_np.pretraining.options.PretrainingOptions`.
    steps : int, optional
        Of each run. None: as many as let the ablation end within minutes.
    seeds : int
        Runs of each variant, with the seeds 0, 1, ...
    processes : int
        Runs at a time, each on one thread. With 1 everything happens in this process.
    progress : bool
        Show what is going on.
    **options
        Other fields of :class:`~albert_np.pretraining.options.PretrainingOptions`; the ablation's
        own changes come on top.

    Returns
    -------
    dict
        What ``results.json`` holds.

    Raises
    ------
    ValueError, FileNotFoundError
        An option, the corpus, the tokenizer or the folder will not do.
    FloatingPointError
        A run diverges.
    """
    for what, value in (("seeds", seeds), ("processes", processes)):
        if value < 1:
            raise ValueError(f"{what} is {value}; it must be at least 1")
    for what in _NOT_OURS:
        if what in options:
            raise ValueError(f"{what} is given, but the runs of an ablation do not use it")
    base = options_from(PretrainingOptions, {"workers": 1, "corpus": corpus, **options})
    base.data = {"beginnings_only": corpus is None, **base.data}
    ablation = ablation_of(name, base.config_values()["hidden_size"])
    base = replace(base, steps=ablation.steps if steps is None else steps)
    tasks = {(variant.name, seed): replace(base, seed=seed, data={**base.data, **variant.data},
                                           config={**base.config, **variant.config})
             for seed in range(seeds) for variant in ablation.variants}
    say = (lambda line: print(line, flush=True)) if progress else (lambda line: None)
    output = Path(output)
    # A folder may have a folder "runs" and be no ablation: what counts is a run of this one.
    if not any(path.exists() for path in run_files(tasks, output / RUNS).values()):
        claim_folder(output, "ablate")
    with lock(output):
        text = _read_text(output, base, ablation, say)
        done = run_all(tasks, text, ablation.columns, output / RUNS, processes, say)
        results = _write(ablation, base, seeds, done, _asked(text), output, say)
        release_folder(output)
        return results


def _read_text(output, base, ablation, say):
    """The training text and the held-out batches: the same for all variants and seeds."""
    held_out, first = {}, None
    for batches, changes in ablation.batches.items():
        options = replace(base, data={**base.data, **changes})
        opened = open_run_data(output, options, resuming=first is not None,
                               say=say if first is None else (lambda line: None))
        first = first or opened
        held_out[batches] = opened[0].held_out
        if not opened[0].held_out:
            raise ValueError(f"{base.corpus} has no held-out text to compare the runs on")
    training, fingerprint = first
    say(f"tokenizer  {training.tokenizer.vocab_size:,} pieces")
    return Text(training.shards, held_out, training.tokenizer, fingerprint)


def _asked(text):
    """How many pieces and how many pairs each of the held-out batches ask about."""
    return {name: [sum(int(np.count_nonzero(batch[key] != IGNORED)) for batch in batches)
                   for key in ("labels", "sentence_order_label")]
            for name, batches in text.held_out.items()}


# ---- one run -------------------------------------------------------------------------------------

def run_once(options, text):
    """Train one model and measure it.

    Parameters
    ----------
    options : PretrainingOptions
    text : Text

    Returns
    -------
    dict
        ``options``, ``text`` (the fingerprint), ``version``; ``parameters``; ``held_out``, the
        figures by held-out batches; ``ms_a_step``, the median; ``seconds`` with the evaluation.
    """
    started = time.perf_counter()
    steps, warmup = options.steps, options.warmup_steps
    data = PretrainingData(text.shards, [], text.tokenizer, DataOptions(**options.data),
                           options.batch_size, options.seed)
    model = make_model(text.tokenizer, options)
    schedule = warmup_polynomial_decay(options.learning_rate, steps,
                                       steps // 20 if warmup is None else warmup)
    dropout = max(model.config.hidden_dropout_prob, model.config.attention_probs_dropout_prob) > 0
    rng = np.random.default_rng(np.random.SeedSequence(options.seed).spawn(2)[1])
    with one_thread_each():
        metrics = train(model, make_optimizer(model.params, options, schedule),
                        data.training_batches(), steps, rng=rng if dropout else None,
                        max_gradient_norm=options.max_gradient_norm, progress=False)
        held_out = {name: evaluate(model, batches) for name, batches in text.held_out.items()}
    return {**identity_of(options, text),
            "parameters": sum(model.config.parameter_counts().values()), "held_out": held_out,
            "ms_a_step": float(np.median([1000 * row["tokens"] / row["tokens_per_second"]
                                          for row in metrics])),
            "seconds": time.perf_counter() - started}


def identity_of(options, text):
    """What makes a run what it is: with the same, it need not be repeated."""
    return {"options": asdict(options), "text": text.fingerprint, "version": __version__}


def finished_entry(path, options, text):
    """The file of a run, if there is one and it is of this very run; else None."""
    try:
        run = json.loads(read_text(path))
        same = all(run[key] == value for key, value in identity_of(options, text).items())
        return run if same and run["held_out"].keys() == text.held_out.keys() else None
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None                                     # missing or damaged: run it again


# ---- all of them ---------------------------------------------------------------------------------

def run_files(tasks, folder):
    """The file of each run, a dict of (variant, seed) to Path."""
    return {task: folder / f"{task[0]}-{task[1]}.json" for task in tasks}


def run_all(tasks, text, columns, folder, processes, say):
    """Do what is not done yet.

    Parameters
    ----------
    tasks : dict of (variant, seed) to options
    text : Text
    columns : tuple of Column
        What is said of a run when it ends.
    folder : Path
    processes : int
    say : callable

    Returns
    -------
    dict of (variant, seed) to dict
        As `run_once` returns them.
    """
    paths = run_files(tasks, folder)
    done = {task: finished_entry(paths[task], options, text) for task, options in tasks.items()}
    waiting = {task: tasks[task] for task, run in done.items() if run is None}
    if len(waiting) < len(tasks):
        say(f"done       {len(tasks) - len(waiting)} of {len(tasks)} runs are in {folder} already")
    count = len(tasks) - len(waiting)
    # closing: whatever goes wrong here, for instance a full disk, also ends the processes.
    with contextlib.closing(_results(waiting, text, min(processes, len(waiting)))) as results:
        for task, run in results:
            write_whole(paths[task], json_file(run))
            done[task], count = run, count + 1
            say(f"run {count:2d} of {len(tasks)}   {task[0]}, seed {task[1]}: "
                f"{in_words(run, columns)}")
    return done


def _results(tasks, text, processes):
    """Yield (task, result) as they come in."""
    if processes <= 1:
        for task, options in tasks.items():
            yield task, _named(task, run_once, options, text)
        return
    # "spawn" starts fresh interpreters, which is safe beside threads.
    context = multiprocessing.get_context("spawn")
    waiting, running = list(tasks)[::-1], {}
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                task = waiting.pop()
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_run_in_process, daemon=True,
                                          args=(tasks[task], text, sender))
                with interrupts_left_to_us():
                    process.start()
                    running[receiver] = task, process
                sender.close()                  # the other end is in the process, and ends with it
            for receiver in multiprocessing.connection.wait(list(running)):
                task, process = running.pop(receiver)
                yield task, _named(task, _receive, receiver)
                process.join()
    finally:
        for _, process in running.values():     # Ctrl-C, or a run that failed: do not wait
            process.terminate()


def _receive(receiver):
    try:
        result = receiver.recv()
    except EOFError:
        raise ValueError("A process has ended before its run was done, perhaps for lack of memory; "
                         "try fewer processes.") from None
    if isinstance(result, Exception):
        raise result
    return result


def _named(task, function, *arguments):
    """Call a function; where a run diverges, say which."""
    try:
        return function(*arguments)
    except FloatingPointError as error:
        raise FloatingPointError(f"variant {task[0]}, seed {task[1]}: {error}") from error


def _run_in_process(options, text, sender):
    from tqdm import tqdm

    end_with_parent()
    # Its own lock is one between processes, which outlives this process if that is ended.
    tqdm.set_lock(threading.RLock())
    keep_freed_memory()
    try:
        sender.send(run_once(options, text))
    except Exception as error:
        sender.send(error)


# ---- what came out -------------------------------------------------------------------------------

def _write(ablation, base, seeds, done, asked, output, say):
    from ...plotting import plot_ablation

    rows = summarize(ablation, done, seeds)
    found = findings(ablation, rows)
    results = {"ablation": ablation.name, "steps": base.steps, "seeds": seeds, "rows": rows,
               "findings": found, "asked": asked, "options": asdict(base),
               "versions": {"albert_np": __version__, "numpy": np.__version__}}
    text = table(ablation, rows, found, base.steps, seeds, asked)
    write_whole(output / "table.md", text.encode())
    write_whole(output / "results.json", json_file(results))
    plot_ablation(ablation, rows, output / "picture.png",
                  f"{ablation.title}: {base.steps:,} steps, {seeds} seed{'s' * (seeds > 1)}")
    say(f"\n{text}\nThis is in {output}: table.md, picture.png, results.json.")
    return results
