"""Options are said once: the command line, the functions and the checks know the same ones."""

import argparse
import contextlib
import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass, field, fields
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np import AlbertConfig
from albert_np.commands import finetune, output_folder, pretrain
from albert_np.commands.cli import main
from albert_np.files.options import (check_options, documented, kinds_of, option, options_from,
                                     read_options)
from albert_np.pretraining.options import SMALL_CONFIG, PretrainingOptions
from albert_np.tasks.finetuning import Settings
from albert_np.tasks.finetuning.options import FinetuningOptions
from albert_np.tasks.finetuning.start import FRESH_CONFIG
from albert_np.text import DataOptions

# For each command: its options, the dataclasses that a dict in them has the fields of, defaults of
# AlbertConfig, what only the command line has, and what only the function has.
COMMANDS = {
    "pretrain": (PretrainingOptions, {"config": AlbertConfig, "data": DataOptions}, SMALL_CONFIG,
                 {"help", "config_name", "original_data", "mpi", "output", "resume", "quiet"},
                 {"config", "data", "parts"}),
    "finetune": (FinetuningOptions, {"config": AlbertConfig, "settings": Settings}, FRESH_CONFIG,
                 {"help", "task", "columns", "output", "resume", "quiet"},
                 {"config", "settings", "data_folder", "task", "columns"})}


def actions_of(command):
    commands = argparse.ArgumentParser().add_subparsers()
    {"pretrain": pretrain, "finetune": finetune}[command].add(commands)
    parser = commands.choices[command]
    parser.parse_known_args(["classification", "--data", "x"])     # it is filled when it is chosen
    own = COMMANDS[command][3]
    # --random-next-sentence is a second name for a value of --sentence-task
    return [action for action in parser._actions
            if action.dest not in own and action.const != "nsp"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_and_the_fields_are_the_same(command):
    options, dicts, defaults, _, untyped = COMMANDS[command]
    known = {each.name: each for kind in (*dicts.values(), options) for each in fields(kind)}
    actions = {action.dest: action for action in actions_of(command)}
    assert {each.name for each in fields(options)} - untyped <= set(actions) <= set(known)
    for name, action in actions.items():
        each, own = known[name], name in options.__dataclass_fields__
        default = each.default if own else defaults.get(name, each.default)
        text = action.help.replace("%%", "%")
        assert each.metadata["help"] in text and action.default == argparse.SUPPRESS
        shown = re.search(r" \(default: ([^ ]*)\)$", text)
        if shown:
            assert shown[1] == ("on" if default is True else str(default))
        else:
            assert "efault" in text or action.required or default is False


@pytest.fixture
def called(monkeypatch):
    """The keyword arguments of the function that a command calls."""
    calls = []
    for function in ("pretraining.pretrain", "tasks.finetuning.finetune"):
        monkeypatch.setattr(f"albert_np.{function}", lambda *output, **options: calls.append(
            {name: value for name, value in options.items()
             if name not in ("progress", "communicator", "output")}) or {})
    return calls


def test_without_options_the_defaults_are_those_of_the_fields(called):
    assert main(["finetune", "choice", "--data", "copa", "--quiet"]) == 0
    assert main(["pretrain", "--quiet"]) == 0
    ours, theirs = options_from(FinetuningOptions, called[0]), FinetuningOptions(task="choice",
                                                                                 data="copa")
    assert ours.task_settings() == theirs.task_settings() and not ours.config
    ours.config, ours.columns, ours.settings = theirs.config, theirs.columns, theirs.settings
    assert ours == theirs
    assert options_from(PretrainingOptions, called[1]) == PretrainingOptions()


def other_value(each, kind):
    if kind is bool:
        return not each.default
    if each.metadata["choices"]:
        return next(one for one in each.metadata["choices"] if one != each.default)
    return {int: 8, float: 0.25, str: "somewhere"}[kind]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_typed_arrives(command, called):
    options, dicts, *_ = COMMANDS[command]
    for action in actions_of(command):
        where, kind = next(((name, kind) for name, kind in dicts.items()
                            if action.dest in kind.__dataclass_fields__
                            and action.dest not in options.__dataclass_fields__), (None, options))
        each = kind.__dataclass_fields__[action.dest]
        value = other_value(each, kinds_of(kind)[each.name][0])
        flag = next(flag for flag in action.option_strings
                    if flag.startswith("--no-") == (value is False))
        words = [flag] if isinstance(value, bool) else [flag, str(value)]
        rest = ["choice", "--data", "copa"] if command == "finetune" else []
        assert main([command, "--quiet", *rest, *words]) == 0
        asked = called.pop()
        assert (asked[where] if where else asked)[each.name] == value, flag


def test_original_data_and_a_published_model(called):
    assert main(["pretrain", "--quiet", "--original-data", "--ngram", "2", "--config",
                 "albert-base-v1", "--dropout", "0.2", "--random-next-sentence"]) == 0
    options = options_from(PretrainingOptions, called[0])
    assert options.data == asdict(DataOptions.original(ngram=2, sentence_task="nsp"))
    assert options.config["hidden_dropout_prob"] == 0.2 and options.config["hidden_size"] == 768
    assert not options.wave_start
    assert PretrainingOptions().wave_start


# ---- unknown names, and values that will not do --------------------------------------------------

def test_an_unknown_name_gets_its_near_names(tmp_path):
    from albert_np.pretraining import pretrain
    from albert_np.pretraining.ablation.run import ablate
    from albert_np.tasks.finetuning import finetune

    with pytest.raises(ValueError, match=r"^setps is no field of PretrainingOptions; did you mean "
                                         r"steps\?$"):
        pretrain(tmp_path / "run", setps=1)
    with pytest.raises(ValueError, match=r"^wings is no field of PretrainingOptions; there are "
                                         r"corpus, layout, "):
        pretrain(tmp_path / "run", wings=1)
    with pytest.raises(ValueError, match=r"did you mean max_seq_length\?"):
        pretrain(tmp_path / "run", data={"max_seq_lenght": 20})
    with pytest.raises(ValueError, match=r"did you mean epochs\?"):
        finetune("choice", tmp_path / "run", data="copa", epoch=1)
    with pytest.raises(ValueError, match="did you mean hidden_size"):
        finetune("choice", tmp_path / "run", data="copa", config={"hidden_sise": 8})
    with pytest.raises(ValueError, match=r"did you mean beams\?"):
        finetune("translation", tmp_path / "run", data="x", settings={"beam": 8})
    with pytest.raises(ValueError, match="^FinetuningOptions needs data$"):
        finetune("choice", tmp_path / "run")
    with pytest.raises(ValueError, match="seed is given, but the runs of an ablation do not use"):
        ablate("sharing", tmp_path / "run", tmp_path / "nowhere.txt", seed=3)
    assert not list(tmp_path.iterdir())


@documented
@dataclass(kw_only=True)
class Lamp:
    """A lamp."""

    watts: int = option(40, "how much it takes", least=1, most=100)
    share: float | None = option(None, "of the light", above=0, below=1)
    colour: str = option("red", "the colour", choices=("red", "green"))
    on: bool = option(False, "whether it is lit")
    notes: dict = field(default_factory=dict, metadata={"help": "anything"})

    def __post_init__(self):
        check_options(self)


@pytest.mark.parametrize("values, sentence", [
    (dict(watts=0), "watts is 0; it must be at least 1 and at most 100"),
    (dict(watts=101), "watts is 101; it must be at least 1 and at most 100"),
    (dict(watts=1.0), "watts is 1.0; it must be a whole number"),
    (dict(watts=True), "watts is True; it must be a whole number"),
    (dict(watts=None), "watts is None; it must be a whole number"),
    (dict(share=0), "share is 0; it must be above 0 and below 1"),
    (dict(share=1), "share is 1; it must be above 0 and below 1"),
    (dict(share=float("nan")), "share is nan; it must be a finite number or None"),
    (dict(share=float("inf")), "share is inf; it must be a finite number or None"),
    (dict(share="0.5"), "share is '0.5'; it must be a finite number or None"),
    (dict(colour="blue"), "colour is 'blue'; it must be one of red, green"),
    (dict(colour=1), "colour is 1; it must be a text"),
    (dict(on=1), "on is 1; it must be True or False"),
    (dict(notes=[]), r"notes is []; it must be a dictionary")])
def test_a_value_that_will_not_do(values, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Lamp(**values)


def test_values_that_will_do(tmp_path):
    lamp = Lamp(watts=np.int64(100), share=np.float32(0.5), colour="green", on=True)
    assert lamp.watts == 100 and Lamp(watts=1).share is None
    (tmp_path / "lamp.json").write_text(json.dumps(asdict(Lamp(share=0.5))))
    assert read_options(tmp_path / "lamp.json", Lamp) == Lamp(share=0.5)


def test_the_docstring_describes_every_field():
    assert Lamp.__doc__ == """A lamp.

Parameters
----------
watts : int, at least 1 and at most 100, default 40
    How much it takes.
share : float, above 0 and below 1, optional
    Of the light.
colour : {'red', 'green'}, default 'red'
    The colour.
on : bool, default False
    Whether it is lit.
notes : dict
    Anything.
"""


# ---- the command line ----------------------------------------------------------------------------

def test_other_commands_do_not_import_the_options():
    done = subprocess.run([sys.executable, "-c", """if True:
        import sys
        from albert_np.commands.cli import main
        try:
            main(["--help"])
        except SystemExit:
            assert "numpy" not in sys.modules
    """], capture_output=True, text=True)
    assert done.returncode == 0 and "pretrain" in done.stdout, done.stderr


def test_a_free_folder(tmp_path):
    path = tmp_path / "run"
    for name in ("run", "run-2", "run-3"):
        assert output_folder.free_path(path) == tmp_path / name
        (tmp_path / name).mkdir()


@pytest.mark.parametrize("words, usage, sentence", [
    (["finetune", "classification", "--data", "x", "--lr"], "finetune TASK --data NAME_OR_PATH",
     "argument --learning-rate/--lr: expected one argument"),
    (["finetune", "classification", "--data", "x", "--epochs", "two"],
     "finetune TASK --data NAME_OR_PATH", "argument --epochs: invalid int value: 'two'"),
    (["search", "classification", "--output", "x"],
     "search TASK --space NAME=VALUES --output FOLDER",
     "the following arguments are required: --space"),
    (["fill-mask"], "fill-mask MODEL [TEXT ...]",
     "the following arguments are required: MODEL, TEXT"),
    (["course", "grade"], None, "the following arguments are required"),
    (["nothing"], "COMMAND", "argument COMMAND: invalid choice: 'nothing'")])
def test_a_bad_option_gets_a_short_usage_and_a_sentence_below_it(capsys, words, usage, sentence):
    with pytest.raises(SystemExit) as error:
        main(words)
    assert error.value.code == 2
    captured = capsys.readouterr()
    first, last = captured.err.splitlines()
    assert captured.out == "" and sentence in last and last.startswith("albert-np")
    if usage:
        prog = last.split(":")[0]
        assert first == (f"usage: {f'albert-np {usage}'} [options]   (all options: {prog} --help)")


@pytest.mark.parametrize("size, words, workers", [(1, [], None), (2, [], 1),
                                                  (2, ["--workers", "3"], 3)])
def test_each_of_several_processes_has_one_worker(called, monkeypatch, size, words, workers):
    communicator = SimpleNamespace(size=size, rank=0, ending_together=contextlib.nullcontext,
                                   from_first=lambda make: make())
    monkeypatch.setattr("albert_np.pretraining.find_communicator", lambda wanted: communicator)
    assert main(["pretrain", "--quiet", *words]) == 0
    assert called[0].get("workers") == workers


def test_resuming_may_be_quiet_and_by_mpi(monkeypatch, capsys):
    communicator = SimpleNamespace(size=1, rank=0, ending_together=contextlib.nullcontext)
    asked = []
    monkeypatch.setattr("albert_np.pretraining.find_communicator",
                        lambda wanted: asked.append(wanted) or communicator)
    monkeypatch.setattr("albert_np.pretraining.resume", lambda *run, **options: asked.append(
        (*run, options["progress"])) or {})
    assert main(["pretrain", "--resume", "run", "--mpi", "--quiet"]) == 0
    assert asked == [True, ("run", False)]
    assert main(["pretrain", "--resume", "run", "--quiet", "--seed", "3"]) == 2
    assert capsys.readouterr().err.endswith("was begun with; remove --seed\n")
