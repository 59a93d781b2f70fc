"""``albert-np search``, with a small script in the place of ``albert-np finetune``."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from albert_np.commands.cli import main
from albert_np.commands.parser import Parser
from albert_np.tasks.search import study as run

pytest.importorskip("optuna")

STAND_IN = Path(__file__).with_name("stand_in.py")
COMMAND = [sys.executable, "-S", str(STAND_IN)]
_spec = importlib.util.spec_from_file_location("search_stand_in", STAND_IN)
stand_in = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stand_in)


@pytest.fixture(autouse=True)
def no_picture(monkeypatch):
    """Pictures take a second each."""
    monkeypatch.setattr("albert_np.plotting.search_trials.plot_search", lambda *arguments: None)


@pytest.fixture
def command(monkeypatch):
    monkeypatch.setattr("albert_np.commands.search.finetune_parser",
                        lambda: stand_in.parser(Parser))
    monkeypatch.setattr("albert_np.commands.search.check_start", lambda asked: None)
    monkeypatch.setattr(run, "COMMAND", COMMAND)


def test_search_command(tmp_path, command, capsys):
    output = tmp_path / "search"
    arguments = ["search", "similarity", "--data", "a", "--model", "small", "--space",
                 "lr=1e-5..0.1:log", "lower-case=on,off", "--trials", "3", "--seed", "5",
                 "--jobs", "2", "--output", str(output)]
    assert main([*arguments, "--", "--layers", "7"]) == 0
    shown = capsys.readouterr()
    assert "search.csv" in shown.out and "Traceback" not in shown.err
    record = json.loads((output / "search.json").read_text())
    assert len(record["trials"]) == 3
    for row in record["trials"]:
        results = json.loads((output / f"trial-{row['trial']:03d}/results.json").read_text())
        options = results["options"]
        assert options["task"] == "similarity" and options["data"] == "a"
        assert options["workers"] == 1
        assert options["model"] == "small" and options["layers"] == 7
        assert {"lr": options["learning_rate"], "lower-case": options["lower_case"]} \
            == row["parameters"]
    # once more: nothing is left to do
    assert main([*arguments, "--", "--layers", "7"]) == 0
    assert "3 of 3 trials are finished already" in capsys.readouterr().out
    assert main([*arguments, "--quiet", "--", "--layers", "7"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("arguments, said", [
    (["--space", "lr="], "--space lr=: there are no values"),
    (["--space", "output=a,b"], "there is no option --output to search"),
    (["--space", "place=a,b"], "there is no option --place to search"),
    (["--space", "lr=1e-3..1e-5"], "the range runs downwards"),
    (["--space", "lr=0.1", "--jobs", "0"], "--jobs is 0; it must be at least 1"),
    (["--space", "lr=0.1,0.2", "--", "--learning-rate", "1"], "--learning-rate is in the space"),
    (["--space", "lr=0.1,0.2", "--", "--lr=1"], "--lr is in the space"),
    (["--space", "model=a,b", "--model", "a"], "--model is in the space"),
])
def test_bad_commands_get_one_sentence(tmp_path, command, capsys, arguments, said):
    assert main(["search", "similarity", "--output", str(tmp_path / "new"), *arguments]) == 2
    message = capsys.readouterr().err
    assert said in message and message.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_what_finetune_would_refuse_is_refused_at_once(tmp_path, command, capsys):
    with pytest.raises(SystemExit) as error:
        main(["search", "similarity", "--output", str(tmp_path / "new"), "--space", "lr=0.1,0.2",
              "--", "--lajers", "3"])
    assert error.value.code == 2
    message = capsys.readouterr().err
    assert "finetune: error: there is no option --lajers; did you mean --layers" in message
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("options, said", [
    (["--data", "missing"], "There is no file or folder missing, and no data set of that name; the "
                            "data sets of this task are sms-spam, polarity."),
    (["--data", "sms-spam", "--model", "./modl"], "There is no folder modl; did you mean model?")])
def test_what_is_not_there_is_said_before_the_first_trial(tmp_path, capsys, monkeypatch, options,
                                                          said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    assert main(["search", "classification", "--output", "new", "--space", "lr=0.1,0.2",
                 *options]) == 2
    assert capsys.readouterr() == ("", f"albert-np: {said}\n")
    assert not (tmp_path / "new").exists()


def test_exit_status_is_1_where_every_trial_failed(tmp_path, command, capsys):
    assert main(["search", "similarity", "--output", str(tmp_path / "new"), "--method", "grid",
                 "--space", "lr=0.8,0.9"]) == 1
    assert "failed: trials 1, 2: the loss is nan at step 3" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["random", "grid", "tpe"])
def test_without_optuna_there_is_one_sentence_and_no_folder(
        tmp_path, command, capsys, monkeypatch, method):
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(["search", "similarity", "--output", str(tmp_path / "new"), "--space", "lr=0.1,0.2",
                 "--method", method]) == 2
    message = capsys.readouterr().err
    assert "pip install optuna" in message and message.count("\n") == 1
    assert not (tmp_path / "new").exists()
