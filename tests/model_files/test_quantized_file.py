"""Files of 8-bit weights: what is in them, what is read, and what is refused."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from albert_np.model_files.quantized_file import open_quantized, quantized_tensors
from albert_np.model_files.safetensors_file import open_safetensors
from albert_np.model_files.stored_tensor import as_floats


@pytest.fixture
def tensors(rng):
    return {"a.weight": rng.standard_normal((4, 6)).astype(np.float32),
            "a.bias": rng.standard_normal(4).astype(np.float32),
            "zero.weight": np.zeros((2, 3), np.float32),
            "a.scale": rng.standard_normal(2).astype(np.float32)}     # a vector that is called so


def test_matrices_have_8_bits_and_vectors_stay(tensors, tmp_path):
    stored = quantized_tensors(tensors)
    save_file(stored, tmp_path / "file")
    raw = open_safetensors(tmp_path / "file")
    assert {name: tensor.dtype for name, tensor in raw.items()} == {
        "a.weight": "I8", "a.weight.scale": "F32", "zero.weight": "I8", "zero.weight.scale": "F32",
        "a.bias": "F32", "a.scale": "F32"}
    found = {name: as_floats(tensor) for name, tensor in open_quantized(tmp_path / "file").items()}
    assert set(found) == set(tensors)
    for name, array in tensors.items():
        assert found[name].dtype == np.float32 and found[name].shape == array.shape
        if array.ndim == 1:
            assert (found[name] == array).all()
    rows = np.abs(tensors["a.weight"]).max(axis=1, keepdims=True)
    errors = np.abs(found["a.weight"] - tensors["a.weight"])
    assert (errors <= rows / 254 * 1.0001).all() and errors.max() > 0
    assert not found["zero.weight"].any()


def test_quantising_twice_changes_nothing(tensors):
    once = quantized_tensors(tensors)
    floats = {"a.weight": once["a.weight"] * once["a.weight.scale"][:, None]}
    twice = quantized_tensors(floats)
    assert (twice["a.weight"] == once["a.weight"]).all()


def test_numbers_that_have_no_code_are_named(tensors):
    tensors["a.weight"][1, 1] = np.nan
    with pytest.raises(ValueError, match=r"^a\.weight: an entry is NaN or infinite"):
        quantized_tensors(tensors)


@pytest.mark.parametrize("scale", [None, np.ones(5, np.float32), np.ones(4),
                                   np.ones((4, 1), np.float32)])
def test_a_matrix_without_its_scales_is_named(tensors, tmp_path, scale):
    stored = quantized_tensors(tensors)
    del stored["a.weight.scale"]
    save_file(stored | ({} if scale is None else {"a.weight.scale": scale}), tmp_path / "file")
    with pytest.raises(ValueError, match=r"file: a\.weight is in 8 bits and needs a float32 scale "
                                         r"for each of its rows"):
        open_quantized(tmp_path / "file")


def test_a_vector_of_integers_is_refused(tmp_path):
    save_file({"b": np.ones(3, np.int8), "b.scale": np.ones(3, np.float32)}, tmp_path / "file")
    with pytest.raises(ValueError, match="b is in 8 bits"):
        open_quantized(tmp_path / "file")


def test_a_damaged_file_is_named_once(tmp_path):
    (tmp_path / "file").write_bytes(b"no header")
    with pytest.raises(ValueError) as caught:
        open_quantized(tmp_path / "file")
    assert str(caught.value).count(str(tmp_path / "file")) == 1
