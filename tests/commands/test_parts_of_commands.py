"""Small parts of the commands, called directly: rows, names, files, and what is noted."""

import argparse
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np.commands import embed, fill_mask, input_texts, plot, predict, similarity, trace
from albert_np.commands.input_columns import columns_of
from albert_np.commands.options_of import given
from albert_np.commands.output_folder import free_path, refuse_existing
from albert_np.commands.parser import Parser, _is_option, _meant, _needed
from albert_np.commands.resuming import Resume, refuse_others

# ---- what is predicted ---------------------------------------------------------------------------

@pytest.mark.parametrize("text, columns, only_objects, row", [
    ("a text", {}, False, "a text"), ('{"text": "a"}', {}, True, {"text": "a"}),
    (' {"a": 1, "b": 2}', {"text": "b"}, False, {"text": 2}), ("[laughs] no", {}, False,
                                                             "[laughs] no")])
def test_rows_to_be_predicted(text, columns, only_objects, row):
    assert predict._row(text, "line 3", columns, only_objects) == row


@pytest.mark.parametrize("text, columns, only_objects, said", [
    ("a text", {"text": "b"}, False, "Line 3 is no JSON object, so it has no fields for --columns"),
    ("a text", {}, True, "Line 3 is no JSON object; an object such as"),
    ('["a"]', {}, False, "Line 3 is a JSON array; an object such as"),
    ("{a", {}, False, "Line 3 begins with { and is no JSON object: "),
    ("{" * 100_000, {}, False, "Line 3 begins with { and is no JSON object: "),
    ('{"a": 1}', {"text": "b"}, False, "Line 3 has no field 'b'; it has a")])
def test_rows_that_cannot_be_predicted(text, columns, only_objects, said):
    error = predict._row(text, "line 3", columns, only_objects)
    assert isinstance(error, ValueError) and str(error).startswith(said)


def test_lines_are_counted_for_the_bar(tmp_path):
    (tmp_path / "file").write_bytes(b"a\nb\n\nc")
    assert predict._lines_of(tmp_path / "file") == 3
    assert predict._lines_of(None) is None and predict._lines_of(tmp_path / "nowhere") is None


# ---- texts ---------------------------------------------------------------------------------------

def read(texts=(), file=None, objects=False):
    found, name = input_texts.read_texts(SimpleNamespace(file=file), list(texts), objects)
    return list(found), name(2)


def test_texts_from_three_places(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a\n\nb\n\n")
    assert read(["a", "b"]) == (["a", "b"], "text 2")
    assert read(file=tmp_path / "file") == (["a", "", "b"], f"line 2 of {tmp_path / 'file'}")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n a\n\n")))
    assert read() == (["", " a"], "line 2 of standard input")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    with pytest.raises(ValueError, match="There is no text in standard input"):
        read()


@pytest.mark.parametrize("content, objects, said", [
    ('["a",\n', False, "a JSON array, where a line for each text is needed; write each text on"),
    ("\n{\n", True, "a JSON object over several lines, .* write each text or object on a line"),
    ('{"a": 1}\n', False, "JSON lines, where a line for each text is needed")])
def test_json_in_the_place_of_texts(tmp_path, content, objects, said):
    (tmp_path / "file").write_text(content)
    with pytest.raises(ValueError, match=f"file is {said}"):
        read(file=tmp_path / "file", objects=objects)


def test_texts_that_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("a\n")
    for texts, file, said in ((["a"], path, "texts are given and --file too"),
                              ([str(path)], None, "is the name of a file; did you mean --file")):
        with pytest.raises(ValueError, match=said):
            read(texts, file)
    assert read([str(path), "b"])[0] == [str(path), "b"]
    with pytest.raises(FileNotFoundError, match="There is no file .*nowhere"):
        read(file=tmp_path / "nowhere")
    assert read(file=path, objects=True)[0] == ["a"]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(ValueError, match="there is no text: give one, or --file, or lines"):
        read()


@pytest.mark.parametrize("quiet, said", [
    (False, "albert-np: it rounds\nalbert-np: the run in x is not finished; so\n"),
    (True, "albert-np: the run in x is not finished; so\n")])
def test_quiet_leaves_out_what_is_no_warning(capsys, quiet, said):
    model = SimpleNamespace(load_report=SimpleNamespace(remarks=[
        "it rounds", "the run in x is not finished; so"]))
    input_texts.note_remarks(model, quiet)
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_array_of_vectors_whose_number_is_not_known(tmp_path, dtype):
    vectors = np.arange(6, dtype=dtype).reshape(2, 3)
    assert embed._write_array(tmp_path / "a.npy", iter(vectors), 3, dtype) == 2
    read = np.load(tmp_path / "a.npy")
    assert read.dtype == dtype and (read == vectors).all()
    assert embed._write_array(tmp_path / "b.npy", iter(()), 3, dtype) == 0
    assert np.load(tmp_path / "b.npy").shape == (0, 3)


def test_pairs_of_texts():
    assert list(similarity._pairs(["a\tb", "\t"], "line {}".format)) == [("a", "b"), ("", "")]
    for line, tabs in (("a", 0), ("a\tb\tc", 2)):
        with pytest.raises(ValueError, match=f"^Line 2 has {tabs} tabs; it must hold two texts"):
            list(similarity._pairs(["a\tb", line], "line {}".format))
    call = similarity._call("line {}".format)
    assert [call(i) for i in (1, 2, 3)] == ["line 1: the first text", "line 1: the second text",
                                            "line 2: the first text"]


def test_guesses_as_text_and_as_json():
    one, two = [("▁a", 0.5), ("b", 0.25)], [("c", 1e-10)]
    assert fill_mask._as_text("x", [one]) == "x\n    50.00%  ▁a\n    25.00%  b"
    assert fill_mask._as_text("x", [one[:1], two]).split("\n")[1::2] == ["  [MASK] 1", "  [MASK] 2"]
    assert fill_mask._as_json("é", [two]) == (
        '{"text": "é", "masks": [[{"piece": "c", "probability": 0.0}]]}')


# ---- places --------------------------------------------------------------------------------------

def test_the_names_of_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert plot._names(["a/run", "b/other"]) == ["run", "other"]
    assert plot._names(["a/run", "b/run"]) == ["a/run", "b/run"]
    with pytest.raises(ValueError, match="the run b/../a is given twice"):
        plot._names(["a", "b/../a"])


def test_the_place_of_a_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert plot._picture(None, ["a"]) == Path("a/curves.png")
    for name in ("curves.png", "curves-2.png"):
        assert plot._picture(None, ["a", "b"]) == Path(name)
        Path(name).touch()
    assert plot._picture("X.PNG", ["a"]) == Path("X.PNG")
    with pytest.raises(ValueError, match="the name x.jpg must end in .png"):
        plot._picture("x.jpg", ["a"])
    with pytest.raises(ValueError, match="there is a file curves.png already"):
        plot._picture("curves.png", ["a"])


def test_free_places(tmp_path):
    assert free_path(str(tmp_path / "a.b.png")) == tmp_path / "a.b.png"
    (tmp_path / "a.b.png").symlink_to("nowhere")
    assert free_path(tmp_path / "a.b.png") == tmp_path / "a.b-2.png"
    (tmp_path / "folder").mkdir()
    refuse_existing(None)
    refuse_existing(tmp_path / "nowhere")
    for name, what in (("a.b.png", "file"), ("folder", "folder")):
        with pytest.raises(ValueError, match=f"^there is a {what} .* give --report another name"):
            refuse_existing(tmp_path / name, "--report")


def test_columns_by_name_and_by_number():
    assert columns_of([]) == {}
    assert columns_of(["text=0", "label=a=b", "text_pair=-1"]) == {"text": 0, "label": "a=b",
                                                                   "text_pair": "-1"}
    for pair in ("text", "text=", "x=1", "=1"):
        with pytest.raises(ValueError, match=f"--columns has '{pair}'; it must be text="):
            columns_of([pair])


def test_arrays_from_a_file(tmp_path):
    np.savez(tmp_path / "a.npz", x=[1, 2], **{"params.W": 3.0})
    arrays = trace._read_arrays(tmp_path / "a.npz")
    assert arrays["x"].tolist() == [1, 2] and arrays["params.W"] == 3
    np.save(tmp_path / "b.npy", [1])
    (tmp_path / "c.npz").write_bytes(b"text")
    np.savez(tmp_path / "d.npz", x=np.array([{}], object))
    for name in ("b.npy", "c.npz", "d.npz"):
        with pytest.raises(ValueError, match=f"{name} is no .npz file of numbers, as np.savez"):
            trace._read_arrays(tmp_path / name)


# ---- parsers -------------------------------------------------------------------------------------

def test_only_what_was_typed():
    assert given(argparse.Namespace(a=1, b=None, c=3), ("a", "b", "d")) == {"a": 1, "b": None}


@pytest.mark.parametrize("word, option", [("-a", True), ("--ab", True), ("-", False), ("a", False),
                                          ("-a b", False), ("", False)])
def test_texts_that_begin_with_a_dash(word, option):
    assert _is_option(word) == option


def test_names_that_were_meant():
    assert _meant("--epocs", ["--epochs", "--seed"]) == "; did you mean --epochs?"
    assert _meant("PRETRIAN", ["pretrain"]) == "; did you mean pretrain?"
    assert _meant("zzz", ["--epochs"]) == ""


def parser(texts=True):
    made = Parser(prog="x")
    made.add_argument("first", metavar="FIRST")
    if texts:
        made.add_argument("texts", nargs="*", metavar="TEXT")
    made.add_argument("--data", required=True)
    made.add_argument("--seed", type=int, default=3)
    made.add_argument("--resume", action=Resume)
    made.add_argument("--quiet", action="store_true")
    return made


def test_what_must_be_given():
    assert [word for action in parser()._actions for word in _needed(action)] == [
        "FIRST", "[TEXT ...]", "--data", "data"]


def test_texts_before_and_after_options():
    options = parser().parse_args(["f", "a", "--data", "d", "b c", "--seed", "4", "-1 is less"])
    assert options.texts == ["a", "b c", "-1 is less"] and options.seed == 4


@pytest.mark.parametrize("words, said", [
    (["f", "--dta", "x"], "there is no option --dta; did you mean --data?"),
    (["f", "--zzz=3", "--data", "d"], "there is no option --zzz"),
    (["f"], "the following arguments are required: --data")])
def test_what_is_wrong_is_in_the_last_line(capsys, words, said):
    with pytest.raises(SystemExit) as error:
        parser().parse_args(words)
    assert error.value.code == 2
    usage, last = capsys.readouterr().err.splitlines()
    assert last == f"x: error: {said}"
    assert usage == ("usage: x FIRST [TEXT ...] --data data [options]   (all options: x --help)")


def test_resuming_needs_and_allows_nothing_else():
    def resumed(*words):
        made = parser(texts=False)
        return made.parse_args(["--resume", "run", *words], argparse.Namespace(parser=made))

    options = resumed("--quiet")
    assert options.resume == "run"
    refuse_others(options)
    for words, name in ((["--seed", "4"], "--seed"), (["f"], "f"), (["--data", "d"], "--data")):
        with pytest.raises(ValueError, match=f"was begun with; remove {name}$"):
            refuse_others(resumed(*words))
    with pytest.raises(ValueError, match="remove --quiet"):
        refuse_others(options, kept=("resume",))
