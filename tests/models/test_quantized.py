"""A folder in 8 bits: what is in it, what is counted, and what happens if it cannot be written."""

from types import SimpleNamespace

import numpy as np
import pytest
from safetensors import safe_open

from albert_np import AlbertModel
from albert_np.functional.trees import tree_map
from albert_np.gradcheck.one_check import small_config
from albert_np.models import quantized
from albert_np.models.quantized import save_quantized

NAME = "model-int8.safetensors"


@pytest.fixture
def model():
    return AlbertModel(small_config(initializer_range=0.5), seed=0)


def test_what_is_written_and_counted(model, tmp_path):
    tokenizer = SimpleNamespace(files=lambda model_max_length: {"pieces": b"some"})
    written = save_quantized(model, tmp_path / "new", tokenizer, beside={"notes.txt": b"mine"})
    assert (tmp_path / "new/notes.txt").read_bytes() == b"mine"
    assert (tmp_path / "new/pieces").read_bytes() == b"some"
    assert written.bytes_after == (tmp_path / "new" / NAME).stat().st_size
    with safe_open(tmp_path / "new" / NAME, "numpy") as file:
        assert file.metadata() == {"format": "albert_np int8"}
    arrays = list(model.state_dict().values())
    matrices = [array for array in arrays if array.ndim == 2]
    assert (written.matrices, written.vectors) == (len(matrices), len(arrays) - len(matrices))
    assert written.numbers == sum(array.size for array in matrices)
    assert {path.name for path in tmp_path.iterdir()} == {"new"}
    model.save_pretrained(tmp_path / "before")
    assert written.bytes_before == (tmp_path / "before/model.safetensors").stat().st_size


def test_the_largest_error_is_that_of_the_model_that_is_read_back(model, tmp_path):
    written = save_quantized(model, tmp_path / "new")
    before = model.state_dict()
    loaded = AlbertModel.from_pretrained(tmp_path / "new")
    said = "the file holds 8-bit weights; they are computed with as float32"
    assert loaded.load_report.notes == [said]
    assert loaded.load_report.remarks == [f"{tmp_path / 'new'}: {said}"]
    after = loaded.state_dict()
    errors = {name: np.abs(after[name] - array) for name, array in before.items()}
    where = max(errors, key=lambda name: errors[name].max())
    row = errors[where].max(axis=1).argmax()
    assert written.where == where and written.largest_error == errors[where].max() > 0
    assert written.largest_weight == np.abs(before[where][row]).max()


def test_a_model_of_zeros_loses_nothing(model, tmp_path):
    model.params = tree_map(np.zeros_like, model.params)
    written = save_quantized(model, tmp_path / "new")
    assert (written.largest_error, written.largest_weight) == (0, 0)
    assert written.where in model.state_dict()


def test_what_exists_stays(model, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("folder", "link"):
        with pytest.raises(ValueError, match=f"{name} exists already; it stays as it is: remove"):
            save_quantized(model, tmp_path / name)
    assert not list((tmp_path / "folder").iterdir()) and (tmp_path / "link").is_symlink()


def test_a_folder_that_cannot_be_named_leaves_nothing(model, tmp_path, monkeypatch):
    def fails(before, after):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(quantized.os, "rename", fails)
    with pytest.raises(ValueError, match="new cannot be written: No space left on device"):
        save_quantized(model, tmp_path / "new")
    assert not list(tmp_path.iterdir())
