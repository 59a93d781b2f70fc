"""What loading and saving do with each weight, in a small folder."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from albert_np import (AlbertConfig, AlbertForPreTraining, AlbertForSequenceClassification,
                       AlbertModel)
from albert_np.models.loading import load_pretrained
from albert_np.parameters import flatten

SIZES = dict(vocab_size=31, embedding_size=6, hidden_size=12, num_hidden_layers=2,
             num_attention_heads=3, intermediate_size=17, max_position_embeddings=9)


@pytest.fixture
def saved(tmp_path):
    """The folder of an AlbertForPreTraining of seed 4."""
    AlbertForPreTraining(AlbertConfig(**SIZES), seed=4).save_pretrained(tmp_path)
    return tmp_path


def rewrite(folder, **changes):
    """Other tensors in the file; None takes one away."""
    tensors = {**load_file(folder / "model.safetensors"), **changes}
    save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()
               if array is not None}, folder / "model.safetensors")


def test_what_a_folder_looks_like(saved):
    """transformers wants the format in the file, and the name of the class in config.json."""
    text = (saved / "config.json").read_text("utf-8")
    assert '\n  "hidden_size": 12,\n' in text and text.endswith("}\n")
    assert json.loads(text) == {**AlbertConfig(**SIZES).to_dict(),
                                "architectures": ["AlbertForPreTraining"]}
    with safe_open(saved / "model.safetensors", "numpy") as file:
        assert file.metadata() == {"format": "pt"} and len(list(file.keys())) == 32
    other = saved / "new" / "folder"
    AlbertModel(AlbertConfig(**SIZES)).save_pretrained(str(other))
    assert json.loads((other / "config.json").read_text())["architectures"] == ["AlbertModel"]


def test_a_tokenizer_goes_into_the_same_folder(tmp_path):
    tokenizer = SimpleNamespace(files=lambda model_max_length: {
        "spiece.model": b"pieces", "t.json": str(model_max_length).encode()})
    AlbertModel(AlbertConfig(**SIZES)).save_pretrained(tmp_path, tokenizer)
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors",
                                                          "spiece.model", "t.json"}
    assert (tmp_path / "spiece.model").read_bytes() == b"pieces"
    length = AlbertConfig(**SIZES).max_position_embeddings
    assert (tmp_path / "t.json").read_bytes() == str(length).encode()


def test_what_the_report_says(saved, tmp_path):
    report = AlbertModel.from_pretrained(saved).load_report
    assert (report.source, report.model) == (str(saved / "model.safetensors"), "AlbertModel")
    assert (report.loaded, report.seed, report.prefix) == (25, 0, "removed")
    assert not (report.initialised or report.tied or report.notes or report.converted)
    AlbertModel(AlbertConfig(**SIZES)).save_pretrained(tmp_path / "bare")
    assert AlbertModel.from_pretrained(tmp_path / "bare").load_report.prefix == ""
    report = AlbertForPreTraining.from_pretrained(tmp_path / "bare", seed=7).load_report
    assert (report.prefix, report.seed, report.loaded) == ("added", 7, 25)
    assert AlbertForPreTraining.from_pretrained(saved).load_report.prefix == ""


@pytest.mark.parametrize("names, said", [
    ("a", "a"), ("abc", "a, b, c"), ("abcd", "a, b, c and 1 more")])
def test_weights_without_a_place_are_remarked(saved, names, said):
    rewrite(saved, **dict.fromkeys(names, np.zeros(2)))
    report = AlbertModel.from_pretrained(saved).load_report
    assert report.remarks == [f"{saved} has weights that the model has no place for; they are left "
                              f"out: {said}"]
    assert set(names) < set(report.unused)


def test_new_heads_are_drawn_by_the_seed(saved):
    """In the range of the configuration, cut at two of it; in float64 as in float32."""
    config = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps({**config, "initializer_range": 0.5,
                                                   "num_labels": 90}))
    one, again, other = (AlbertForSequenceClassification.from_pretrained(saved, **options)
                         for options in ({}, {"seed": 0}, {"seed": 1}))
    W, b = one.params["classification_head"]["W"], one.params["classification_head"]["b"]
    assert np.array_equal(W, again.params["classification_head"]["W"])
    assert (W != other.params["classification_head"]["W"]).all() and not b.any()
    assert 0.4 < W.std() < 0.48 and 0.9 < np.abs(W).max() <= 1                 # 0.88 * 0.5
    assert one.load_report.initialised == ["classifier.weight", "classifier.bias"]
    by_itself = load_pretrained(AlbertForSequenceClassification, saved)
    for name, leaf in flatten(by_itself.params).items():
        assert np.array_equal(leaf, flatten(one.params)[name]) and leaf.dtype == np.float32
        assert leaf.flags.owndata
    rewrite(saved, **{name: None for name in load_file(saved / "model.safetensors")
                      if name.startswith(("predictions", "albert.pooler"))})
    fresh = AlbertForPreTraining.from_pretrained(saved, dtype=np.float64)
    assert (fresh.params["mlm_head"]["layer_norm"]["gamma"] == 1).all()
    for bias in ("mlm_head.layer_norm.beta", "mlm_head.bias", "mlm_head.dense.b", "pooler.b"):
        assert not flatten(fresh.params)[bias].any()
    assert fresh.params["pooler"]["W"].all() and fresh.dtype == np.float64


def test_numbers_that_are_no_numbers_afterwards(saved):
    """Too large for float32, or none in the file; memory-mapped weights are not looked at."""
    bias, gamma = "albert.pooler.bias", "predictions.LayerNorm.weight"
    rewrite(saved, **{bias: np.full(12, 1e300), gamma: np.full(6, np.nan, np.float32)})
    assert AlbertForPreTraining.from_pretrained(saved).load_report.notes == [
        "infinite numbers or NaN in pooler.bias, predictions.LayerNorm.weight"]
    assert AlbertForPreTraining.from_pretrained(saved).load_report.not_finite == [
        "pooler.bias", "predictions.LayerNorm.weight"]
    exact = AlbertForPreTraining.from_pretrained(saved, dtype=np.float64)
    assert exact.load_report.notes == ["infinite numbers or NaN in predictions.LayerNorm.weight"]
    assert exact.load_report.converted == {"float32 to float64": 31}
    mapped = AlbertForPreTraining.from_pretrained(saved, memory_map=True)
    assert mapped.load_report.notes == ["infinite numbers or NaN in pooler.bias"]
    assert mapped.load_report.converted == {"float64 to float32": 1}
    assert mapped.params["pooler"]["b"].flags.owndata
    assert not mapped.params["pooler"]["W"].flags.owndata
    assert AlbertForPreTraining.from_pretrained(saved).params["pooler"]["W"].flags.owndata


@pytest.mark.parametrize("E, H, file_has, changes, mapping", [
    (6, 12, True, {}, True), (264, 264, True, {}, True), (264, 264, False, {}, False),
    (264, 264, False, {"embedding_mapping": False}, False),
    (264, 264, False, {"embedding_mapping": True}, "refused"), (6, 12, False, {}, "refused"),
    (12, 6, False, {}, "refused")])
def test_the_map_from_E_to_H(tmp_path, E, H, file_has, changes, mapping):
    """A file without it, in which E is H, means a model without it, unless the user wants one."""
    sizes = {**SIZES, "embedding_size": E, "hidden_size": H}
    model = AlbertModel(AlbertConfig(**sizes))
    model.save_pretrained(tmp_path)
    name = "encoder.embedding_hidden_mapping_in."
    if not file_has:
        rewrite(tmp_path, **{f"{name}weight": None, f"{name}bias": None})
    if mapping == "refused":
        with pytest.raises(ValueError, match=f"{name}weight is missing; {name}bias is missing"):
            AlbertModel.from_pretrained(tmp_path, **changes)
        return
    loaded = AlbertModel.from_pretrained(tmp_path, **changes)
    assert ("mapping" in loaded.params["embeddings"]) == loaded.config.embedding_mapping == mapping
    assert loaded.load_report.notes == (
        ["E = H and the file has no map from E to H, so the model has none either"]
        if not mapping and not changes else [])


def test_what_transformers_would_compute_otherwise_is_warned_of(tmp_path, recwarn):
    """Once, where save_pretrained was called, in a line that names the folder."""
    AlbertModel(AlbertConfig(**SIZES, sharing="none")).save_pretrained(tmp_path / "plain")
    assert not recwarn
    model = AlbertModel(AlbertConfig(**SIZES, cross_layer_residual=True))
    model.save_pretrained(tmp_path / "h + f(h)")
    warning, = recwarn
    assert str(warning.message) == (
        f"{tmp_path / 'h + f(h)'}: transformers does not know cross_layer_residual and would "
        f"compute other numbers with these weights; the model is right in albert_np only")
    assert warning.filename == __file__
    assert AlbertModel.from_pretrained(tmp_path / "h + f(h)").config == model.config
