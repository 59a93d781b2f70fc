"""Marking a class: one result file for each submission, a table of all, resumable."""

import contextlib
import csv
import io
import json
import os
import queue
import secrets
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from ... import __version__
from ...files import read_text, remove_leftovers, write_whole
from ...files.json_objects import json_file, json_text
from ..checking.verdict import no_points
from ..exercises import EXERCISES
from ..sandbox.judge_reply import ENDINGS
from ..sandbox.sandbox import Limits, Sandbox, weaknesses
from .gradescope_results import results
from .harmless_text import cell, file_stem, look_alikes, quoted, shown_name
from .mark_submission import Mark, mark_submission
from .read_submissions import fingerprint, read_submission, submissions_in, why_not
from .similarity import Comparer, similarity_cell

SEED = ".seed.json"              # in the folder of the results


def grade_class(folder, output, seed=None, exercises=EXERCISES, limits=Limits(), visible_seed=0,
                workers=None, quiet=False, say=print):
    """Mark every submission in a folder.

    Parameters
    ----------
    folder : str or Path
        See :func:`~albert_np.course.marking.read_submissions.submissions_in`.
    output : str or Path
        The table to write, such as "grades.csv". Beside it "grades.results" gets a file for each
        submission, in the form of Gradescope's results.json. Those that are there already, for
        the same files, seed, exercises and limits, are not marked again.
    seed : int, optional
        Of the hidden inputs. None takes that of the results that are there, or draws one.
    exercises : sequence of Exercise
    limits : Limits
    visible_seed : int
        Of the inputs of which students are told, which is that of their workspaces.
    workers : int, optional
        Submissions marked at the same time; None takes as many as there are processors.
    quiet : bool
        No progress bar.
    say : callable
        Gets remarks on this machine, as sentences.

    Returns
    -------
    list of dict
        The rows of the table.

    Raises
    ------
    FileNotFoundError, ValueError
        There are no submissions, or the output lies among them, is a file of something else or
        cannot be written.
    """
    submissions, output = submissions_in(folder, say), Path(output)
    store = output.with_suffix(".results")
    if output.is_dir() or store == output:
        raise ValueError(f"{output} is no name for a table; take one such as grades.csv.")
    _refuse_among_submissions(output, store, folder)
    _refuse_other_files(output, store)
    remove_leftovers(store)
    seed = settled_seed(store / SEED, seed)
    workers = min(workers or os.cpu_count() or 1, len(submissions))
    rows, unmarked, idle = {}, [], queue.SimpleQueue()

    def mark(name):
        sandbox, comparer = idle.get()
        try:
            return _mark_one(submissions[name], store / f"{file_stem(name)}.json", seed, exercises,
                             sandbox, comparer, visible_seed)
        except Exception as error:               # costs one row and not the table
            unmarked.append(name)
            return _not_marked(error, exercises)
        finally:
            idle.put((sandbox, comparer))

    cages, comparers = [Sandbox(limits) for _ in range(workers)], contextlib.ExitStack()
    try:
        for cage in cages:
            idle.put((cage.__enter__(), comparers.enter_context(Comparer())))
        for text in weaknesses(cages[0].able):
            say(f"Note: {text}.")
        pool = ThreadPoolExecutor(workers)
        try:
            futures = {pool.submit(mark, name): name for name in submissions}
            with tqdm(total=len(futures), unit="submission", disable=quiet) as bar:
                for future in as_completed(futures):
                    rows[futures[future]] = future.result()
                    bar.update()
        except BaseException:                    # Ctrl-C too: what is written is whole, and
            pool.shutdown(wait=False, cancel_futures=True)       # the rest comes next time
            for cage in cages:
                cage.close()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
    finally:
        for cage in cages:
            cage.close()
        comparers.close()
    table = [_row(name, rows[name], exercises) for name in submissions]
    alike = look_alikes(submissions)
    for row in table:
        if others := alike.get(row["submission"]):
            row["remarks"] = (f"The name {ascii(row['submission'])} looks like "
                              f"{' and '.join(map(ascii, others[:3]))}. {row['remarks']}").strip()
    write_whole(output, _csv(table))
    if unmarked:
        say(f"Mark by hand: {', '.join(map(quoted, sorted(unmarked)))}; the table says why.")
    return table


def _refuse_among_submissions(output, store, folder):
    """ValueError if a submission could have the name of the table, or of the results beside it."""
    folder = Path(folder).resolve()
    if any(folder in (path.resolve(), *path.resolve().parents) for path in (output, store)):
        raise ValueError(f"{output} lies in the folder of the submissions, where a submission can "
                         f"pass for the results of an earlier marking; give --output a place "
                         f"outside of it, such as {folder.parent / 'grades.csv'}.")


def _refuse_other_files(output, store):
    """ValueError if the table or its folder exists and was not made by marking."""
    if (store / SEED).exists():
        return
    for path in (output, store):
        if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir())):
            raise ValueError(f"{path} exists and was not made by albert-np course grade; it stays "
                             f"as it is: remove it, or give --output another name.")


def grade_one(path, seed=0, exercises=EXERCISES, limits=Limits(), visible_seed=0):
    """The contents of Gradescope's results.json for one submission.

    Parameters
    ----------
    path : str or Path
        A folder, a zip file or a notebook.
    seed : int
        Of the hidden inputs.
    exercises : sequence of Exercise
    limits : Limits
    visible_seed : int
        Of the inputs of which students are told.

    Returns
    -------
    dict
        See :func:`~albert_np.course.marking.gradescope_results.results`.

    Raises
    ------
    FileNotFoundError
        There is no such submission.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"There is no submission {path}.")
    path = Path(path).resolve()                  # the teacher may name it by a link
    with Sandbox(limits) as sandbox, Comparer() as comparer:
        return _marked(*_read(path, exercises), seed, exercises, sandbox, comparer, visible_seed,
                       "")


def _read(path, exercises):
    return read_submission(path, {exercise.module for exercise in exercises})


def _marked(files, remarks, seed, exercises, sandbox, comparer, visible_seed, key):
    start = time.monotonic()
    marks = mark_submission(files, sandbox, seed, exercises, visible_seed)
    if broken := [mark.exercise.id for mark in marks if ENDINGS["broken"][1] in {
            finding.text for verdict in (mark.verdict, mark.visible)
            for finding in verdict.findings}]:
        remarks = [*remarks, f"Mark by hand: {', '.join(broken)}; the process of the submission "
                             f"could not be run."]
    if not marks or not any(mark.exercise.module in files for mark in marks):
        remarks = [*remarks, "No file of an exercise was found in this submission."]
    alike = comparer.compare(files, exercises) or {"similarity": None, "without_text": (),
                                                   "running": {}}
    alike["without_text"] = [mark.exercise.id for mark in marks if mark.verdict.points
                             and mark.exercise.id in alike["without_text"]]
    return results(marks, time.monotonic() - start, remarks,
                   {"fingerprint": key, "seed": seed, "version": __version__, **alike})


def _mark_one(path, store, seed, exercises, sandbox, comparer, visible_seed):
    files, remarks = _read(path, exercises)
    key = fingerprint(files, remarks, seed, visible_seed, list(map(repr, exercises)),
                      asdict(sandbox.limits), __version__)
    known = _stored(store)
    if known is not None and known["extra_data"].get("fingerprint") == key:
        return known
    value = _marked(files, remarks, seed, exercises, sandbox, comparer, visible_seed, key)
    write_whole(store, json_file(value, 1))
    return value


def _not_marked(error, exercises):
    verdicts = [no_points(exercise, "crash", "It was not marked.") for exercise in exercises]
    return results(list(map(Mark, exercises, verdicts, verdicts)),
                   remarks=[f"It could not be marked: {why_not(error)}."])


def _stored(path):
    try:
        value = json.loads(read_text(path))
        return value if "score" in value and "fingerprint" in value["extra_data"] else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def settled_seed(path, seed):
    """The seed to use, which a later run without one finds again."""
    if seed is None:
        try:
            return int(json.loads(read_text(path))["seed"])
        except FileNotFoundError:
            seed = secrets.randbelow(2**53)      # the largest range that every JSON reader keeps
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} holds no seed; remove it, or give --seed.") from error
    write_whole(path, json_text({"seed": seed}).encode())
    return seed


def _row(name, value, exercises):
    points = {test["number"]: test["score"] for test in value["tests"]}
    of = sum(exercise.points for exercise in exercises)
    return {"submission": name, "points": value["score"], "of": of,
            "percent": round(100 * value["score"] / of, 2) if of else 0.0,
            **{exercise.id: points[exercise.id] for exercise in exercises},
            "similarity": similarity_cell(*(value["extra_data"].get(name, {}) for name in (
                "similarity", "without_text", "running"))),
            "remarks": " ".join(value["output"].splitlines()[1:])}


def _csv(rows):
    text = io.StringIO()
    # A semicolon in a name begins no new cell within quotes.
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n",
                            quoting=csv.QUOTE_NONNUMERIC)
    writer.writeheader()
    writer.writerows({key: cell(shown_name(value) if key == "submission" else value)
                      for key, value in row.items()} for row in rows)
    return text.getvalue().encode("utf-8")
