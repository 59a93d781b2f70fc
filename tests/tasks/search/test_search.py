"""Searches in a folder, with a small script in the place of ``albert-np finetune``."""

import contextlib
import csv
import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from albert_np.tasks.search import options_of, read_space, search
from albert_np.tasks.search import study as run

pytest.importorskip("optuna")

STAND_IN = Path(__file__).with_name("stand_in.py")
COMMAND = [sys.executable, "-S", str(STAND_IN)]
_spec = importlib.util.spec_from_file_location("search_stand_in", STAND_IN)
stand_in = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stand_in)
OPTIONS = {name: option for name, option in options_of(stand_in.parser()).items()
           if name not in ("output", "quiet")}
FOUR = ["lr=0.05,0.2,0.3,0.9"]                       # the last one fails


@pytest.fixture(autouse=True)
def no_picture(request, monkeypatch):
    """Pictures take a second each: only tests whose names say "picture" draw them."""
    if "picture" not in request.node.name:
        monkeypatch.setattr("albert_np.plotting.search_trials.plot_search", lambda *arguments: None)


@pytest.fixture
def journal(tmp_path, monkeypatch):
    """``journal()``: the trials begun since the last time."""
    path = tmp_path / "journal"
    monkeypatch.setenv("STAND_IN_JOURNAL", str(path))

    def read():
        lines = path.read_text().split() if path.exists() else []
        path.write_text("")
        return sorted(lines)

    return read


def run_search(output, space=FOUR, method="grid", **arguments):
    arguments = {"progress": False, "command": COMMAND, **arguments}
    return search("classification", space, output, OPTIONS, method=method, **arguments)


# ---- what comes out ------------------------------------------------------------------------------

def test_the_best_comes_first_and_the_files_and_the_picture_say_the_same(tmp_path, capsys):
    output = tmp_path / "search"
    record = run_search(output, FOUR, jobs=2, progress=True, arguments=["--data", "a"])
    assert [row["trial"] for row in record["trials"]] == [1, 2, 3, 4]
    assert [row["status"] for row in record["trials"]] == ["done"] * 3 + ["failed"]
    best, failed = record["trials"][0], record["trials"][-1]
    assert best["parameters"] == {"lr": 0.05} and best["metric"] == "accuracy"
    assert (best["score"], best["low"], best["high"], best["seconds"]) == (
        pytest.approx(0.94), pytest.approx(0.89), pytest.approx(0.97), 1.5)
    assert failed["sentence"] == "the loss is nan at step 3"
    assert json.loads((output / "search.json").read_text()) == record
    with open(output / "search.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["rank"], row["trial"], row["lr"]) for row in rows] == [
        ("1", "1", "0.05"), ("2", "2", "0.2"), ("3", "3", "0.3"), ("", "4", "0.9")]
    assert float(rows[0]["score"]) == best["score"] and rows[3]["sentence"] == failed["sentence"]
    assert (output / "search.png").read_bytes().startswith(b"\x89PNG")
    assert not list(output.glob(".*.part"))
    # what a trial printed is kept where it failed
    assert [path.name for path in output.glob("*.log")] == ["trial-004.log"]
    shown = capsys.readouterr().out
    assert "failed: trial 4: the loss is nan at step 3" in shown
    table = shown[shown.index("interval"):]
    assert table.index("0.9400") < table.index("0.7900") < table.index("0.6900")
    assert "The best of many looks better than it is" in shown


def test_trials_get_their_options(tmp_path):
    run_search(tmp_path / "search", ["lower=off", "layers=2..4:2"], arguments=["--data", "a"])
    for number, layers in ((1, 2), (2, 4)):
        results = json.loads((tmp_path / f"search/trial-{number:03d}/results.json").read_text())
        assert results["options"] == {
            "task": "classification", "model": None, "data": "a", "workers": 2, "layers": layers,
            "learning_rate": 0.2, "metric": "accuracy", "lower_case": False, "place": None}


def test_intervals_that_reach_the_best_are_counted(tmp_path, capsys):
    run_search(tmp_path / "search", ["lr=0.20,0.22,0.4"], progress=True)
    assert "The intervals of 1 of the 2 others reach the best score." in capsys.readouterr().out


def test_trials_run_side_by_side(tmp_path):
    """Each of two trials waits for the other; one after the other they would never end."""
    code = textwrap.dedent("""
        import json, sys, time
        from pathlib import Path
        here = Path(sys.argv[sys.argv.index("--output") + 1])
        here.mkdir()
        while not all((here.parent / f"trial-00{i}").is_dir() for i in (1, 2)):
            time.sleep(0.01)
        (here / "results.json").write_text(json.dumps(
            {"metric": "f1", "validation": {"f1": {"value": 0.5}}}))
        """)
    record = run_search(tmp_path / "search", ["layers=1,2"], jobs=2,
                        command=[sys.executable, "-c", code])
    assert [row["status"] for row in record["trials"]] == ["done", "done"]
    assert record["trials"][0]["low"] is None


@pytest.mark.parametrize("code, said", [
    ("pass", "ended without"),
    ("raise SystemExit(3)", "ended with exit status 3 and said nothing."),
    ("raise KeyError('gone')", "KeyError: 'gone'"),
    ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL, perhaps for lack of memory."),
    ("results({})", "has no score"),
    ("results({'metric': 'f1', 'validation': {'f1': 0.5}})", "has no score"),
    ("results({'metric': 'f1', 'validation': {'f1': {'value': float('nan')}}})", "the f1 is nan."),
    ("results({'metric': 'f1', 'validation': {'f1': {'value': None}}})", "the f1 is no number."),
    ("import argparse; argparse.ArgumentParser(prog='albert-np finetune').error('no such thing')",
     "no such thing"),
])
def test_a_trial_that_fails_gets_its_sentence(tmp_path, code, said):
    start = textwrap.dedent("""
        import json, sys
        from pathlib import Path
        here = Path(sys.argv[sys.argv.index("--output") + 1])
        def results(values):
            here.mkdir()
            (here / "results.json").write_text(json.dumps(values))
        """)
    record = run_search(tmp_path / "search", ["layers=1"],
                        command=[sys.executable, "-c", start + code])
    row, = record["trials"]
    assert row["status"] == "failed" and said in row["sentence"]
    assert not row["sentence"].startswith("albert-np")
    assert not (tmp_path / "search/search.png").exists()         # there is nothing to draw


def test_different_metrics_have_no_order(tmp_path):
    with pytest.raises(ValueError, match=r"scored by different metrics \(accuracy, f1\)"):
        run_search(tmp_path / "search", ["metric=accuracy,f1"])


# ---- going on ------------------------------------------------------------------------------------

def test_what_is_done_is_not_done_again(tmp_path, journal):
    output = tmp_path / "search"
    first = run_search(output)
    assert journal() == ["trial-001", "trial-002", "trial-003", "trial-004"]
    half_finished = output / "trial-002"
    (half_finished / "results.json").rename(half_finished / "model.safetensors")
    second = run_search(output, jobs=3)
    assert journal() == ["trial-002", "trial-004"]        # the half-finished and the failed one
    assert sorted(path.name for path in half_finished.iterdir()) == ["results.json"]
    assert second == first


def test_more_trials_begin_with_those_there_are(tmp_path, journal):
    output, space = tmp_path / "search", ["lr=0.01..0.4:log", "layers=1,2"]
    first = run_search(output, space, "random", trials=2)
    assert len(journal()) == 2
    more = run_search(output, space, "random", trials=4)
    assert journal() == ["trial-003", "trial-004"]
    assert all(row in more["trials"] for row in first["trials"])
    with pytest.raises(ValueError, match="has 4 trials already; --trials must be at least that"):
        run_search(output, space, "random", trials=3)


def test_draws_from_lists_alone_are_prolonged_too(tmp_path, journal):
    output, space = tmp_path / "search", ["layers=1,2,3,4,5,6,7,8,9"]
    run_search(output, space, "random", trials=1)
    journal()
    record = run_search(output, space, "random", trials=9)
    assert journal() == [f"trial-00{i}" for i in range(2, 10)]
    assert sorted(row["parameters"]["layers"] for row in record["trials"]) == list(range(1, 10))


def test_tpe_goes_on_as_if_never_stopped(tmp_path):
    space = ["lr=0.001..0.45", "layers=1..9"]
    run_search(tmp_path / "two", space, "tpe", trials=11, seed=3)
    record = run_search(tmp_path / "two", space, "tpe", trials=14, seed=3)
    assert record == run_search(tmp_path / "one", space, "tpe", trials=14, seed=3)


def test_a_trial_that_ended_while_the_search_was_being_killed_is_not_done_again(tmp_path, journal):
    output, space = tmp_path / "search", ["lr=0.01..0.4", "layers=1..9"]
    first = run_search(output, space, "tpe", trials=3)
    lines = (output / "search.journal").read_bytes().splitlines(keepends=True)
    (output / "search.journal").write_bytes(b"".join(lines[:-1]))      # all but the last end
    assert len(journal()) == 3
    assert run_search(output, space, "tpe", trials=3) == first and not journal()


def test_a_hopeless_trial_is_stopped_early(tmp_path):
    code = textwrap.dedent("""
        import json, sys, time
        from pathlib import Path
        here = Path(sys.argv[sys.argv.index("--output") + 1])
        layers = int(next(w for w in sys.argv if w.startswith("--layers=")).partition("=")[2])
        here.mkdir()
        value = 0.1 if layers == 9 else 0.5 + layers / 100
        (here / "epochs.json").write_text(json.dumps([value]))
        time.sleep(20 * (layers == 9))                       # far longer than the others
        (here / "results.json").write_text(json.dumps(
            {"metric": "f1", "validation": {"f1": {"value": value}}}))
        """)
    record = run_search(tmp_path / "search", ["layers=1,2,3,4,9,5"], prune=True,
                        command=[sys.executable, "-c", code])
    by_number = {row["trial"]: row for row in record["trials"]}
    assert [by_number[i]["status"] for i in range(1, 7)] == ["done"] * 4 + ["pruned", "done"]
    assert record["trials"][-1] is by_number[5] and "stopped early" in by_number[5]["sentence"]
    again = run_search(tmp_path / "search", ["layers=1,2,3,4,9,5"], prune=True,
                       command=[sys.executable, "-c", "raise SystemExit(1)"])
    assert again == record                                    # a pruned trial is not begun anew


def test_the_picture_has_trials_that_failed_and_that_were_stopped_early():
    from albert_np.plotting.search_trials import search_figure

    axes = read_space(["layers=1..9"], OPTIONS)
    trials = [{"trial": number, "status": status, "parameters": {"layers": number}, "metric": "f1",
               "score": 0.5, "low": None, "high": None}
              for number, status in enumerate(["done", "pruned", "pruned", "failed", "waiting"], 1)]
    figure = search_figure(trials, axes, "Search")
    texts = {text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))}
    assert any("dotted, crosses: 1 that failed, 2 stopped early" in text for text in texts)
    crosses, = (line for line in figure.findobj(lambda artist: hasattr(artist, "get_marker"))
                if line.get_marker() == "x")
    assert list(crosses.get_xdata()) == [2, 3, 4]


def test_optuna_keeps_quiet_and_is_left_as_it_was(tmp_path):
    """In a process of its own: optuna's handler keeps the standard error that it found first."""
    code = textwrap.dedent("""
        import sys
        sys.path.insert(0, sys.argv[1])
        import optuna, test_search
        test_search.run_search(sys.argv[2], ["layers=1"])
        print(optuna.logging.get_verbosity() == optuna.logging.INFO)
        """)
    ended = subprocess.run([sys.executable, "-c", code, str(STAND_IN.parent), str(tmp_path / "s")],
                           env={**os.environ, "PYTHONPATH": os.pathsep.join(
                               [str(Path.cwd()), *sys.path])}, capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("True\n", "")


@pytest.mark.parametrize("changes, said", [
    (dict(space=["layers=1,2"]), r"another space \(layers=1, not layers=1,2\)"),
    (dict(method="random"), r"another method \(grid, not random\)"),
    (dict(seed=1), r"another seed \(0, not 1\)"),
    (dict(arguments=["--lr", "0.1"]), r"other options for all trials \(nothing, not --lr 0.1\)"),
])
def test_another_search_is_refused(tmp_path, journal, changes, said):
    output = tmp_path / "search"
    run_search(output, ["layers=1"])
    before = (output / "search.json").read_bytes()
    journal()
    with pytest.raises(ValueError, match=said) as error:
        run_search(output, **{"space": ["layers=1"], **changes})
    assert str(output) in str(error.value) and "choose another folder" in str(error.value)
    assert not journal() and (output / "search.json").read_bytes() == before


def test_folders_of_other_things_are_left_alone(tmp_path):
    (tmp_path / "trial-001").mkdir()
    (tmp_path / "trial-001/thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds other files .trial-001. and no search"):
        run_search(tmp_path)
    assert (tmp_path / "trial-001/thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("text", ["[]\n", "{}\n", "{\n", '{"op_code": 99}\n', "words\n"])
def test_a_damaged_journal_is_refused(tmp_path, text):
    (tmp_path / "search.journal").write_text(text)
    with pytest.raises(ValueError, match="search.journal is damaged"):
        run_search(tmp_path)
    assert (tmp_path / "search.journal").read_text() == text


@pytest.mark.parametrize("lost", [1, 10, 40])
def test_half_a_line_of_a_killed_search_is_dropped(tmp_path, lost):
    output, space = tmp_path / "search", ["lr=0.01..0.4", "layers=1..9"]
    run_search(output, space, "random", trials=2)
    journal = output / "search.journal"
    journal.write_bytes(journal.read_bytes()[:-lost])
    run_search(output, space, "random", trials=3)
    record = run_search(output, space, "random", trials=4)
    assert record == run_search(tmp_path / "whole", space, "random", trials=4)


def test_a_search_killed_before_a_trial_began_gives_its_point_to_no_other(tmp_path):
    output, space = tmp_path / "search", ["lr=0.6..0.9", "layers=1..9"]        # all fail
    run_search(output, space, "tpe", trials=2)
    journal = output / "search.journal"
    before = len(journal.read_bytes().splitlines())
    whole = run_search(output, space, "tpe", trials=3)
    lines = journal.read_bytes().splitlines(keepends=True)
    queued = next(i for i in range(before, len(lines)) if json.loads(lines[i])["op_code"] == 4)
    journal.write_bytes(b"".join(lines[:queued + 1]))                          # trial 1, once more
    assert run_search(output, space, "tpe", trials=3) == whole


# ---- being stopped -------------------------------------------------------------------------------

SEARCH = textwrap.dedent("""
    import signal, sys
    # Whoever runs the tests in the background of a shell has Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path.insert(0, sys.argv[1])
    import test_search
    try:
        test_search.run_search(sys.argv[2], test_search.WAITING, jobs=2)
    except KeyboardInterrupt:
        sys.exit(130)
    """)
WAITING = ["lr=0.4,0.3,0.02,0.01"]                    # the last two wait for ever, if told to


def soon(condition):
    """Wait until something is the case: it takes no longer than the machine needs."""
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("that never happened")


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [
    signal.SIGKILL, signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough)])
def test_a_stopped_search_leaves_no_process_and_is_finished_by_the_same_command(
        tmp_path, journal, number):
    output = tmp_path / "search"
    waiting = [output / f"trial-00{i}" / "waiting" for i in (3, 4)]
    environment = {**os.environ, "STAND_IN_WAITS": "1",
                   "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}
    with subprocess.Popen([sys.executable, "-c", SEARCH, str(STAND_IN.parent), str(output)],
                          env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            soon(lambda: all(path.exists() and path.read_text() for path in waiting))
            children = [int(path.read_text()) for path in waiting]
            assert all(map(alive, children))
            process.send_signal(number)
            assert process.wait() == {signal.SIGINT: 130}.get(number, -number)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    soon(lambda: not any(map(alive, children)))
    assert len(journal()) == 4
    record = json.loads((output / "search.json").read_text())         # whole, whenever it is read
    assert [row["status"] for row in record["trials"]] == ["done", "done", "waiting", "waiting"]

    record = run_search(output, WAITING)
    assert journal() == ["trial-003", "trial-004"]
    assert [row["parameters"]["lr"] for row in record["trials"]] == [0.01, 0.02, 0.3, 0.4]
    undisturbed = run_search(tmp_path / "undisturbed", WAITING)
    assert record == undisturbed


def test_two_searches_in_one_folder(tmp_path):
    with run.lock(tmp_path), pytest.raises(ValueError, match="is used by another run"):
        run_search(tmp_path)
