"""The commands that use a model: what they print, what they leave, and how they refuse."""

import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from albert_np.commands.cli import main
from albert_np.inference import fill_mask, load, sentence_vectors, similarity
from albert_np.models import AlbertModel

TEXTS = ["A [MASK] of names.", "The [MASK] returns the [MASK]."]


@pytest.fixture(scope="module")
def loaded(inference_folder):
    return load(inference_folder)


@pytest.fixture
def run(inference_folder, capsys):
    """``run(command, ...)``: what a command prints, given the folder of the model."""

    def call(command, *arguments):
        assert main([command, str(inference_folder), *map(str, arguments)]) == 0
        return capsys.readouterr().out

    return call


@pytest.fixture
def standard_input(monkeypatch):
    """``standard_input(data)``: bytes to be read there."""

    def give(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


@pytest.mark.parametrize("command, option", [
    ("fill-mask", ["--top", "2"]), ("embed", ["--no-special-tokens"]), ("similarity", ["--json"])])
def test_options_may_be_anywhere(run, command, option, capsys, inference_folder):
    expected = run(command, *TEXTS, *option)
    assert run(command, *option, *TEXTS) == expected
    assert run(command, TEXTS[0], *option, TEXTS[1]) == expected
    with pytest.raises(SystemExit):
        main([command, str(inference_folder), *option, "--nothing", TEXTS[0]])
    assert "there is no option --nothing" in capsys.readouterr().err


# ---- fill-mask -----------------------------------------------------------------------------------

def test_fill_mask(run, loaded):
    lines = run("fill-mask", *TEXTS, "--top", "2").splitlines()
    expected = fill_mask(*loaded, TEXTS, top=2)
    assert [line.strip() for line in lines] == [
        TEXTS[0], *(f"{p:.2%}  {piece}" for piece, p in expected[0][0]),
        TEXTS[1], "[MASK] 1", *(f"{p:.2%}  {piece}" for piece, p in expected[1][0]),
        "[MASK] 2", *(f"{p:.2%}  {piece}" for piece, p in expected[1][1])]
    assert len(run("fill-mask", TEXTS[0]).splitlines()) == 6


def test_fill_mask_as_json(run, loaded, tmp_path, standard_input):
    expected = [[[list(guess) for guess in mask] for mask in masks]
                for masks in fill_mask(*loaded, TEXTS, top=3)]
    (tmp_path / "texts{}.txt").write_bytes("\r\n".join(TEXTS).encode("utf-8-sig"))
    standard_input("\n".join(TEXTS).encode() + b"\n")
    for arguments in (TEXTS, ["--file", tmp_path / "texts{}.txt"], []):
        lines = run("fill-mask", *arguments, "--json", "--top", "3").splitlines()
        assert [json.loads(line)["text"] for line in lines] == TEXTS
        found = [[[[guess["piece"], guess["probability"]] for guess in mask]
                  for mask in json.loads(line)["masks"]] for line in lines]
        for ours, theirs in zip(sum(sum(found, []), []), sum(sum(expected, []), [])):
            assert ours[0] == theirs[0] and ours[1] == pytest.approx(theirs[1], abs=1e-6)
        assert len(found) == 2 and [len(masks) for masks in found] == [1, 2]


# ---- embed ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("special_tokens", [True, False])
def test_embed(run, loaded, tmp_path, special_tokens):
    texts = ["Names are short.", "It is a file.", "Names."]
    expected = sentence_vectors(*loaded, texts, special_tokens)
    option = [] if special_tokens else ["--no-special-tokens"]
    rows = [json.loads(line) for line in run("embed", *texts, *option).splitlines()]
    assert [row["text"] for row in rows] == texts
    np.testing.assert_array_equal(np.array([row["vector"] for row in rows], np.float32), expected)
    (tmp_path / "texts.txt").write_text("\n".join(texts) + "\n")
    output = tmp_path / "new" / "vectors.npy"
    assert run("embed", "--file", tmp_path / "texts.txt", "--output", output, *option) == (
        f"{output}: 3 x 16\n")
    found = np.load(output)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_a_text_that_was_cut_is_noted(inference_folder, capsys, tmp_path):
    (tmp_path / "texts.txt").write_text("short\n" + "name " * 50)
    assert main(["embed", str(inference_folder), "--file", str(tmp_path / "texts.txt")]) == 0
    assert capsys.readouterr().err == (f"albert-np: Line 2 of {tmp_path / 'texts.txt'} was cut at "
                                       f"the 40 positions that the model has.\n")


def test_an_array_is_written_whole_or_not_at_all(inference_folder, tmp_path, capsys):
    (tmp_path / "texts.txt").write_text("one\n\ntwo")
    assert main(["embed", str(inference_folder), "--file", str(tmp_path / "texts.txt"),
                 "--output", str(tmp_path / "out.npy")]) == 2
    assert "Line 2 of" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["texts.txt"]


# ---- similarity ----------------------------------------------------------------------------------

def test_similarity(run, loaded, tmp_path, standard_input):
    pairs = [("Names are short.", "A name is short."), ("It is a file.", "one two")]
    expected = similarity(*loaded, *zip(*pairs))
    assert float(run("similarity", *pairs[0])) == pytest.approx(expected[0], abs=2e-6)
    assert similarity(*loaded, *pairs[0], special_tokens=False) == pytest.approx(
        float(run("similarity", *pairs[0], "--no-special-tokens")), abs=2e-6)
    data = "".join(f"{first}\t{second}\n" for first, second in pairs).encode()
    (tmp_path / "pairs.tsv").write_bytes(data)
    standard_input(data)
    for arguments in (["--file", tmp_path / "pairs.tsv"], []):
        lines = run("similarity", *arguments).split()
        assert [float(line) for line in lines] == pytest.approx(expected, abs=2e-6)
    rows = [json.loads(line) for line in
            run("similarity", "--file", tmp_path / "pairs.tsv", "--json").splitlines()]
    assert [(row["first"], row["second"]) for row in rows] == pairs
    assert [row["cosine"] for row in rows] == pytest.approx(expected, abs=2e-6)


# ---- info ----------------------------------------------------------------------------------------

def test_info(run, loaded, tmp_path, inference_folder):
    output = tmp_path / "new" / "parameters.png"
    (inference_folder / "model.safetensors").rename(tmp_path / "away")     # it is not needed
    try:
        text = run("info", "--output", output)
    finally:
        (tmp_path / "away").rename(inference_folder / "model.safetensors")
    total = sum(array.size for array in loaded[0].state_dict().values())
    (line,) = [line for line in text.splitlines() if line.startswith("sum")]
    assert f" {total:,} " in line and text.endswith(f"\n{output}\n")
    assert output.read_bytes().startswith(b"\x89PNG")


def test_info_of_a_published_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["info", "albert-base-v2"]) == 0
    text = capsys.readouterr().out
    for part in ("11,813,810", "47.3 MB", "33.1%", "23,436,288"):
        assert part in text


# ---- refusals ------------------------------------------------------------------------------------

def refused(capsys, *arguments):
    assert main([*map(str, arguments)]) == 2
    output, error = capsys.readouterr()
    assert output == "" and error.startswith("albert-np: ") and error.count("\n") == 1
    return error


@pytest.mark.parametrize("arguments, message", [
    (["fill-mask", "MODEL", "nothing hidden"], "Text 1 has no [MASK]; write [MASK] where"),
    (["fill-mask", "MODEL", "a [MASK]", ""], "Text 2 is empty"),
    (["fill-mask", "MODEL", "a [MASK]", "--top", "0"], "top is 0; it must be a whole number"),
    (["fill-mask", "MODEL", "a [MASK]", "--file", "x"], "texts are given and --file too"),
    (["fill-mask", "MODEL", "--file", "nowhere.txt"], "There is no file nowhere.txt"),
    (["fill-mask", "MODEL", "--file", "."], ". is a folder, where a file is needed"),
    (["fill-mask", "MODEL", "--file", "empty"], "empty is empty; at least one row is needed"),
    (["fill-mask", "MODEL", "--file", "latin"], "latin, line 2: byte 4 of the line is 0xe9"),
    (["fill-mask", "MODEL", "--file", "binary"], "binary, line 1: there is a zero byte at byte 2"),
    (["fill-mask", "MODEL", "--file", "blank"], "Line 2 of blank is empty"),
    (["fill-mask", "MODEL", "[MASK] " * 39], "Text 1 has a [MASK] behind the 40 positions"),
    (["fill-mask", "MODEL", "[MASK] \udcff"], "holds '\\udcff' at position"),
    (["embed", "MODEL", ""], "Text 1 is empty"),
    (["embed", "MODEL", "latin"], "the text 'latin' is the name of a file; did you mean --file "
                                  "latin? (If not, give the text through standard input.)"),
    (["embed", "MODEL", "a", "--output", "vectors.txt"], "vectors.txt must end in .npy"),
    (["similarity", "MODEL", "a"], "two texts are compared; 1 is given"),
    (["similarity", "MODEL", "a", "b", "c"], "two texts are compared; 3 are given"),
    (["similarity", "MODEL", "--file", "blank"], "Line 1 of blank has 0 tabs; it must hold two"),
    (["similarity", "MODEL", "--file", "half"], "Line 2 of half: the second text is empty"),
    (["info", "./nowhere"], "There is no folder nowhere"),
    (["info", "MODEL", "--output", "picture.jpg"], "picture.jpg must end in .png"),
    (["fill-mask", "./nowhere", "a [MASK]"], "There is no folder nowhere"),
    (["embed", "./nowhere", "a"], "There is no folder nowhere"),
    (["similarity", "./nowhere", "a", "b"], "There is no folder nowhere"),
])
def test_bad_input_gets_one_sentence_and_exit_status_2(inference_folder, tmp_path, monkeypatch,
                                                       capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    for name, data in [("empty", b""), ("latin", b"a [MASK]\ncaf\xe9 [MASK]\n"),
                       ("binary", b"a\0"), ("blank", b"a [MASK]\n\nb [MASK]\n"),
                       ("half", b"a\tb\nc\t\n")]:
        (tmp_path / name).write_bytes(data)
    arguments = [inference_folder if word == "MODEL" else word for word in arguments]
    assert message in refused(capsys, *arguments)


def test_a_tokenizer_of_another_model_is_refused(inference_folder, tmp_path, capsys):
    from dataclasses import replace


    model, tokenizer = load(inference_folder, AlbertModel)
    tokenizer.save(tmp_path)
    from albert_np import AlbertForPreTraining
    AlbertForPreTraining(replace(model.config, vocab_size=50)).save_pretrained(tmp_path)
    for arguments in (["fill-mask", tmp_path, "a [MASK]"], ["embed", tmp_path, "a"],
                      ["similarity", tmp_path, "a", "b"]):
        assert "a vocabulary of 50 pieces and the tokenizer one of" in refused(capsys, *arguments)


def test_nothing_to_read_on_a_terminal(inference_folder, capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    assert "there is no text: give one, or --file, or lines on standard input" in refused(
        capsys, "embed", inference_folder)


def test_a_reader_that_closes_early_gets_no_traceback(inference_folder, tmp_path):
    """As with ``| head -1``."""
    (tmp_path / "texts.txt").write_text("a name of the list\n" * 5000)
    command = subprocess.Popen(
        [sys.executable, "-m", "albert_np", "embed", str(inference_folder), "--file",
         str(tmp_path / "texts.txt")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert b"a name of the list" in command.stdout.readline()
    command.stdout.close()
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait() != 0


# ---- weights and outputs that are no numbers -----------------------------------------------------

COMMANDS = [("fill-mask", "A [MASK].", "--json"), ("embed", "A name."),
            ("similarity", "A name.", "A list.", "--json")]


@pytest.fixture
def spoilt(inference_folder, tmp_path):
    """``spoilt(value, names)``: a folder in whose weights of these names there is this number."""
    def spoil(value, *names):
        folder = tmp_path / "spoilt"
        shutil.copytree(inference_folder, folder)
        tensors = load_file(folder / "model.safetensors")
        for name in names:
            tensors[name].flat[-1] = value
        save_file(tensors, folder / "model.safetensors")
        return folder
    return spoil


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_weights_that_are_no_numbers_are_refused(spoilt, capsys, command, value):
    word, gamma = "albert.embeddings.word_embeddings.weight", "albert.embeddings.LayerNorm.weight"
    folder = spoilt(value, word, gamma)
    assert main([command[0], str(folder), *command[1:]]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err == (
        f"albert-np: {folder / 'model.safetensors'} has NaN or infinite numbers in "
        f"embeddings.word_embeddings.weight and 1 more tensors; with such weights no output is a "
        f"number\n")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_outputs_that_are_no_numbers_are_null(spoilt, capsys, recwarn, command):
    """Weights that are finite, and too large for float32 to compute with."""
    folder = spoilt(3e38, "albert.embeddings.LayerNorm.weight",
                    "albert.encoder.embedding_hidden_mapping_in.weight")
    with np.errstate(all="ignore"):
        assert main([command[0], str(folder), *command[1:]]) == 0
    line, = capsys.readouterr().out.splitlines()
    assert "null" in line
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
