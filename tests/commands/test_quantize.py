"""``albert-np quantize``: a folder a quarter as large that answers as was measured."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from albert_np import AlbertForPreTraining, AlbertModel, AlbertTokenizer
from albert_np.commands.cli import main
from albert_np.files import in_a_sentence, write_together
from albert_np.functional import dequantize, quantization_scale, quantize
from albert_np.functional.trees import flatten
from albert_np.inference import fill_mask, load
from albert_np.models.loading import DEQUANTIZED
from albert_np.tasks.finetuning.quantizing import _model_class, quantize_run

WEIGHTS, EIGHT_BITS = "model.safetensors", "model-int8.safetensors"


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A fine-tuned run, and a table of its task."""
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("quantize")
    words = "the a name file is not of and returns if then opened again short new".split()
    rng = np.random.default_rng(0)
    rows = [f"{' '.join(rng.choice(words, 5))}\t{'odd' if i % 2 else 'even'}\n" for i in range(60)]
    (folder / "rows.tsv").write_text("text\tlabel\n" + "".join(rows))
    assert main(["finetune", "classification", "--data", str(folder / "rows.tsv"), "--output",
                 str(folder / "run"), "--vocab-size", "40", "--hidden-size", "32",
                 "--embedding-size", "32", "--layers", "2", "--heads", "2", "--epochs", "1",
                 "--intermediate-size", "128", "--max-length", "16", "--quiet"]) == 0
    assert main(["quantize", str(folder / "run"), "--output", str(folder / "small"),
                 "--quiet"]) == 0
    return folder


def rounded(model):
    """The parameters as they are after the file: a scale for each output, or row of a table."""
    def of(name, leaf):
        if leaf.ndim == 1:
            return leaf
        axis = -1 if name.startswith("embeddings.") and "mapping" not in name else 0
        scale = quantization_scale(leaf, axis)
        return dequantize(quantize(leaf, scale), scale)
    return {name: of(name, leaf) for name, leaf in flatten(model.params).items()}


def test_a_pretrained_model_is_read_as_it_was_rounded(inference_folder, tmp_path, capsys):
    small = tmp_path / "small"
    assert main(["quantize", str(inference_folder), "--output", str(small)]) == 0
    printed = capsys.readouterr().out
    model, tokenizer = load(small)
    wanted = rounded(AlbertForPreTraining.from_pretrained(inference_folder))
    found = flatten(model.params)
    assert all((found[name] == array).all() and found[name].dtype == np.float32
               for name, array in wanted.items())
    assert DEQUANTIZED in model.load_report.notes and DEQUANTIZED in str(model.load_report)
    assert tokenizer.pieces == AlbertTokenizer.from_folder(inference_folder).pieces
    assert len(fill_mask(model, tokenizer, ["a [MASK] file"])[0][0]) > 0

    before, after = (folder / name for folder, name in ((inference_folder, WEIGHTS),
                                                        (small, EIGHT_BITS)))
    matrices = [array for array in load_file(before).values() if array.ndim > 1]
    vectors = len(load_file(before)) - len(matrices)
    assert f"{len(matrices)} matrices, {sum(array.size for array in matrices):,} numbers" in printed
    assert f"{vectors} vectors (biases and layer norms)" in printed
    assert (f"{before.stat().st_size:,} bytes before, {after.stat().st_size:,} after: "
            f"{after.stat().st_size / before.stat().st_size:.1%}") in printed
    whole = flatten(AlbertForPreTraining.from_pretrained(inference_folder).params)
    error = max(np.abs(wanted[name] - leaf).max() for name, leaf in whole.items())
    assert f"at most {error:.2g}, in " in printed and printed.endswith(f"The folder is {small}\n")
    assert not list(tmp_path.glob(".*"))


def test_a_larger_model_becomes_a_quarter(tmp_path, inference_folder):
    """In a model of this size names and biases no longer count."""
    _, tokenizer = load(inference_folder)
    from albert_np import AlbertConfig
    AlbertForPreTraining(AlbertConfig(
        vocab_size=tokenizer.vocab_size, embedding_size=64, hidden_size=256, num_hidden_layers=2,
        num_attention_heads=4, intermediate_size=1024), seed=0).save_pretrained(
            tmp_path / "run", tokenizer)
    written = quantize_run(tmp_path / "run", tmp_path / "small")
    assert written.bytes_after == (tmp_path / "small" / EIGHT_BITS).stat().st_size
    assert 0.25 < written.bytes_after / written.bytes_before < 0.27
    assert 0 < written.largest_error <= written.largest_weight / 254 * 1.001


def test_the_model_keeps_its_kind(tmp_path, inference_folder):
    """One without heads gets none, whatever the heads of pretraining would be."""
    _, tokenizer = load(inference_folder)
    AlbertModel.from_pretrained(inference_folder).save_pretrained(tmp_path / "run", tokenizer)
    quantize_run(tmp_path / "run", tmp_path / "small")
    config = json.loads((tmp_path / "small" / "config.json").read_text())
    assert config["architectures"] == ["AlbertModel"]
    names = list(load_file(tmp_path / "small" / EIGHT_BITS))
    assert names and not [name for name in names if "predictions" in name]


@pytest.mark.parametrize("names, kind", [
    (None, AlbertForPreTraining), ([], AlbertForPreTraining),
    (["BertModel", "AlbertModel", "AlbertForMaskedLM"], AlbertModel),
    (["AlbertForNothing"], AlbertForPreTraining), (["Output", "__all__"], AlbertForPreTraining)])
def test_the_first_class_that_is_one_of_ours_is_read(names, kind):
    assert _model_class(SimpleNamespace(extra={"architectures": names})) is kind
    assert _model_class(SimpleNamespace(extra={})) is AlbertForPreTraining


def test_the_tokenizer_of_another_model_is_refused(tmp_path, inference_folder):
    model, tokenizer = load(inference_folder)
    other = type(model)(replace(model.config, vocab_size=tokenizer.vocab_size + 1))
    other.save_pretrained(tmp_path / "run", tokenizer)
    with pytest.raises(ValueError, match=f"a vocabulary of {tokenizer.vocab_size + 1} pieces and "
                                         f"the tokenizer one of {tokenizer.vocab_size}; they do"):
        quantize_run(tmp_path / "run", tmp_path / "small")
    assert not (tmp_path / "small").exists()


def test_a_tuned_run_predicts_as_was_measured(tuned, tmp_path, capsys):
    """The scores of the folder are those of the rounded model, to the last digit."""
    assert not (tuned / "small" / WEIGHTS).exists()
    assert (tuned / "small" / "task.json").read_bytes() == (tuned / "run" / "task.json"
                                                            ).read_bytes()
    shutil.copytree(tuned / "run", tmp_path / "by_hand")
    tensors = load_file(tuned / "run" / WEIGHTS)
    for name, array in tensors.items():
        if array.ndim > 1:
            scale = quantization_scale(array, axis=-1)
            tensors[name] = dequantize(quantize(array, scale), scale)
    save_file(tensors, tmp_path / "by_hand" / WEIGHTS)
    figures, lines = [], []
    for folder in (tuned / "small", tmp_path / "by_hand", tuned / "run"):
        output = tmp_path / f"scores{len(figures)}"
        assert main(["evaluate", str(folder), "--data", str(tuned / "rows.tsv"), "--output",
                     str(output)]) == 0
        figures.append(json.loads((output / "results.json").read_text("utf-8"))["figures"])
        assert (f"{folder}: {DEQUANTIZED}\n" in capsys.readouterr().out) == (len(figures) == 1)
        assert main(["predict", str(folder), "the name of a file"]) == 0
        out, said = capsys.readouterr()
        lines.append(out)
        assert said == (f"albert-np: {folder}: {DEQUANTIZED}\n" if len(lines) == 1 else "")
    assert figures[0] == figures[1] and lines[0] == lines[1] != lines[2]
    assert main(["predict", str(tuned / "small"), "the name of a file", "--quiet"]) == 0
    assert capsys.readouterr() == (lines[0], "")


@pytest.mark.parametrize("arguments, sentence", [
    (["SMALL", "--output", "NEW"], "SMALL has 8-bit weights already (model-int8.safetensors); "
                                   "give the run that it was made of"),
    (["RUN", "--output", "RUN"], "RUN exists already; it stays as it is: remove "
                                   "it, or give --output another name"),
    (["RUN", "--output", "FILE"], "FILE exists already; it stays as it is"),
    (["NEW", "--output", "NEW"], "NEW is no folder of a run; give the folder that"),
    (["FILE", "--output", "NEW"], "FILE is no folder of a run"),
    (["EMPTY", "--output", "NEW"], "There are no weights in EMPTY"),
    (["RUN", "--output", "FILE/new"], "The folder FILE/new cannot be written: Not a directory.")])
def test_what_is_refused(tuned, tmp_path, capsys, arguments, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine")
    places = {"SMALL": tuned / "small", "RUN": tuned / "run", "NEW": tmp_path / "new",
              "FILE": tmp_path / "file", "EMPTY": tmp_path / "empty"}
    for name, path in places.items():
        arguments = [word.replace(name, str(path)) for word in arguments]
        sentence = sentence.replace(name, str(path))
    before = sorted(tmp_path.iterdir())
    assert main(["quantize", *arguments]) == 2
    out, said = capsys.readouterr()
    assert out == "" and said.startswith("albert-np: ") and sentence in said
    assert said.count("\n") == 1 and sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "file").read_text() == "mine"


def test_a_weight_that_is_no_number_is_refused(tuned, tmp_path, capsys):
    shutil.copytree(tuned / "run", tmp_path / "run")
    tensors = load_file(tmp_path / "run" / WEIGHTS)
    next(array for array in tensors.values() if array.ndim > 1)[0, 0] = np.inf
    save_file(tensors, tmp_path / "run" / WEIGHTS)
    assert main(["quantize", str(tmp_path / "run"), "--output", str(tmp_path / "new")]) == 2
    assert "has NaN or infinite numbers in" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_failure_leaves_nothing(tuned, tmp_path, monkeypatch):
    """Whatever goes wrong between the files and their folder's name."""
    def fails(files):
        write_together(files)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("albert_np.models.quantized.write_together", fails)
    with pytest.raises(ValueError, match="cannot be written: No space left on device") as error:
        quantize_run(tuned / "run", tmp_path / "new")
    assert "\n" not in in_a_sentence(error.value) and not list(tmp_path.iterdir())


def test_8_bits_are_a_start_for_another_training(tuned, tmp_path):
    assert main(["finetune", "classification", "--model", str(tuned / "small"), "--data",
                 str(tuned / "rows.tsv"), "--output", str(tmp_path / "again"), "--epochs", "1",
                 "--quiet"]) == 0
    names = {path.name for path in (tmp_path / "again").iterdir()}
    assert WEIGHTS in names and EIGHT_BITS not in names
