"""A mistyped option or command: one sentence that names those spelt nearly alike."""

import argparse
import contextlib

import pytest

from albert_np.commands import cli
from albert_np.commands.cli import main


def commands_of(parser, words=()):
    """Yield the words of each command without commands of its own, and its options."""
    below = [action for action in parser._actions
             if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for name, child in action.choices.items():
            yield from commands_of(child, (*words, name))
    if not below:
        with contextlib.suppress(SystemExit):
            parser.parse_known_args([])                     # which adds the options, if need be
        yield words, [name for name in parser._option_string_actions if name != "-h"]


def commands():
    with contextlib.redirect_stderr(None):
        return list(commands_of(cli._parser()))


@pytest.mark.parametrize("words, options", [
    pytest.param(words, options, id=" ".join(words)) for words, options in commands()])
def test_every_option_is_recognised_with_a_wrong_letter(words, options, capsys):
    for option in options:
        if len(option) < 6:                        # of --lr one wrong letter leaves too little
            continue
        typed = f"{option[:4]}0{option[5:]}"
        with pytest.raises(SystemExit) as error:
            main([*words, f"{typed}=x"])
        assert error.value.code == 2
        last = capsys.readouterr().err.splitlines()[-1]
        begin, question = last.split("; did you mean ")
        assert begin == f"albert-np {' '.join(words)}: error: there is no option {typed}"
        assert option in question.rstrip("?").split(" or ")


@pytest.mark.parametrize("words, sentence", [
    (["finetune", "classification", "--dota", "x"], "there is no option --dota; did you mean "
                                                    "--data?"),
    (["finetune", "classification", "--data", "x", "--Model", "x"], "there is no option --Model; "
                                                                    "did you mean --model"),
    (["predict", "x", "a text", "-output", "x"], "there is no option -output; did you mean "
                                                 "--output?"),
    (["predict", "x", "--xyzzy"], "there is no option --xyzzy"),
    (["search", "classification", "--space", "lr=1,2", "--output", "x", "--epochs", "1"],
     "there is no option --epochs; options of albert-np finetune come last, after --"),
    (["info", "x", "y"], "unrecognized arguments: y"),
    (["--versoin"], "there is no option --versoin; did you mean --version?"),
    (["finetun"], "(choose from 'pretrain', 'prepare', 'plot', 'ablate', 'finetune', 'search', "),
    (["finetun"], "; did you mean finetune?"),
    (["course", "chekc"], "; did you mean check?"),
    (["finetune", "clasification", "--data", "x"], "; did you mean classification?")])
def test_the_sentence(words, sentence, capsys):
    with pytest.raises(SystemExit) as error:
        main(words)
    assert error.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == "" and sentence in captured.err.splitlines()[1]
    assert captured.err.count("\n") == 2


def test_negative_numbers_are_no_options(capsys):
    with pytest.raises(SystemExit):
        main(["finetune", "classification", "--lr", "-0.5"])
    assert "the following arguments are required: --data" in capsys.readouterr().err
