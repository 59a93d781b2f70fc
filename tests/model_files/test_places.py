"""Where models are found: folders, shards, the hub's cache, pickles, the original's checkpoints."""

import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from albert_np import AlbertConfig, AlbertForPreTraining, AlbertModel
from albert_np.inference import load
from albert_np.model_files import hub
from albert_np.parameters.published_names import name_table
from albert_np.text import AlbertTokenizer

INDEX = "model.safetensors.index.json"


def shard(folder, places=None):
    """Cut the weights of a folder into two files with an index."""
    from safetensors.numpy import save_file

    tensors = folder.tensors()
    names = sorted(tensors)
    files = {"model-00001-of-00002.safetensors": names[:10],
             "model-00002-of-00002.safetensors": names[10:]}
    for file, own in files.items():
        save_file({name: tensors[name] for name in own}, folder.path / file)
    folder.weights.unlink()
    weight_map = {name: file for file, own in files.items() for name in own}
    (folder.path / INDEX).write_text(json.dumps({"metadata": {"total_size": 7},
                                                 "weight_map": {**weight_map, **(places or {})}}))


def test_sharded_weights(folder, small_model, same):
    shard(folder)
    model = AlbertForPreTraining.from_pretrained(folder.path)
    same(model, small_model)
    assert not model.load_report.initialised


@pytest.mark.parametrize("places, error, message", [
    ({"x": "model-00003-of-00002.safetensors"}, FileNotFoundError,
     "names files that are not there: model-00003-of-00002.safetensors"),
    ({"x": "../model.safetensors"}, ValueError, "it may only name safetensors files in its own"),
    ({"x": "/etc/model.safetensors"}, ValueError, "it may only name safetensors files in its own"),
    ({"x": "..\\model.safetensors"}, ValueError, "it may only name safetensors files in its own"),
    ({"x": "sub/model.safetensors"}, ValueError, "it may only name safetensors files in its own"),
    ({"x": "config.json"}, ValueError, "it may only name safetensors files in its own"),
    ({"x": ""}, ValueError, "it may only name safetensors files in its own"),
    ({"x": "m" * 999 + ".safetensors"}, FileNotFoundError, "names files that are not there: mmm"),
    ({"x": 3}, ValueError, "has no weight_map from names of tensors to names of files"),
    ({"x": "model-00001-of-00002.safetensors"}, ValueError, "the tensor 'x' is in .* does not")])
def test_indices_that_mislead(folder, places, error, message):
    shard(folder, places)
    with pytest.raises(error, match=message):
        AlbertForPreTraining.from_pretrained(folder.path)


def test_the_first_twenty_missing_shards_are_named(folder):
    shard(folder, {f"x{i}": f"{i:02}.safetensors" for i in range(22)})
    with pytest.raises(FileNotFoundError) as error:
        AlbertForPreTraining.from_pretrained(folder.path)
    assert str(error.value).endswith("not there: " + ", ".join(
        f"{i:02}.safetensors" for i in range(20)) + ".")


@pytest.mark.parametrize("text, message", [
    ("{}", "has no weight_map"), ("[]", "must hold a JSON object"), ("{", "is not JSON"),
    ('{"weight_map": []}', "has no weight_map"), (" " * 3_000_000, "has 3000000 bytes")])
def test_files_that_are_no_index(folder, text, message):
    shard(folder)
    (folder.path / INDEX).write_text(text)
    with pytest.raises(ValueError, match=message):
        AlbertForPreTraining.from_pretrained(folder.path)


def test_the_cache_of_the_hub(folder, small_model, same):
    """Snapshots are folders of links to the files, which have their digests for names."""
    cache = folder.path.parent / "models--albert--albert-tiny"
    for revision in ("0a1b", "2c3d"):
        (cache / "snapshots" / revision).mkdir(parents=True)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("2c3d\n")
    (cache / "blobs").mkdir()
    for digest, file in (("f00", folder.configuration), ("f01", folder.weights)):
        file.rename(cache / "blobs" / digest)
        (cache / "snapshots" / "2c3d" / file.name).symlink_to(f"../../blobs/{digest}")
    for place in (cache, cache / "snapshots" / "2c3d", str(cache)):
        same(AlbertForPreTraining.from_pretrained(place), small_model)

    (folder.path.parent / "elsewhere").mkdir()
    (cache / "refs" / "main").write_text("../../elsewhere")          # nothing leads out of it
    with pytest.raises(FileNotFoundError, match="holds 2 snapshots and no refs/main says which"):
        AlbertForPreTraining.from_pretrained(cache)
    (cache / "snapshots" / "0a1b").rmdir()
    same(AlbertForPreTraining.from_pretrained(cache), small_model)   # the only one


def test_names_go_to_the_hub(folder, small_model, same, monkeypatch):
    asked = []
    monkeypatch.setattr(hub, "find_folder",
                        lambda name, weights: asked.append((name, weights)) or folder.path)
    for name in ("albert/albert-tiny", "albert-base-v2"):
        same(AlbertForPreTraining.from_pretrained(name), small_model)
    assert AlbertConfig.from_pretrained("albert/albert-tiny") == small_model.config
    assert asked == [("albert/albert-tiny", True), ("albert-base-v2", True),
                     ("albert/albert-tiny", False)]          # a configuration needs no weights


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "a/b/c", "../x", "a b",
                                  "~nobody/x", "a" * 5000 + "/b/c", "a\0b"])
def test_paths_do_not_go_to_the_hub(name):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        AlbertModel.from_pretrained(name)


@pytest.mark.parametrize("typed, near", [
    ("hfclss", "hfclass"), ("runs/spm", "runs/spam"), ("./hfclas", "hfclass"),
    ("albert-base", "albert-base-v2"), ("albert-xlarge-v3", "albert-xlarge-v2"),
    ("nothing-like-that", None), ("runs/nothing-like-that", None)])
def test_a_mistyped_folder_is_told_first(tmp_path, monkeypatch, typed, near):
    """The sentence gives the nearest name first, and then what the hub says."""
    monkeypatch.chdir(tmp_path)
    for name in ("hfclass", "runs/spam"):
        (tmp_path / name).mkdir(parents=True)

    def unreachable(name, weights):
        raise ConnectionError(f"The hub has no {name}.")

    monkeypatch.setattr(hub, "find_folder", unreachable)
    with pytest.raises((FileNotFoundError, ConnectionError)) as error:
        AlbertModel.from_pretrained(typed)
    first = f"There is no folder {Path(typed)}" + (f"; did you mean {near}?" if near else ".")
    behind = "" if typed[0] == "." else f" As a name on the hub: The hub has no {typed}."
    assert str(error.value) == first + behind


def test_a_published_name_is_no_mistyped_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "albert-base-v1").mkdir()
    for name in ("albert-base-v2", "albert/albert-base-v2"):
        with monkeypatch.context() as patch, pytest.raises(ConnectionError, match="^no net$"):
            patch.setattr(hub, "find_folder", unreachable_hub)
            AlbertModel.from_pretrained(name)


def unreachable_hub(name, weights):
    raise ConnectionError("no net")


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin", "config.json",
                                  "spiece.model"])
def test_a_pointer_of_git_lfs_is_called_that(tmp_path, small_model, inference_folder, name):
    for path in inference_folder.iterdir():
        if not (name == "pytorch_model.bin" and path.suffix == ".safetensors"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes(b"version https://git-lfs.github.com/spec/v1\n"
                                  b"oid sha256:" + b"0" * 64 + b"\nsize 47372894\n")
    with pytest.raises(ValueError) as error:
        load(tmp_path)
    assert str(error.value) == (
        f"{tmp_path / name} is a Git LFS pointer, a few lines in the place of the file; in its "
        f"folder, git lfs pull fetches the file.")


def test_what_is_no_folder_of_a_model(folder, tmp_path):
    with pytest.raises(ValueError, match="is a file; give the folder that it is in"):
        AlbertModel.from_pretrained(folder.weights)
    with pytest.raises(FileNotFoundError, match="There are no weights in .*: neither model.safet"):
        AlbertModel.from_pretrained(tmp_path)
    with pytest.raises(ValueError, match="named by a str or a Path, not by None"):
        AlbertModel.from_pretrained(None)
    with pytest.raises(ValueError, match="the name of a model is empty; give a folder"):
        AlbertModel.from_pretrained("")
    folder.configuration.unlink()
    with pytest.raises(FileNotFoundError, match="There is no configuration file"):
        AlbertModel.from_pretrained(folder.path)


def test_the_folder_of_a_run(tmp_path, small_model, same):
    small_model.save_pretrained(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    same(AlbertForPreTraining.from_pretrained(str(tmp_path)), small_model)


# ---- pickles -------------------------------------------------------------------------------------

def test_a_pickle_of_weights(folder, small_model, same):
    torch = pytest.importorskip("torch")
    tensors = {name: torch.tensor(a) for name, a in folder.tensors().items()}
    half = "albert.pooler.weight"
    tensors[half] = tensors[half].to(torch.bfloat16)
    folder.weights.unlink()
    torch.save(tensors, folder.path / "pytorch_model.bin")
    model = AlbertForPreTraining.from_pretrained(folder.path)
    same(model, small_model, but=["pooler.W"])
    np.testing.assert_array_equal(model.params["pooler"]["W"], tensors[half].float().numpy().T)
    assert model.load_report.converted == {"bfloat16 to float32": 1}


def test_a_pickle_that_would_run_something(folder):
    torch = pytest.importorskip("torch")

    class Trap:
        def __reduce__(self):
            return (exec, (f"open({str(folder.path / 'sprung')!r}, 'w')",))

    folder.weights.unlink()
    for content in ({"a": Trap()}, [torch.ones(2)], {"a": 3}):
        torch.save(content, folder.path / "pytorch_model.bin")
        with pytest.raises(ValueError, match="cannot be read as weights alone|holds no dictionary"):
            AlbertForPreTraining.from_pretrained(folder.path)
    assert not (folder.path / "sprung").exists()


def test_a_pickle_without_pytorch(folder, monkeypatch):
    folder.weights.rename(folder.path / "pytorch_model.bin")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match=r"is a pickle.*[.]save_pretrained\(new_folder\)"):
        AlbertForPreTraining.from_pretrained(folder.path)


# ---- the original's checkpoints ------------------------------------------------------------------

@pytest.fixture
def original(folder, small_model, monkeypatch):
    """The folder as the original code would have left it; the reader of its files is a stand-in."""
    state, variables = small_model.state_dict(), {"global_step": np.array(7)}
    for name in name_table(small_model.config):
        if name.hugging_face in state and name.component not in ("classification_head",):
            array = state[name.hugging_face]
            if name.transposed == "HF":
                array = array.T
            variables[name.original] = array
            variables[name.original + "/adam_m"] = np.zeros(3, np.float32)
    values = json.loads(folder.configuration.read_text())
    values = {key: value for key, value in values.items()
              if key not in ("model_type", "architectures", "sharing", "pad_token_id")}
    (folder.path / "albert_config.json").write_text(json.dumps({**values, "hidden_act": "gelu"}))
    folder.configuration.unlink()
    folder.weights.unlink()
    for step in ("best", "100", "20"):
        (folder.path / f"model.ckpt-{step}.index").touch()
    read = types.ModuleType("albert_np.model_files.tensorflow.reader")
    read.read = []
    read.read_tensorflow = lambda prefix: read.read.append(prefix) or variables
    monkeypatch.setitem(sys.modules, "albert_np.model_files.tensorflow.reader", read)
    return folder.path, variables, read.read


def test_an_original_checkpoint(original, small_model, same):
    path, variables, read = original
    model = AlbertForPreTraining.from_pretrained(path)
    same(model, small_model)
    assert not model.load_report.initialised and not model.load_report.unused
    assert model.config.hidden_act == "gelu_new"
    assert "means the tanh form" in str(model.load_report)
    assert read == [path / "model.ckpt-best"]
    (path / "model.ckpt-best.index").unlink()
    AlbertForPreTraining.from_pretrained(path)
    assert read[-1] == path / "model.ckpt-100"               # the later one, not the last by name
    assert AlbertConfig.from_pretrained(path).hidden_act == "gelu_new"


def test_a_module_of_tensorflow_hub_without_sentence_order(original, small_model, same):
    path, variables, _ = original
    for name in list(variables):
        variables["module/" + name] = variables.pop(name)
    del variables["module/cls/seq_relationship/output_weights"]
    del variables["module/cls/seq_relationship/output_bias"]
    variables["module/bert/extra"] = np.zeros(2, np.float32)
    model = AlbertForPreTraining.from_pretrained(path)
    same(model, small_model, but=["sop_head.W", "sop_head.b"])
    assert model.load_report.initialised == ["sop_classifier.classifier.weight",
                                             "sop_classifier.classifier.bias"]
    assert model.load_report.unused == ["module/bert/extra"]


# ---- memory-mapped -------------------------------------------------------------------------------

def test_memory_mapped_weights(folder, small_model, same):
    model = AlbertForPreTraining.from_pretrained(folder.path, memory_map=True)
    same(model, small_model)
    word = model.params["embeddings"]["word"]
    assert not word.flags.owndata
    word += 1                                                # of this model alone
    same(AlbertForPreTraining.from_pretrained(folder.path), small_model)
    wide = AlbertForPreTraining.from_pretrained(folder.path, dtype=np.float64, memory_map=True)
    assert wide.params["embeddings"]["word"].dtype == np.float64
    ids = np.arange(8)[None]
    small_model.forward(ids)


def test_memory_mapped_weights_give_the_same_numbers(folder, small_model):
    ids = np.arange(8).reshape(2, 4)
    mapped = AlbertForPreTraining.from_pretrained(folder.path, memory_map=True)
    expected, _ = small_model.forward(ids)
    output, _ = mapped.forward(ids)
    np.testing.assert_allclose(output.prediction_logits, expected.prediction_logits, rtol=1e-5,
                               atol=1e-5)


# ---- writing -------------------------------------------------------------------------------------

def test_saving_is_whole_or_not_at_all(folder, small_model, monkeypatch, same):
    """The configuration fails after the weights were written: neither is changed."""
    from albert_np.files import whole_files as files

    other = AlbertForPreTraining(AlbertConfig(vocab_size=9, embedding_size=3, hidden_size=4,
                                              num_attention_heads=2, intermediate_size=5))
    real = files.write_and_flush

    def full(path, data):
        if "config" in path.name:
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(files, "write_and_flush", full)
    with pytest.raises(ValueError, match="config.json cannot be written: No space left on device"):
        other.save_pretrained(folder.path)
    assert sorted(p.name for p in folder.path.iterdir()) == ["config.json", "model.safetensors"]
    same(AlbertForPreTraining.from_pretrained(folder.path), small_model)


def test_tokenizer_and_model_in_one_folder(tmp_path, small_model, data_folder):
    tokenizer = AlbertTokenizer(data_folder / "spiece.model", keep_accents=True)
    small_model.save_pretrained(tmp_path, tokenizer)
    again = AlbertTokenizer.from_pretrained(tmp_path)
    assert again.keep_accents and again.pieces == tokenizer.pieces
    (tmp_path / "spiece.model").rename(tmp_path / "30k-clean.model")         # as the original says
    assert AlbertTokenizer.from_pretrained(tmp_path).pieces == tokenizer.pieces
    small_model.config.save_pretrained(tmp_path / "config")
    assert AlbertConfig.from_pretrained(tmp_path / "config") == small_model.config
