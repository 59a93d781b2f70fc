"""What a run, an evaluation and predictions say when texts or scores lose something."""

import json

import pytest

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")
pytest.importorskip("sacrebleu")

from albert_np import AlbertTokenizer
from albert_np.commands.cli import main
from albert_np.pretraining.options import PretrainingOptions, read_run_options
from albert_np.tasks.datasets import Answer, Choice, Classification, Pair, Question
from albert_np.tasks.finetuning import Settings, prepare, report
from albert_np.tasks.finetuning.options import FinetuningOptions
from albert_np.tasks.finetuning.recipes import TASKS
from albert_np.tasks.finetuning.text_notes import TextNotes

UNKNOWN = "of the pieces of the texts are <unk>: the tokenizer does not know their characters"


@pytest.fixture
def tokenizer(inference_folder):
    return AlbertTokenizer.from_folder(inference_folder)


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    for name in ("draw_training", "draw_predictions"):
        monkeypatch.setattr(report, name, lambda *arguments: None)
    monkeypatch.setattr("albert_np.tasks.finetuning.evaluate.draw_predictions", lambda *_: None)


def test_a_large_share_of_unknown_pieces_is_said(tokenizer):
    known, unknown = Classification("the list is not of names"), Classification("看见 猫 和 狗")
    notes = TextNotes(tokenizer, Settings("classification"))
    notes.add([known])
    assert notes.sentences() == []
    notes.add([unknown] * 2)
    (sentence,) = notes.sentences()
    share = notes.unknown["text"] / notes.pieces["text"]
    assert notes.unknown["text"] == 8 and share > 0.1
    assert sentence == (f"{share:.0%} {UNKNOWN}, so the model cannot tell them apart")
    notes.add([known] * 20)
    assert notes.sentences() == []                                 # below a tenth
    notes = TextNotes(tokenizer, Settings("translation"))
    notes.add([Pair("the list is not of names " * 9, ("看见 猫 和 狗",))])     # the targets alone
    assert UNKNOWN.replace("texts", "targets") in notes.sentences()[0]


def test_questions_that_are_cut_are_counted(tokenizer):
    rows = [Question("", "the list is one", question) for question in ("is it", "is it one " * 9)]
    notes = TextNotes(tokenizer, Settings("questions", max_query_length=20))
    notes.add(rows)
    assert notes.sentences() == ["1 of 2 questions were cut at the 20 pieces of --max-query-length"]


def test_what_just_fits_is_not_cut_and_a_tenth_is_not_large(tokenizer):
    query = "is it one of the list"
    n = len(tokenizer.encode(query, add_special_tokens=False))
    for most, cut in ((n, 0), (n - 1, 1)):
        notes = TextNotes(tokenizer, Settings("questions", max_query_length=most))
        notes.add([Question("", "the list", query)])
        assert (notes.questions, notes.cut) == (1, cut) and len(notes.sentences()) == cut
    for unknown, large in ((1, False), (2, True)):
        notes = TextNotes(tokenizer, Settings("classification"))
        notes.pieces["text"], notes.unknown["text"] = 10, unknown
        assert bool(notes.sentences()) == large


def test_questions_of_choices_are_not_cut_by_that_option(tokenizer):
    """They have no length of their own; every text of a row counts, also an empty one."""
    notes = TextNotes(tokenizer, Settings("choice", max_query_length=1))
    notes.add([Choice("", "the list", "what is it", ("a name", "看见 猫 和 狗 看见 猫"), 0)])
    (sentence,) = notes.sentences()
    assert "of the pieces of the choices are <unk>" in sentence
    notes = TextNotes(tokenizer, Settings("classification"))
    notes.add([Classification("the list", None), Classification("the list", "看见 猫 和 狗")])
    assert "of the pieces of the second texts are <unk>" in notes.sentences()[0]
    notes = TextNotes(tokenizer, Settings("translation"))
    notes.add([Pair("", ("a list", ""))])
    assert notes.sentences() == []


def test_commands_say_what_the_tokenizer_loses(inference_folder, tmp_path, capsys):
    rows = [f"看见 {'猫狗'[i % 2]} 和 {i},{('dog', 'cat')[i % 2]}\n" for i in range(30)]
    (tmp_path / "rows.csv").write_text("text,label\n" + "".join(rows), "utf-8")
    (tmp_path / "one.csv").write_text("text,label\n" + "".join(rows[::2]), "utf-8")
    run = str(tmp_path / "run")
    assert main(["finetune", "classification", "--model", str(inference_folder), "--data",
                 str(tmp_path / "rows.csv"), "--epochs", "1", "--max-length", "16", "--output", run,
                 "--split-copies"]) == 0
    assert capsys.readouterr().out.count(UNKNOWN) == 1
    assert main(["evaluate", run, "--data", str(tmp_path / "one.csv"), "--output",
                 str(tmp_path / "evaluated")]) == 0
    said = capsys.readouterr().out
    assert said.count(UNKNOWN) == 1
    assert ("   (all rows have the label 'dog'; matthews and f1 are left out, as they need rows "
            "with another label)\n") in said
    assert main(["evaluate", run, "--data", str(tmp_path / "rows.csv"), "--output",
                 str(tmp_path / "both")]) == 0
    assert "left out" not in capsys.readouterr().out
    for quiet in ([], ["--quiet"]):
        assert main(["predict", run, "--file", str(tmp_path / "one.csv"), *quiet]) == 0
        assert capsys.readouterr().err.count(UNKNOWN) == 1 - len(quiet)
    (tmp_path / "lines.txt").write_text("the list\n\u0301\n\u200b\n" + json.dumps(
        {"text": "a \ud83d"}) + "\n\n\n", "utf-8")         # an accent alone; nothing to be seen
    assert main(["predict", run, "--file", str(tmp_path / "lines.txt")]) == 1
    captured = capsys.readouterr()
    assert [line == "null" for line in captured.out.splitlines()] == [False, True, True, True]
    assert "Line 2 of " in captured.err and "leaves no piece" in captured.err
    assert "Line 3 of " in captured.err and "Line 4 of " in captured.err
    assert main(["predict", run, "the list of names"]) == 0
    assert capsys.readouterr().err == ""
    (tmp_path / "head.csv").write_text("text,label\n")
    assert main(["predict", run, "--file", str(tmp_path / "head.csv")]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.endswith(
        "head.csv has a line with the names of its columns and no row; at least one row is "
        "needed.\n")


def test_an_answer_on_the_border_of_two_windows_is_left_out_because_of_the_stride(tokenizer):
    words = ["the list is not of names"] * 8
    context = " ".join(words)
    pieces, offsets = tokenizer.tokenize_with_offsets(context)
    query = tokenizer.encode("is it", add_special_tokens=False)
    room = 24 - len(query) - 3
    start, end = offsets[room - 1][0], offsets[room + 1][1]         # across the first border
    border = Question("a", context, "is it", (Answer(context[start:end], start),))
    inside = Question("b", context, "is it", (Answer("the", 0),))
    long = Question("c", context, "is it", (Answer(context, 0),))
    task, settings = TASKS["questions"], Settings("questions", max_length=24, doc_stride=64)
    said, rows = [], [border, inside, long]
    of_rows = task.features(tokenizer, rows, (), settings)
    assert [bool(examples) for examples in of_rows] == [False, True, False]
    prepare._say_left_out(task, tokenizer, rows, of_rows, settings, "a.json", said.append)
    assert said == [
        "left out   1 of 3 training rows of a.json: the answer lies on the border of two windows; "
        "they overlap more if --doc-stride (here 64) is much smaller than --max-length (24)",
        f"left out   1 of 3 training rows of a.json: {task.LEFT_OUT}"]
    assert task.features(tokenizer, [border], (), Settings("questions", max_length=24,
                                                           doc_stride=2))[0]


@pytest.mark.parametrize("content, asked, command", [
    ({"task": "classification", "data": "x"}, PretrainingOptions, "finetune"),
    ({"corpus": "x", "data": {}}, FinetuningOptions, "pretrain")])
def test_the_run_of_another_command_is_not_gone_on_with(content, asked, command, tmp_path):
    (tmp_path / "options.json").write_text(json.dumps(content))
    with pytest.raises(ValueError) as error:
        read_run_options(tmp_path, asked)
    assert str(error.value) == (f"the run in {tmp_path} is one of albert-np {command}; go on with "
                                f"albert-np {command} --resume {tmp_path}")
