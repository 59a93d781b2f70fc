"""A search step by step: what came of a trial, the table, the number of trials, what is refused."""

import json
from math import inf, isnan
from types import SimpleNamespace

import pytest

from albert_np.tasks.search import Axis, Option
from albert_np.tasks.search.points import METHODS, _size, number_of_trials
from albert_np.tasks.search.space import option_called, read_space
from albert_np.tasks.search.study import (_progress, _refuse_given_twice, _refuse_other_files,
                                          _shown)
from albert_np.tasks.search.table import as_csv, as_text, in_words, ranked
from albert_np.tasks.search.trials import outcome, reached, stop, trial_folder

RATE = Option("lr", float)


def trial(number, score=None, low=None, high=None, status="done", **more):
    found = {"trial": number, "status": status, "parameters": {"lr": number / 10}}
    if status == "done":
        found |= {"metric": "f1", "score": score, "low": low, "high": high, "seconds": 1234.5}
    return {**found, **more}


# ---- trials --------------------------------------------------------------------------------------

def test_folders_of_trials_are_numbered(tmp_path):
    assert [trial_folder(tmp_path, n).name for n in (1, 12, 1234)] == [
        "trial-001", "trial-012", "trial-1234"]


def test_figures_that_were_reached(tmp_path):
    assert reached(tmp_path) == []
    for text, values in (("[0.5, 1]", [0.5, 1.0]), ("[]", []), ("[", []), ("7", []),
                         ('["x"]', [])):
        (tmp_path / "epochs.json").write_text(text)
        assert reached(tmp_path) == values
    (tmp_path / "epochs.json").write_text("[0.5, null]")
    assert reached(tmp_path)[0] == 0.5 and isnan(reached(tmp_path)[1])


@pytest.mark.parametrize("figure, found", [
    ({"value": 0}, {"score": 0.0, "low": None, "high": None}),
    ({"value": 0.5, "low": 0, "high": 1}, {"score": 0.5, "low": 0.0, "high": 1.0})])
def test_a_trial_that_is_done(tmp_path, figure, found):
    for seconds in (None, 3):
        (tmp_path / "results.json").write_text(json.dumps({
            "metric": "f1", "validation": {"f1": figure}, "seconds": seconds}))
        for status in (None, 0, 1):
            assert outcome(tmp_path, status) == {"status": "done", "metric": "f1", **found,
                                                 "seconds": seconds}


@pytest.mark.parametrize("results, said", [
    ({"metric": "f1", "validation": {"f1": {"value": None}}}, "the f1 is no number."),
    ({"metric": "f1", "validation": {"f1": {"value": "inf"}}}, "the f1 is inf."),
    ({"metric": "f1", "validation": {"f1": {}}}, "has no score: it must name a metric"),
    ({"metric": "f1", "validation": {}}, "has no score"), ({}, "has no score"),
    ({"metric": "f1", "validation": {"f1": 0.5}}, "has no score"),
    ({"metric": "f1", "validation": {"f1": {"value": "x"}}}, "has no score")])
def test_results_without_a_score(tmp_path, results, said):
    (tmp_path / "results.json").write_text(json.dumps(results))
    found = outcome(tmp_path, 0)
    assert found["status"] == "failed" and said in found["sentence"]


@pytest.mark.parametrize("status, log, sentence", [
    (1, "one\nalbert-np: no such file\n\n", "no such file"),
    (2, "usage\nalbert-np finetune: error: bad\n", "bad"),
    (1, "", "ended with exit status 1 and said nothing."),
    (3, "10%\r 20%\r last ", "last"),
    (128, "", "ended with exit status 128 and said nothing."),
    (137, "x", "ended by SIGKILL, perhaps for lack of memory."), (143, "x", "ended by SIGTERM."),
    (255, "other", "other"), (1, "x" * 30_000 + "\nend", "end")])
def test_why_a_trial_failed(tmp_path, status, log, sentence):
    folder = tmp_path / "trial-001"
    folder.with_suffix(".log").write_text(log)
    assert outcome(folder, status) == {"status": "failed", "sentence": sentence}


def test_a_trial_without_results(tmp_path):
    folder = tmp_path / "trial-001"
    folder.with_suffix(".log").write_text("fine\n")
    assert outcome(folder) == {"status": "waiting"}
    assert outcome(folder, 0)["sentence"] == f"ended without {folder / 'results.json'}."


def test_all_pipes_are_closed_before_the_first_is_waited_for():
    calls = []
    stop([SimpleNamespace(stdin=SimpleNamespace(close=lambda n=n: calls.append(f"close {n}")),
                          wait=lambda n=n: calls.append(f"wait {n}")) for n in (1, 2)])
    assert calls == ["close 1", "close 2", "wait 1", "wait 2"]


# ---- the table -----------------------------------------------------------------------------------

def test_the_order_of_trials():
    trials = [trial(1, 0.0), trial(2, status="waiting"), trial(3, 0.5), trial(4, status="failed"),
              trial(5, -0.5), trial(6, status="pruned"), trial(7, 0.5)]
    assert [each["trial"] for each in ranked(trials)] == [3, 7, 1, 5, 6, 4, 2]
    with pytest.raises(ValueError, match=r"by different metrics \(accuracy, f1\), so none of them"):
        ranked([*trials, trial(8, 0.5, metric="accuracy")])


def test_the_table_as_a_file():
    text = as_csv([trial(2, 0.5, 0.0, 1.0), trial(1, status="failed", sentence="why"),
                   trial(3, 0.6)], ["lr"])
    assert text == ("rank,trial,status,metric,score,low,high,seconds,lr,sentence\n"
                    "1,3,done,f1,0.6,,,1234.5,0.3,\n2,2,done,f1,0.5,0.0,1.0,1234.5,0.2,\n"
                    ",1,failed,,,,,,0.1,why\n")
    score = trial(1, 0.5)
    score["parameters"] = {"score": 7, "seed": 1}
    assert as_csv([score], ["score", "seed"]).startswith(
        "rank,trial,status,metric,score,low,high,seconds,option score,seed,sentence\n")


def test_the_table_on_the_screen():
    text = as_text([trial(1, 0.5, 0.0, 0.9), trial(2, 0.9, 0.8, 1.0), trial(3, 0.6),
                    trial(4, 0.7, 0.6, 0.8), trial(5, status="failed", sentence="why"),
                    trial(6, status="failed", sentence="why"),
                    trial(7, status="pruned", sentence="low")], ["lr"])
    assert text.split("\n") == [
        "   trial      f1      interval   lr  seconds",
        "1      2  0.9000  0.800..1.000  0.2    1,234",
        "2      4  0.7000  0.600..0.800  0.4    1,234",
        "3      3  0.6000                0.3    1,234",
        "4      1  0.5000  0.000..0.900  0.1    1,234", "pruned: trial 7: low",
        "failed: trials 5, 6: why", "",
        "The intervals of 1 of the 3 others reach the best score.",
        "The best of many looks better than it is: measure it on text that no trial has seen."]
    assert as_text([trial(1, 0.5, seconds=None)], []).split("\n")[1].split() == ["1", "1", "0.5000"]
    assert as_text([trial(1, status="failed", sentence="why")], ["lr"]) == "failed: trial 1: why"
    assert as_text([], []) == ""


@pytest.mark.parametrize("count, more", [(20, None), (21, "... and 1 more"),
                                         (25, "... and 5 more")])
def test_twenty_rows_are_shown(count, more):
    lines = as_text([trial(n, n / 100) for n in range(1, count + 1)], []).split("\n")
    assert lines[20].split()[:2] == ["20", str(count - 19)]
    assert (lines[21] == more) if more else lines[21] == ""


def test_values_as_they_are_written():
    assert [in_words(value) for value in (True, False, 1, 0, 0.5, "x")] == [
        "on", "off", "1", "0", "0.5", "x"]


# ---- how many, and what is refused ---------------------------------------------------------------

@pytest.mark.parametrize("axes, size", [
    ([Axis("a", RATE, (1, 2, 3))], 3), ([Axis("a", RATE, None, 1, 4)], 4),
    ([Axis("a", RATE, None, 1.0, 4.0)], inf), ([Axis("a", RATE, (1, 2)), Axis("b", RATE, (1, 2))],
                                               4)])
def test_the_points_of_a_space(axes, size):
    assert _size(axes) == size
    assert number_of_trials(axes) == min(20, size)
    assert [number_of_trials(axes, method, 2) for method in ("random", "tpe")] == [2, 2]
    if size < inf:
        assert number_of_trials(axes, "grid") == size


@pytest.mark.parametrize("options, said", [
    (dict(method="all"), f"the method is 'all'; there are {', '.join(METHODS)}"),
    (dict(trials=0), "--trials is 0; it must be between 1 and 10,000"),
    (dict(trials=10_001), "--trials is 10001"), (dict(seed=-1), "--seed is -1; it must be between"),
    (dict(seed=2**32), "--seed is 4294967296"),
    (dict(method="grid", trials=3), "--trials goes with")])
def test_numbers_of_trials_that_are_refused(options, said):
    with pytest.raises(ValueError, match=f"^{said}"):
        number_of_trials([Axis("a", RATE, (1, 2))], **options)


def test_the_largest_numbers_that_are_allowed():
    axes = [Axis("a", RATE, None, 0.0, 1.0)]
    assert number_of_trials(axes, "random", 10_000, 2**32 - 1) == 10_000
    assert number_of_trials(axes, "random", 1, 0) == 1


OPTIONS = {"lr": RATE, "learning-rate": RATE, "layers": Option("layers", int)}


@pytest.mark.parametrize("words", [["--lr=3"], ["--lr", "3"], ["--learning-rate=3"], ["--learn=3"]])
def test_an_option_that_is_searched_and_given(words):
    with pytest.raises(ValueError, match="is in the space, and given to all trials as well"):
        _refuse_given_twice(words, [Axis("lr", RATE, (1,))], OPTIONS)
    _refuse_given_twice(words, [Axis("layers", OPTIONS["layers"], (1,))], OPTIONS)
    _refuse_given_twice(["lr", "-l", "--other", "--l"], [Axis("lr", RATE, (1,))], OPTIONS)


def test_options_by_their_beginning():
    assert option_called("lear", OPTIONS) is RATE and option_called("lay", OPTIONS).kind is int
    assert option_called("l", OPTIONS) is None and option_called("x", OPTIONS) is None


def test_hidden_files_are_no_other_files(tmp_path):
    _refuse_other_files(tmp_path / "nowhere")
    (tmp_path / ".lock").touch()
    _refuse_other_files(tmp_path)
    (tmp_path / "other").touch()
    with pytest.raises(ValueError, match=r"holds other files \(other\) and no search"):
        _refuse_other_files(tmp_path)
    (tmp_path / "search.journal").touch()
    _refuse_other_files(tmp_path)


def test_what_another_search_had():
    assert [_shown(value) for value in (["a", "b"], [], "x", 3)] == ["a b", "nothing", "x", 3]


@pytest.mark.parametrize("statuses, wanted, said, todo", [
    ((), 4, ["the space has 3 points: fewer than 4"], [1, 2, 3]), ((), 3, [], [1, 2, 3]),
    (("done", "failed", "pruned"), 0, ["2 of 3 trials are finished already"], [2]),
    (("waiting", "waiting"), 3, [], [1, 2, 3])])
def test_what_is_to_do(capsys, statuses, wanted, said, todo):
    rows = {n: {"status": status} for n, status in enumerate(statuses, 1)}
    with _progress(SimpleNamespace(rows=rows), 3, wanted, True) as (numbers, _):
        assert numbers == todo
    assert capsys.readouterr().out.splitlines() == said
    with _progress(SimpleNamespace(rows=rows), 3, wanted, False) as (numbers, _):
        assert numbers == todo
    assert capsys.readouterr().out == ""


def test_a_line_for_each_trial_that_ends(capsys):
    rows = {1: trial(1, 0.5), 2: trial(2, 0.4), 3: trial(3, status="failed", sentence="why")}
    with _progress(SimpleNamespace(rows=rows), 3, 3, True) as (_, ended):
        capsys.readouterr()
        for row in rows.values():
            ended(row)
    assert capsys.readouterr().out.splitlines() == [
        "trial 1: f1 0.5000 (best yet)  lr=0.1", "trial 2: f1 0.4000  lr=0.2",
        "trial 3: failed: why  lr=0.3"]


@pytest.mark.parametrize("word, low, high", [
    (f"layers=0..{2**53}", 0, 2**53), (f"layers=-{2**53}..1", -2**53, 1), ("lr=1e-300..1:log",
                                                                          1e-300, 1.0)])
def test_the_largest_ranges(word, low, high):
    axis, = read_space([word], OPTIONS)
    assert (axis.low, axis.high) == (low, high)


@pytest.mark.parametrize("word, said", [
    (f"layers=0..{2**53 + 1}", "the ends of a range lie between"),
    ("lr=0..1:log", "begins above 0"),
    ("layers=1..9:1", "the count of a range is between 2 and 1000, not 1"),
    ("layers=1..9999:1001", "is between 2 and 1000, not 1001"),
    ("layers=1..2:3", "there are not 3 different values"),
    ("lr=2..1", "runs downwards; write 1..2"),
    ("lr=1..1", "both ends of the range are 1.0; write lr=1.0")])
def test_ranges_beyond_their_limits(word, said):
    with pytest.raises(ValueError, match=said):
        read_space([word], OPTIONS)
    assert len(read_space(["layers=1..2000:1000"], OPTIONS)[0].values) == 1000
    assert read_space(["layers=1..2:2"], OPTIONS)[0].values == (1, 2)


def test_drawn_numbers_stay_in_their_range():
    axis = Axis("lr", RATE, None, 0.12346, 0.98764)
    assert [axis.tidy(x) for x in (0.12346, 0.12354, 0.5555555, 0.98764)] == [
        0.1235, 0.1235, 0.5556, 0.9876]
    axis = Axis("lr", RATE, None, 0.12344, 0.98766)                  # four digits would be outside
    assert [axis.tidy(x) for x in (0.12344, 0.98766)] == [0.12344, 0.98766]
    assert Axis("n", RATE, None, 1, 9).tidy(12345) == 12345
