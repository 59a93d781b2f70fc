"""What the settings beside weights say and mean, and which files of a folder are taken."""

import json

import pytest

from albert_np.model_files.folders import find_folder, find_original, weights_kind
from albert_np.model_files.settings import read_settings


def settings(folder, values, file="config.json", **how):
    """The values and the notes that a folder with these settings gives."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(json.dumps(values))
    read, _, notes, path = read_settings(folder, **how)
    assert path == folder / file
    return read, notes


@pytest.mark.parametrize("values, meant", [
    ({}, None), ({"hidden_act": None}, "linear"), ({"hidden_act": "gelu"}, "gelu_new"),
    ({"hidden_act": "relu"}, "relu")])
def test_the_activation_of_the_original(tmp_path, values, meant):
    """No activation is null there; if the file says nothing, the default remains."""
    read, _ = settings(tmp_path, values, "albert_config.json", original=True)
    assert read.get("hidden_act") == meant


def test_null_is_no_activation_elsewhere(tmp_path):
    assert settings(tmp_path, {"hidden_act": None}) == ({"hidden_act": None}, [])


@pytest.mark.parametrize("place, name", [
    ("albert-base-v1", ""), ("models--albert--albert-xlarge-v1/snapshots/0a1b", ""),
    ("any", "albert/albert-xxlarge-v1"), ("any", "albert-large-v1")])
def test_weights_of_v1_are_known_by_their_place_or_their_name(tmp_path, place, name):
    read, (note,) = settings(tmp_path / place, {"hidden_act": "gelu"}, name=name)
    assert read["hidden_act"] == "gelu_new" and "means the tanh form" in note


@pytest.mark.parametrize("name", ["", "albert-base-v1"])
def test_the_gelu_of_a_bert_is_the_erf_form(tmp_path, name):
    """Of which nothing is said, as no BERT has another."""
    read, notes = settings(tmp_path, {"model_type": "bert", "hidden_act": "gelu",
                                      "net_structure_type": 0}, name=name)
    assert read["hidden_act"] == "gelu" and notes == []


def test_settings_of_the_original_under_another_name(tmp_path):
    """If there is one such file; of two none is taken."""
    values, _ = settings(tmp_path, {"hidden_size": 24}, "albert_config_tiny.json", original=True)
    assert values == {"hidden_size": 24}
    (tmp_path / "albert_config_large.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match="no configuration file .*albert_config.json"):
        read_settings(tmp_path, original=True)


def test_of_several_kinds_of_weights_the_first_counts(tmp_path):
    names = ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
             "model-int8.safetensors"]
    for name in [*names, "model.ckpt-best.index"]:
        (tmp_path / name).touch()
    for name in names:
        assert weights_kind(tmp_path) == name
        (tmp_path / name).unlink()
    assert weights_kind(tmp_path) == "original"
    (tmp_path / "model.ckpt-best.index").unlink()
    with pytest.raises(FileNotFoundError, match="There are no weights in"):
        weights_kind(tmp_path)


def test_of_several_checkpoints_the_best_or_the_latest_counts(tmp_path):
    assert find_original(tmp_path) is None
    for name in ("albert_model.ckpt", "model.ckpt-9", "model.ckpt-x", "model.ckpt-10",
                 "model.ckpt-best"):
        (tmp_path / f"{name}.index").touch()
        expected = "model.ckpt-9" if name == "model.ckpt-x" else name
        assert find_original(tmp_path) == tmp_path / expected


def test_a_cache_without_a_snapshot(tmp_path):
    cache = tmp_path / "models--albert--albert-tiny"
    (cache / "snapshots").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="holds 0 snapshots and no refs/main says which"):
        find_folder(cache)


def test_the_name_of_a_file_is_not_proposed_for_a_folder(tmp_path):
    (tmp_path / "model").touch()
    with pytest.raises(FileNotFoundError, match=r"There is no folder \S*modle\.$"):
        find_folder(tmp_path / "modle")
    (tmp_path / "module").mkdir()
    with pytest.raises(FileNotFoundError, match=r"did you mean \S*module\?$"):
        find_folder(tmp_path / "modle")
