"""A search in a folder: begun, or gone on with. What was tried is kept in optuna's journal."""

import contextlib
import json
import os
import sys
import time
import warnings
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

from ... import __version__
from ...files import write_together
from ...files.json_objects import json_file
from ...files.locks import lock
from .points import distributions, draw, number_of_trials, optuna
from .space import option_called, read_space
from .table import as_csv, as_text, in_words, ranked
from .trials import outcome, reached, start, stop, trial_folder

JOURNAL, SEARCH, TABLE, PICTURE = "search.journal", "search.json", "search.csv", "search.png"
COMMAND = (sys.executable, "-m", "albert_np", "finetune")
# What makes a search what it is, and how it is called where it is another one.
_IDENTITY = {"task": "another task", "arguments": "other options for all trials",
             "space": "another space", "method": "another method", "seed": "another seed"}
_PAUSE = 0.05                  # seconds between two looks at the processes


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
    method : {"random", "grid", "tpe"}
    trials : int, optional
        How many, unless the method is "grid". None: 20.
    seed : int
        Of the draws. With the same, a larger number of trials begins with those of a smaller one.
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
    optuna()                                           # before anything is written
    if jobs < 1:
        raise ValueError(f"--jobs is {jobs}; it must be at least 1")
    axes = read_space(space, options, method)
    _refuse_given_twice(arguments, axes, options)
    total = number_of_trials(axes, method, trials, seed)
    record = {"task": task, "arguments": [str(word) for word in arguments], "space": list(space),
              "method": method, "seed": seed, "version": __version__}
    output = Path(output)
    _refuse_other_files(output)
    with lock(output), _quiet_optuna():
        journal = _Journal(output, record, axes)
        if len(journal.rows) > total:
            raise ValueError(f"the search in {output} has {len(journal.rows)} trials already; "
                             f"--trials must be at least that")

        def start_trial(number):
            point = journal.begin(number)
            words = [word for axis in axes for word in axis.option.arguments(point[axis.name])]
            folder = trial_folder(output, number)
            return start([*(command or COMMAND), task, *record["arguments"], *words,
                          "--output", str(folder), "--quiet"], folder)

        with _progress(journal, total, trials or 0, progress) as (todo, ended):
            _run(journal, todo, jobs, start_trial, prune, ended)
        record = journal.write()
        if record["trials"][0]["status"] == "done":
            from ...plotting.search_trials import plot_search

            plot_search(record["trials"], axes, output / PICTURE, f"Search: {task}")
    if progress:
        print(f"{as_text(record['trials'], [axis.name for axis in axes])}\n\nThis is in {output}: "
              + ", ".join([TABLE, SEARCH] + [PICTURE] * (output / PICTURE).exists()) + ".")
    return record


def _run(journal, numbers, jobs, start_trial, prune, ended):
    """Run trials, so many at a time. If an exception goes through, what still runs is killed."""
    numbers, running, seen = iter(numbers), {}, {}
    try:
        while True:
            for number in islice(numbers, jobs - len(running)):
                running[number] = start_trial(number)
            if not running:
                return
            for number, process in list(running.items()):
                values = reached(trial_folder(journal.output, number))
                news, seen[number] = len(values) > seen.get(number, 0), len(values)
                if hopeless := prune and news and journal.hopeless(values):
                    stop([process])
                if process.poll() is not None:
                    stop([running.pop(number)])
                    status = None if hopeless else process.returncode
                    ended(journal.end(number, status, values))
            time.sleep(_PAUSE)
    finally:
        stop(running.values())


class _Journal:
    """The rows of the table, one for each trial, kept in optuna's journal.

    Each line that is added to the journal is a whole trial with its row. The last line of a trial
    counts: RUNNING when it is begun, then COMPLETE, PRUNED or FAIL.
    """

    def __init__(self, output, record, axes):
        self.output, self.record, self.axes = output, record, axes
        self.optuna, self.spaces = optuna(), distributions(axes)
        path, storages = output / JOURNAL, self.optuna.storages
        self.pruner = self.optuna.pruners.MedianPruner(n_startup_trials=3)
        try:
            if path.exists():
                text = path.read_bytes()
                whole = text[:text.rfind(b"\n") + 1]
                for line in whole.splitlines():
                    json.loads(line)["op_code"]
                os.truncate(path, len(whole))      # a kill leaves half a line: it would be joined
            # The folder is locked: optuna's own lock, which a killed search would leave, is not
            # needed.
            unlocked = SimpleNamespace(acquire=lambda: True, release=lambda: None)
            backend = storages.journal.JournalFileBackend(str(path), unlocked)
            self.study = self.optuna.create_study(
                storage=storages.JournalStorage(backend), study_name="search",
                direction="maximize", load_if_exists=True)
            before = self.study.user_attrs.get("search")
            self.trials = {trial.user_attrs["row"]["trial"]: trial for trial in self.study.trials}
            self.rows = {number: trial.user_attrs["row"] for number, trial in self.trials.items()}
        except (LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
            raise ValueError(f"{path} is damaged ({error}); remove it, or choose another folder"
                             ) from None
        own = {key: record[key] for key in _IDENTITY}
        for key in _IDENTITY if before else ():
            if before.get(key) != own[key]:
                raise ValueError(f"the folder {output} has a search with {_IDENTITY[key]} "
                                 f"({_shown(before.get(key))}, not {_shown(own[key])}); choose "
                                 f"another folder")
        self.study.set_user_attr("search", own)
        for number, row in self.rows.items():
            there = outcome(trial_folder(output, number))
            if row["status"] == "waiting" and there["status"] == "done":     # killed just then
                self._note({**row, **there}, reached(trial_folder(output, number)))
            elif row["status"] == "done" != there["status"]:                 # somebody removed it
                self.rows[number] = _waiting(number, row["parameters"])
        self.write()

    def begin(self, number):
        """The point of a trial, drawn unless it was drawn before."""
        if number not in self.rows:
            tried = [row["parameters"] for row in self.rows.values()]
            point = draw(number, self.axes, self.record["method"], self.record["seed"], tried,
                         self.trials.values() if self.record["method"] == "tpe" else ())
            self._note(_waiting(number, point))
        return self.rows[number]["parameters"]

    def hopeless(self, values):
        """Whether a trial with these figures after its epochs can be stopped."""
        return self.pruner.prune(self.study, self.optuna.trial.create_trial(
            state=self.optuna.trial.TrialState.RUNNING,
            intermediate_values=dict(enumerate(values, 1))))

    def end(self, number, status, values):
        """Write down what came of a trial, status None if it was stopped early; its row."""
        folder = trial_folder(self.output, number)
        found = outcome(folder, status)
        if found["status"] == "waiting":
            found = {"status": "pruned", "sentence": f"stopped early, after epoch {len(values)}: "
                                                     f"below the median of the others"}
        self._note({**_waiting(number, self.rows[number]["parameters"]), **found}, values)
        log = folder.with_suffix(".log")
        if found["status"] == "done" and not log.stat().st_size:
            log.unlink()
        return self.rows[number]

    def _note(self, row, values=()):
        states = self.optuna.trial.TrialState
        state = {"done": states.COMPLETE, "pruned": states.PRUNED, "failed": states.FAIL,
                 "waiting": states.RUNNING}[row["status"]]
        value = row["score"] if row["status"] == "done" else (
            values[-1] if row["status"] == "pruned" else None)
        trial = self.optuna.trial.create_trial(
            state=state, value=value, params=row["parameters"], distributions=self.spaces,
            user_attrs={"row": row}, intermediate_values=dict(enumerate(values, 1)))
        self.study.add_trial(trial)
        self.trials[row["trial"]], self.rows[row["trial"]] = trial, row
        self.write()

    def write(self):
        """Write the table and the record, best first; returns the record."""
        record = {**self.record, "trials": ranked(self.rows.values())}
        table = as_csv(record["trials"], [axis.name for axis in self.axes])
        write_together({self.output / TABLE: table.encode(),
                        self.output / SEARCH: json_file(record)})
        return record


def _waiting(number, point):
    return {"trial": number, "status": "waiting", "parameters": point}


def _shown(value):
    return (" ".join(value) or "nothing") if isinstance(value, list) else value


def _refuse_given_twice(arguments, axes, options):
    """ValueError if a hyperparameter is among the options that all trials have in common."""
    searched = {axis.option.name for axis in axes}
    for word in arguments:
        name = str(word).partition("=")[0]
        option = option_called(name.removeprefix("--"), options) if name[:2] == "--" else None
        if option is not None and option.name in searched:
            raise ValueError(f"{name} is in the space, and given to all trials as well; take one "
                             f"of the two away")


def _refuse_other_files(output):
    """ValueError if the folder is one of something else: trials are removed when begun anew."""
    if output.is_dir() and not (output / JOURNAL).exists():
        others = sorted(path.name for path in output.iterdir() if not path.name.startswith("."))
        if others:
            raise ValueError(f"the folder {output} holds other files ({others[0]}) and no search; "
                             f"choose another one")


@contextlib.contextmanager
def _quiet_optuna():
    """Keep optuna's own lines from the user while a search runs."""
    logging = optuna().logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna().exceptions.ExperimentalWarning)
            yield
    finally:
        logging.set_verbosity(before)


@contextlib.contextmanager
def _progress(journal, total, wanted, shown):
    """Show a bar on a terminal and a line for each trial that ends; yields what is to do."""
    from tqdm import tqdm

    todo = [number for number in range(1, total + 1)
            if journal.rows.get(number, {}).get("status") not in ("done", "pruned")]
    # disable=None: no bar where standard error is no terminal.
    with tqdm(total=total, initial=total - len(todo), desc="trials", unit="trial",
              disable=None if shown else True) as bar:
        say = bar.write if shown else lambda line: None

        def ended(row):
            best = " (best yet)" * (row is ranked(journal.rows.values())[0])
            result = (f"{row['metric']} {row['score']:.4f}{best}" if row["status"] == "done"
                      else f"{row['status']}: {row['sentence']}")
            point = "  ".join(f"{name}={in_words(x)}" for name, x in row["parameters"].items())
            say(f"trial {row['trial']}: {result}  {point}")
            bar.update(1)

        if total < wanted:
            say(f"the space has {total} points: fewer than {wanted}")
        if len(todo) < total:
            say(f"{total - len(todo)} of {total} trials are finished already")
        try:
            yield todo, ended
        except KeyboardInterrupt:
            say("stopped: the same command goes on")
            raise
