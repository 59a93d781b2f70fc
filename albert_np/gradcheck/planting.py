"""Plant the faults of the catalogue, one at a time, and see them caught.

A check that has never failed is not a check. Here every fault is put into a copy of the package,
in a temporary folder, and the one check that is meant to catch it is run there, in a fresh
interpreter. The package itself is only read.

Gradient checks need this package alone; other faults are caught by tests, which come with the
source and not with an installation. Where there is no folder of tests, those faults are left out.
"""

from __future__ import annotations

import compileall
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from py_compile import PycInvalidationMode

from .planted_faults import PLANTED_FAULTS, is_test

PACKAGE = Path(__file__).resolve().parents[1]
TESTS = PACKAGE.parent / "tests"

TIME_LIMIT = 300     # seconds; a fault may make a loop endless
EXCEEDED = 3         # exit status of a gradient check that found a fault, as opposed to a crash

# Runs in the copy. Components as arguments; the exit status says what came of them.
RUN_GRADIENT_CHECKS = f"""
import sys
from albert_np.gradcheck.all_checks import all_checks
from albert_np.gradcheck.one_check import faults
checks = {{check.component: check for check in all_checks()}}
for component in sys.argv[1:]:
    check = checks[component]
    for report in faults(check, check.run()):
        print(report)
        sys.exit({EXCEEDED})
"""


def run_faults(names=None, workers=2):
    """Plant one fault after the other and run the check that is meant to catch it.

    Parameters
    ----------
    names : iterable of str, optional
        Which faults; None plants all.
    workers : int
        How many are tried at the same time, each in a copy of its own.

    Yields
    ------
    (PlantedFault, bool, str)
        The fault, whether it was caught, and what the check said: the number that was wrong, or
        "crash: ..." where the fault broke the code before any number came out.

    Raises
    ------
    ValueError
        Where there is no fault of that name.
    RuntimeError
        Where a check fails without any fault, and so would seem to catch everything.
    """
    chosen = faults_named(names)
    with tempfile.TemporaryDirectory() as folder:
        copies = queue.SimpleQueue()
        first = copy_package(Path(folder) / "copy_0")
        copies.put(first)
        for number in range(1, min(workers, len(chosen))):
            copies.put(shutil.copytree(first, Path(folder) / f"copy_{number}"))

        def attempt(fault):
            copy = copies.get()
            try:
                return fault, *try_fault(copy, fault)
            finally:
                copies.put(copy)

        pool = ThreadPoolExecutor(workers)
        try:
            refuse_failing_checks(pool, copies, [fault.caught_by for fault in chosen])
            yield from pool.map(attempt, chosen)
        finally:
            pool.shutdown(cancel_futures=True)


def table_rows(names=None, workers=2):
    """The results as rows of a table of words.

    Parameters
    ----------
    names, workers : as in :func:`run_faults`

    Yields
    ------
    dict of str to str
        fault, file, concept, wrong, check, result ("caught", "crash" or "SURVIVED"), evidence.
    """
    for fault, killed, how in run_faults(names, workers):
        result = "SURVIVED" if not killed else "crash" if how.startswith("crash") else "caught"
        yield {"fault": fault.name, "file": fault.file, "concept": fault.concept,
               "wrong": fault.wrong, "check": fault.caught_by, "result": result, "evidence": how}


def faults_named(names=None):
    """The faults of those names, in the order of the catalogue, as far as they can be tried.

    Returns
    -------
    list of PlantedFault
        Without those that only a test can catch, where there are no tests.
    """
    known = {fault.name for fault in PLANTED_FAULTS}
    wanted = known if names is None else set(names)
    if unknown := sorted(wanted - known):
        raise ValueError(f"there is no planted fault {unknown[0]!r}")
    return [fault for fault in PLANTED_FAULTS
            if fault.name in wanted and (TESTS.is_dir() or not is_test(fault.caught_by))]


def copy_package(folder):
    """A copy of the package and of its tests.

    Returns
    -------
    Path
        The folder that holds both.
    """
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=without)
    if TESTS.is_dir():
        shutil.copytree(TESTS, folder / TESTS.name, ignore=without)
        shutil.copy(TESTS.parent / "setup.cfg", folder)               # the settings of pytest
    # Compiled files are usually told from stale ones by size and second, and an edit may change
    # neither. These are compared with the source itself. (Tests are not edited.)
    compileall.compile_dir(folder / PACKAGE.name, quiet=2,
                           invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return folder


def refuse_failing_checks(pool, copies, checks):
    """Raise a RuntimeError unless the unedited package passes all of these checks."""
    def run(names):
        copy = copies.get()
        try:
            return run_checks(copy, names)
        finally:
            copies.put(copy)

    gradients = sorted({check for check in checks if not is_test(check)})
    tests = sorted({check for check in checks if is_test(check)})
    for caught, how in pool.map(run, [names for names in (gradients, tests) if names]):
        if caught:
            raise RuntimeError(f"a check fails without any planted fault: {how}")


def try_fault(copy, fault):
    """Edit the copy, run the fault's check, and undo the edit.

    Parameters
    ----------
    copy : Path
        From :func:`copy_package`.
    fault : PlantedFault

    Returns
    -------
    (bool, str)
        Whether the fault was caught, and what the check said.
    """
    path = copy / PACKAGE.name / fault.file
    source = path.read_text("utf-8")
    if source.count(fault.old) != 1:
        raise RuntimeError(f"{fault.name}: {fault.file} holds its snippet "
                           f"{source.count(fault.old)} times instead of once")
    path.write_text(source.replace(fault.old, fault.new), "utf-8")
    try:
        return run_checks(copy, [fault.caught_by])
    finally:
        path.write_text(source, "utf-8")


def run_checks(copy, checks):
    """Run checks of one kind in a fresh interpreter that sees the copy.

    Parameters
    ----------
    copy : Path
    checks : list of str
        Components of gradient checks, or tests, as in ``PlantedFault.caught_by``.

    Returns
    -------
    (bool, str)
        Whether any of them failed, and the first one's words.

    Raises
    ------
    RuntimeError
        Where a test does not exist, or was skipped.
    """
    if is_test(checks[0]):
        command = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=short", "-rfEs",
                   "-m", "slow or not slow", *(f"{TESTS.name}/{check}" for check in checks)]
    else:
        command = ["-c", RUN_GRADIENT_CHECKS, *checks]
    # The child's own environment: several checks run side by side, each on one thread.
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1",
                   "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",                # four times as fast
                   "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "250"}
    environment.pop("PYTEST_ADDOPTS", None)
    try:
        done = subprocess.run([sys.executable, *command], cwd=copy, env=environment, text=True,
                              capture_output=True, timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return True, f"crash: no end after {TIME_LIMIT} seconds"
    read = _read_tests if is_test(checks[0]) else _read_gradient_checks
    return read(done)


def _read_gradient_checks(done):
    if done.returncode == 0:
        return False, "every entry within its bound"
    if done.returncode == EXCEEDED:
        return True, done.stdout.strip().splitlines()[-1]
    return True, f"crash: {_last_line(done.stderr)}"


def _read_tests(done):
    if done.returncode == 0 and "skipped" not in done.stdout.splitlines()[-1]:
        return False, "the test passed"
    if done.returncode not in (1, 2):                          # nothing was run, or skipped
        raise RuntimeError(f"pytest did not run the test: {_last_line(done.stdout + done.stderr)}")
    summary = re.search(r"^(?:FAILED|ERROR) \S.*?(?: - (.*))?$", done.stdout, re.MULTILINE)
    said = (summary and summary.group(1)) or _last_line(done.stdout)
    if said.strip() == "AssertionError:":                      # NumPy begins on the second line
        said = f"AssertionError: {_what_numpy_says(done.stdout)}"
    # A test that compares and finds a difference says "assert"; anything else broke on the way.
    if done.returncode == 1 and re.match(r"(assert|AssertionError|Failed)\b", said):
        return True, said
    return True, f"crash: {said}"


def _what_numpy_says(text):
    found = re.search(r"^E +((?:Mismatched|nan location|\(shapes).*)$", text, re.MULTILINE)
    return found.group(1) if found else "arrays differ"


def _last_line(text):
    return (text.strip().splitlines() or ["no output"])[-1]
