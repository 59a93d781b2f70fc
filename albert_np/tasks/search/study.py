"""A search in a folder: begun, or gone on with. What was tried is kept by optuna's journal."""

import contextlib
import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np

from ... import __version__
from ...files import write_together
from ...files.locks import lock
from ..metrics.checks import library
from .options import option_called
from .points import distributions, points_of, shortened
from .space import read_space
from .table import as_csv, as_text, in_words, ranked
from .trials import (RESULTS, failure, log_file, reached, read_outcome, run_trials,
                     trial_folder)

JOURNAL, SEARCH, TABLE, PICTURE = "search.journal", "search.json", "search.csv", "search.png"
# What makes a search what it is, and how it is called where it is another one.
_IDENTITY = {"task": "another task", "arguments": "other options for all trials",
             "space": "another space", "method": "another method", "seed": "another seed"}
COMMAND = (sys.executable, "-m", "albert_np", "finetune")


def search(task, space, output, options, arguments=(), method="random", trials=None, seed=0, jobs=1,
           prune=False, command=None, progress=True):
    """Fine-tune at many points of a space, and leave a table and a picture, best first.

    Every trial is a process of its own, in the folder ``output/trial-001`` and so on. When the
    search is begun again in the same folder, trials that have ended well are not repeated. All
    others, half-finished and failed ones too, are begun anew. There may be more trials than before.

    Parameters
    ----------
    task : str
        As for ``albert-np finetune``.
    space : list of str
        As for :func:`~albert_np.tasks.search.read_space`.
    output : str or Path
        The folder for ``search.csv``, ``search.json``, ``search.png``, the journal and the trials.
    options : dict of str to Option
        What can be searched, as from :func:`~albert_np.tasks.search.options_of`.
    arguments : sequence of str
        What all trials have in common: further words for the command line of each.
    method, trials, seed
        As for :func:`~albert_np.tasks.search.points.points_of`.
    jobs : int
        Trials at a time.
    prune : bool
        Stop a trial that, after some epoch, is below the median of the others at that epoch
        (optuna's ``MedianPruner``).
    command : sequence of str, optional
        What runs a trial, given the task, the arguments, ``--output FOLDER`` and ``--quiet``, and
        writes ``FOLDER/results.json``. None: ``albert-np finetune``.
    progress : bool
        Show what is going on, and the table.

    Returns
    -------
    dict
        What ``search.json`` holds; its ``trials`` are best first.

    Raises
    ------
    ValueError
        The space, an option or the folder will not do, the folder holds another search, or optuna
        is missing.
    """
    library("optuna", "optuna", "search")              # before anything is written
    if jobs < 1:
        raise ValueError(f"--jobs is {jobs}; it must be at least 1")
    axes = read_space(space, options, method)
    _refuse_given_twice(arguments, axes, options)
    points, total = points_of(axes, method, trials, seed)
    record = {"task": task, "arguments": [str(word) for word in arguments], "space": list(space),
              "method": method, "seed": seed, "version": __version__, "trials": []}
    output = Path(output)
    _refuse_other_files(output)
    with lock(output), _quiet_optuna():
        study = _Study(output, record, axes, points, total)
        say = _Voice(total, progress)

        def command_of(number, point):
            words = [word for axis in axes for word in axis.option.arguments(point[axis.name])]
            return [*(command or COMMAND), task, *record["arguments"], *words,
                    "--output", str(trial_folder(output, number)), "--quiet"]

        def hopeless(number):
            return prune and study.hopeless(number, reached(output, number))

        study.write()
        waiting = ((number, command_of(number, point)) for number, point in study.to_try())
        # closing: whatever goes wrong here also ends the processes.
        with say, contextlib.closing(run_trials(waiting, output, jobs, hopeless)) as ended:
            say.begin(total, trials or 0, study.left)
            for number, status, stopped in ended:
                study.note_end(number, status, stopped)
                study.write()
                say.ended(study.rows[number], study.rows)
        record["trials"] = ranked(record["trials"])
        _draw(output, record, axes)
    if progress:
        print(f"{as_text(record['trials'], [axis.name for axis in axes])}\n\nThis is in {output}: "
              + ", ".join([TABLE, SEARCH] + [PICTURE] * (output / PICTURE).exists()) + ".")
    return record


@contextlib.contextmanager
def _quiet_optuna():
    """Keep optuna's own lines from the user while a search runs."""
    optuna = library("optuna", "optuna", "search")
    logging = optuna.logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        logging.set_verbosity(before)


def _refuse_given_twice(arguments, axes, options):
    """ValueError where a hyper-parameter is among the options that all trials have in common."""
    searched = {axis.option.name for axis in axes}
    for word in arguments:
        name = str(word).partition("=")[0]
        option = option_called(name.removeprefix("--"), options) if name[:2] == "--" else None
        if option is not None and option.name in searched:
            raise ValueError(f"{name} is in the space, and given to all trials as well; take one "
                             f"of the two away")


def _refuse_other_files(output):
    """ValueError where the folder is one of something else: trials are removed when begun anew."""
    if not output.is_dir() or (output / JOURNAL).exists():
        return
    others = sorted(path.name for path in output.iterdir() if not path.name.startswith("."))
    if others:
        raise ValueError(f"the folder {output} holds other files ({others[0]}) and no search; "
                         f"choose another one")


def _draw(output, record, axes):
    from ...plotting.search_trials import plot_search

    if record["trials"] and record["trials"][0]["status"] == "done":
        plot_search(record["trials"], axes, output / PICTURE, f"Search: {record['task']}")


class _Study:
    """optuna's study of a folder, as rows of a table: one for each trial, by its number.

    A trial that is begun anew is another one for optuna; its number here, that of the folder, is
    the same and stands in the user attributes.
    """

    def __init__(self, output, record, axes, points, total):
        self.optuna = library("optuna", "optuna", "search")
        self.output, self.record, self.axes, self.total = output, record, axes, total
        self.spaces, self.running = distributions(axes), {}
        self.reported = {}                             # how many epochs of each trial
        self.study = self._open()
        self._check_same()
        self.rows, states = {}, self.optuna.trial.TrialState
        for _ in self.study.get_trials(states=[states.WAITING]):    # killed before it was begun:
            self.study.tell(self.study.ask(), state=states.FAIL)    # another would take its point
        for trial in self.study.trials:
            self._read(trial)
        if len(self.rows) > total:
            raise ValueError(f"the search in {output} has {len(self.rows)} trials already; "
                             f"--trials must be at least that")
        self.waiting = [(number, row["parameters"]) for number, row in self.rows.items()
                        if row["status"] in ("waiting", "failed")]
        for number in range(len(self.rows) + 1, total + 1):
            self.waiting.append((number, points[number - 1] if points else None))
        for number, point in self.waiting:
            if point is not None:
                self.rows[number] = {"trial": number, "status": "waiting", "parameters": point}
        self.left = len(self.waiting)

    def _open(self):
        storages, path = self.optuna.storages, self.output / JOURNAL
        try:
            text = path.read_bytes() if path.exists() else b""
            whole = text[:text.rfind(b"\n") + 1]
            for line in whole.splitlines():
                if not 0 <= json.loads(line)["op_code"] <= 9:
                    raise ValueError(f"a line of it is {line.decode()[:40]!r}")
            if len(whole) < len(text):      # a killed search: optuna would append to half a line
                os.truncate(path, len(whole))
            backend = storages.journal.JournalFileBackend(str(path))
            path.with_name(path.name + ".lock").unlink(missing_ok=True)      # of a killed search
            return self.optuna.create_study(
                storage=storages.JournalStorage(backend), study_name="search",
                direction="maximize", load_if_exists=True,
                pruner=self.optuna.pruners.MedianPruner(n_startup_trials=3))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is damaged ({error}); remove it, or choose another folder"
                             ) from None

    def _check_same(self):
        """ValueError where the folder has a search that this one does not go on with."""
        own = {key: self.record[key] for key in _IDENTITY}
        before = self.study.user_attrs.get("search")
        if before is None:
            self.study.set_user_attr("search", own)
        elif before != own:
            key = next(key for key in _IDENTITY if before.get(key) != own[key])
            raise ValueError(f"the folder {self.output} has a search with {_IDENTITY[key]} "
                             f"({_shown(before.get(key))}, not {_shown(own[key])}); choose another "
                             f"folder")

    def _read(self, trial):
        """Put what optuna knows of a trial into its row."""
        known = trial.user_attrs
        if "trial" not in known:                       # killed between two lines of the journal
            return
        statuses = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}
        row = {"trial": known["trial"], "status": statuses.get(trial.state.name, "waiting"),
               "parameters": known["parameters"]}
        if trial.state.name not in statuses:           # it ran when the search was killed
            self.study.tell(trial.number, state=self.optuna.trial.TrialState.FAIL)
        elif row["status"] == "done":
            row.update(known["outcome"])
            if not (trial_folder(self.output, row["trial"]) / RESULTS).exists():
                row["status"] = "waiting"              # somebody removed it
        else:
            row["sentence"] = known.get("sentence", "")
            if not row["sentence"]:
                row["status"] = "waiting"
        self.rows[row["trial"]] = row

    def to_try(self):
        """The number and the point of each trial that is to be run, as late as it is begun."""
        for number, point in self.waiting:
            if point is None:                          # drawn now, from all results so far
                seed = np.random.SeedSequence([self.record["seed"], number]).generate_state(1)
                self.study.sampler = self.optuna.samplers.TPESampler(seed=int(seed[0]))
            else:
                self.study.enqueue_trial(point)
            trial = self.study.ask(self.spaces)
            point = point or {axis.name: shortened(axis, trial.params[axis.name])
                              for axis in self.axes}
            trial.set_user_attr("parameters", point)
            trial.set_user_attr("trial", number)
            self.running[number] = trial
            self.rows[number] = {"trial": number, "status": "waiting", "parameters": point}
            yield number, point

    def hopeless(self, number, values):
        """Whether a trial can be stopped, given its figure after each epoch so far."""
        trial = self.running[number]
        before, self.reported[number] = self.reported.get(number, 0), len(values)
        for epoch, value in enumerate(values[before:], before + 1):
            trial.report(value, epoch)
        return len(values) > before and trial.should_prune()

    def note_end(self, number, status, stopped):
        """Write down what came of a trial; a log that says nothing is removed."""
        trial, row = self.running.pop(number), self.rows[number]
        states = self.optuna.trial.TrialState
        if stopped:
            row.update(status="pruned", sentence="stopped early: below the median of the others")
            trial.set_user_attr("sentence", row["sentence"])
            self.study.tell(trial, state=states.PRUNED)
            return
        try:
            outcome, sentence = read_outcome(self.output, number), None
        except ValueError as error:
            outcome, sentence = None, str(error)
        if outcome is None:
            row.update(status="failed",
                       sentence=sentence or failure(self.output, number, status))
            trial.set_user_attr("sentence", row["sentence"])
            self.study.tell(trial, state=states.FAIL)
            return
        row.update(status="done", **outcome)
        trial.set_user_attr("outcome", outcome)
        self.study.tell(trial, outcome["score"])
        if not log_file(self.output, number).stat().st_size:
            log_file(self.output, number).unlink()

    def write(self):
        """Write the table and the record, best first."""
        self.record["trials"] = [self.rows[number] for number in sorted(self.rows)]
        best_first = {**self.record, "trials": ranked(self.record["trials"])}
        names = [axis.name for axis in self.axes]
        write_together({
            self.output / TABLE: as_csv(self.record["trials"], names).encode(),
            self.output / SEARCH: (json.dumps(best_first, indent=2) + "\n").encode()})


def _shown(value):
    return (" ".join(value) or "nothing") if isinstance(value, list) else value


class _Voice:
    """A bar on a terminal, and a line for each trial that ends."""

    def __init__(self, total, shown):
        from tqdm import tqdm

        # disable=None: no bar where standard error is no terminal.
        self._bar = tqdm(total=total, desc="trials", unit="trial", disable=None if shown else True)
        self.say = self._bar.write if shown else lambda line: None

    def __enter__(self):
        return self

    def __exit__(self, kind, *error):
        if kind is KeyboardInterrupt:
            self.say("stopped: the same command goes on")
        self._bar.close()

    def begin(self, total, wanted, left):
        """Say how much there is to do."""
        if total < wanted:
            self.say(f"the space has {total} points: fewer than {wanted}")
        if left < total:
            self.say(f"{total - left} of {total} trials are finished already")
        self._bar.update(total - left)

    def ended(self, row, rows):
        """Say what came of a trial."""
        point = "  ".join(f"{name}={in_words(value)}" for name, value in row["parameters"].items())
        best = " (best yet)" * (row is ranked(list(rows.values()))[0])
        result = (f"{row['metric']} {row['score']:.4f}{best}" if row["status"] == "done"
                  else f"{row['status']}: {row['sentence']}")
        self.say(f"trial {row['trial']}: {result}  {point}")
        self._bar.update(1)
