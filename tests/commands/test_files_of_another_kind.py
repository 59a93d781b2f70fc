"""A file given as ``--file`` that is JSON of another kind, or UTF-16: one sentence, no guess."""

import io
import json
import sys

import pytest

from albert_np import AlbertTokenizer
from albert_np.commands.cli import main
from albert_np.files import read_text
from albert_np.tasks.finetuning import Settings
from albert_np.tasks.finetuning.recipes import TASKS
from albert_np.tasks.finetuning.start import from_scratch

ARRAY = json.dumps([{"text": "a list"}, {"text": "a name"}])
PRETTY = json.dumps([{"text": "a list"}, {"text": "a name"}], indent=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory, inference_folder):
    """A classifier that was not trained."""
    folder, task = tmp_path_factory.mktemp("classifier"), TASKS["classification"]
    tokenizer = AlbertTokenizer.from_folder(inference_folder)
    from_scratch(task.MODEL, {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1},
                 tokenizer, task.configuration(("a", "b")), 0).save_pretrained(folder, tokenizer)
    (folder / "task.json").write_bytes(Settings("classification", max_length=20).to_bytes())
    return folder


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.txt", "rows.json", "rows"])
@pytest.mark.parametrize("text", [ARRAY, PRETTY, '["a list"]', "[\n", '["a list",\n"a name"]',
                                  '\n\n["a"]\n'])
@pytest.mark.parametrize("command", ["predict", "embed", "fill-mask", "similarity"])
def test_an_array_is_called_one(command, text, name, model, inference_folder, tmp_path, capsys):
    path, folder = tmp_path / name, model if command == "predict" else inference_folder
    path.write_text(text)
    assert main([command, str(folder), "--file", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert f"{path} is a JSON array, where a line for each text is needed" in captured.err


def test_standard_input_and_objects(model, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PRETTY.encode())))
    assert main(["predict", str(model)]) == 2
    assert "standard input is a JSON array" in capsys.readouterr().err
    path = tmp_path / "rows.txt"
    path.write_text('{\n  "text": "a list"\n}\n')
    assert main(["predict", str(model), "--file", str(path)]) == 2
    assert "is a JSON object over several lines" in capsys.readouterr().err
    path.write_text('{"text": "a list"}\n')
    assert main(["embed", str(model), "--file", str(path)]) == 2
    assert "is JSON lines, where a line for each text is needed" in capsys.readouterr().err
    assert main(["predict", str(model), "--file", str(path), "--quiet"]) == 0


def test_a_line_that_is_an_array_or_no_object_is_not_predicted(model, tmp_path, capsys):
    assert main(["predict", str(model), "a list", '["a list"]', "[laughs] a list"]) == 1
    out, error = capsys.readouterr()
    assert [line == "null" for line in out.splitlines()] == [False, True, False]
    assert "Text 2 is a JSON array; an object such as " in error
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a list"}\na list\n"a list"\n' + '{"a":' * 100_000 + "\n")
    assert main(["predict", str(model), "--file", str(path), "--quiet"]) == 1
    out, error = capsys.readouterr()
    assert [line == "null" for line in out.splitlines()] == [False, True, True, True]
    assert error.count("is no JSON object") == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("words", [
    ["predict", "MODEL", "--file", "FILE.txt"], ["predict", "MODEL", "--file", "FILE.csv"],
    ["predict", "MODEL", "--file", "FILE.jsonl"], ["embed", "TRUNK", "--file", "FILE.txt"],
    ["fill-mask", "TRUNK", "--file", "FILE.txt"], ["similarity", "TRUNK", "--file", "FILE.tsv"],
    ["finetune", "classification", "--data", "FILE.csv"],
    ["evaluate", "MODEL", "--data", "FILE.tsv"], ["info", "FILE.json"],
    ["prepare", "FILE.txt", "--output", "new"], ["pretrain", "--corpus", "FILE.txt"]],
    ids=" ".join)
def test_utf16_is_called_so_by_every_command(words, encoding, model, inference_folder, tmp_path,
                                             monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    places = {"MODEL": str(model), "TRUNK": str(inference_folder)}
    name = next(word for word in words if word.startswith("FILE"))
    (tmp_path / name).write_bytes("text,label\na list,a\na name,b\n".encode(encoding))
    assert main([places.get(word, word) for word in words]) == 2
    assert f"{name} is UTF-16, where UTF-8 is needed; save the file as UTF-8." in (
        capsys.readouterr().err)
    with pytest.raises(ValueError, match="is UTF-16"):
        read_text(tmp_path / name)
