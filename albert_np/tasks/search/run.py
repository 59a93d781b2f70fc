"""A search in a folder: begun, or gone on with."""

import contextlib
import json
import sys
from pathlib import Path

from ... import __version__
from ...files import read_text, write_together
from ...files.json_objects import parse_object
from ...files.locks import lock
from .draw import draw_trials
from .options import option_called
from .space import read_space
from .table import as_csv, as_text, in_words, ranked
from .trials import failure, log_file, read_outcome, run_trials, trial_folder

SEARCH, TABLE, PICTURE = "search.json", "search.csv", "search.png"
# What makes a search what it is, and how it is called where it is another one.
_IDENTITY = {"task": "another task", "arguments": "other options for all trials",
             "space": "another space", "method": "another method", "seed": "another seed"}
COMMAND = (sys.executable, "-m", "albert_np", "finetune")


def search(task, space, output, options, arguments=(), method="random", trials=None, seed=0, jobs=1,
           command=None, progress=True):
    """Fine-tune at many points of a space, and leave a table and a picture, best first.

    Every trial is a process of its own, in the folder ``output/trial-001`` and so on. When the
    search is begun again in the same folder, trials that have their results are not repeated, and
    all others, half-finished and failed ones too, are begun anew; there may be more trials than
    before.

    Parameters
    ----------
    task : str
        As for ``albert-np finetune``.
    space : list of str
        As for :func:`~albert_np.tasks.search.read_space`.
    output : str or Path
        The folder for ``search.csv``, ``search.json``, ``search.png`` and the trials.
    options : dict of str to Option
        What can be searched, as from :func:`~albert_np.tasks.search.options_of`.
    arguments : sequence of str
        What all trials have in common: further words for the command line of each.
    method, trials, seed
        As for :func:`~albert_np.tasks.search.draw.draw_trials`.
    jobs : int
        Trials at a time.
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
        The space, an option or the folder will not do, or the folder holds another search.
    """
    if jobs < 1:
        raise ValueError(f"--jobs is {jobs}; it must be at least 1")
    axes = read_space(space, options, method)
    _refuse_given_twice(arguments, axes, options)
    points = draw_trials(axes, method, trials, seed)
    names = [axis.name for axis in axes]
    output = Path(output)
    _refuse_other_files(output)
    with lock(output):
        record = {"task": task, "arguments": [str(word) for word in arguments],
                  "space": list(space), "method": method, "seed": seed, "version": __version__,
                  "trials": [{"trial": number, "status": "waiting", "parameters": point}
                             for number, point in enumerate(points, 1)]}
        _check_same(output, record)
        rows = {row["trial"]: row for row in record["trials"]}
        _look_up_results(output, rows)
        say = _Voice(len(rows), trials or 0, progress)
        commands = {number: [*(command or COMMAND), task, *record["arguments"],
                             *_words(axes, row), "--output", str(trial_folder(output, number)),
                             "--quiet"]
                    for number, row in rows.items() if row["status"] == "waiting"}
        _write(output, record, names)
        # closing: whatever goes wrong here also ends the processes.
        with say, contextlib.closing(run_trials(commands, output, jobs)) as ended:
            say.begin(rows, commands)
            for number, status in ended:
                _note_end(output, rows[number], status)
                _write(output, record, names)
                say.ended(rows[number], rows)
        record["trials"] = ranked(record["trials"])
        _draw(output, record, axes)
    if progress:
        print(f"{as_text(record['trials'], names)}\n\nThis is in {output}: "
              + ", ".join([TABLE, SEARCH] + [PICTURE] * (output / PICTURE).exists()) + ".")
    return record


def _refuse_given_twice(arguments, axes, options):
    """ValueError where a hyper-parameter is among the options that all trials have in common."""
    searched = {axis.option.name for axis in axes}
    for word in arguments:
        name = str(word).partition("=")[0]
        option = option_called(name.removeprefix("--"), options) if name[:2] == "--" else None
        if option is not None and option.name in searched:
            raise ValueError(f"{name} is in the space, and given to all trials as well; take one "
                             f"of the two away")


# ---- the folder ----------------------------------------------------------------------------------

def _refuse_other_files(output):
    """ValueError where the folder is one of something else: trials are removed when begun anew."""
    if not output.is_dir() or (output / SEARCH).exists():
        return
    others = sorted(path.name for path in output.iterdir() if not path.name.startswith("."))
    if others:
        raise ValueError(f"the folder {output} holds other files ({others[0]}) and no search; "
                         f"choose another one")


def _check_same(output, record):
    """ValueError where the folder has a search that this one does not go on with."""
    path = output / SEARCH
    if not path.exists():
        return
    # Not read_object: ten thousand trials are more than its files of settings.
    before = parse_object(read_text(path), path)
    try:
        points = {row["trial"]: row["parameters"] for row in before["trials"]}
        changed = [key for key in _IDENTITY if before[key] != record[key]]
    except (KeyError, TypeError):
        raise ValueError(f"{path} is damaged: it holds no search; remove it, or choose another "
                         f"folder") from None
    if changed:
        key = changed[0]
        raise ValueError(f"the folder {output} has a search with {_IDENTITY[key]} "
                         f"({_shown(before[key])}, not {_shown(record[key])}); choose another "
                         f"folder")
    if len(points) > len(record["trials"]):
        raise ValueError(f"the search in {output} has {len(points)} trials already; --trials must "
                         f"be at least that")
    if any(points.get(row["trial"], row["parameters"]) != row["parameters"]
           for row in record["trials"]):
        raise ValueError(f"the search in {output} has {len(points)} trials, drawn from lists "
                         f"alone, and another number of them would be other ones; give --trials "
                         f"{len(points)}, or choose another folder")


def _shown(value):
    return (" ".join(value) or "nothing") if isinstance(value, list) else value


def _look_up_results(output, rows):
    for number, row in rows.items():
        try:
            outcome = read_outcome(output, number)
        except ValueError as error:
            row.update(status="failed", sentence=str(error))
        else:
            row.update(outcome and {"status": "done", **outcome} or {})


def _words(axes, row):
    """The words that set the hyper-parameters of a trial."""
    return [word for axis in axes for word in axis.option.arguments(row["parameters"][axis.name])]


def _note_end(output, row, status):
    """Write into the row of a trial what came of it; a log that says nothing is removed."""
    number = row["trial"]
    _look_up_results(output, {number: row})
    if row["status"] == "waiting":
        row.update(status="failed", sentence=failure(output, number, status))
    elif row["status"] == "done" and not log_file(output, number).stat().st_size:
        log_file(output, number).unlink()


def _write(output, record, names):
    best_first = {**record, "trials": ranked(record["trials"])}
    write_together({output / TABLE: as_csv(record["trials"], names).encode(),
                    output / SEARCH: (json.dumps(best_first, indent=2) + "\n").encode()})


def _draw(output, record, axes):
    from ...plotting.search_trials import plot_search

    if record["trials"][0]["status"] == "done":
        plot_search(record["trials"], axes, output / PICTURE, f"Search: {record['task']}")


# ---- what is said meanwhile ----------------------------------------------------------------------

class _Voice:
    """A bar on a terminal, and a line for each trial that ends."""

    def __init__(self, total, asked, shown):
        from tqdm import tqdm

        self.shown, self._asked = shown, asked
        # disable=None: no bar where standard error is no terminal.
        self._bar = tqdm(total=total, desc="trials", unit="trial", disable=None if shown else True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *error):
        if kind is KeyboardInterrupt:
            self._say("stopped: the same command goes on")
        self._bar.close()

    def begin(self, rows, commands):
        """Say how much there is to do."""
        if len(rows) < self._asked:
            self._say(f"the space has {len(rows)} points: fewer than {self._asked}")
        if len(commands) < len(rows):
            self._say(f"{len(rows) - len(commands)} of {len(rows)} trials are finished already")
        self._bar.update(len(rows) - len(commands))

    def ended(self, row, rows):
        """Say what came of a trial."""
        point = "  ".join(f"{name}={in_words(value)}" for name, value in row["parameters"].items())
        best = ranked(list(rows.values()))[0]
        if row["status"] == "failed":
            result = f"failed: {row['sentence']}"
        else:
            result = f"{row['metric']} {row['score']:.4f}{' (best yet)' * (row is best)}"
        self._say(f"trial {row['trial']}: {result}  {point}")
        if best["status"] == "done":
            self._bar.set_postfix(best=f"{best['score']:.4f}", refresh=False)
        self._bar.update(1)

    def _say(self, line):
        if self.shown:
            self._bar.write(line)
