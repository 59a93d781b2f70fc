"""Models by name, from a small hub on localhost through the real library."""

import contextlib
import errno
import json
import os
import socket
import subprocess
import sys
import textwrap
import time
import types

import numpy as np
import pytest
from small_hub import COMMIT, SmallHub

from albert_np import AlbertConfig, AlbertForPreTraining
from albert_np.inference import load_model
from albert_np.model_files.hub import find_folder

huggingface_hub = pytest.importorskip("huggingface_hub")
constants = pytest.importorskip("huggingface_hub.constants")
file_download = pytest.importorskip("huggingface_hub.file_download")

CONFIG = AlbertConfig(vocab_size=30, embedding_size=4, hidden_size=6, num_hidden_layers=2,
                      num_attention_heads=2, intermediate_size=8, max_position_embeddings=8)


@pytest.fixture
def hub(tmp_path):
    """A hub with "albert/albert-base-v2", which is in truth a very small one."""
    AlbertForPreTraining(CONFIG, seed=3).save_pretrained(tmp_path / "made")
    files = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    hub = SmallHub()
    hub.models["albert/albert-base-v2"] = {
        **files, "spiece.model": b"pieces", "tokenizer_config.json": b"{ }",
        "tf_model.h5": b"not wanted", "README.md": b"neither", "pytorch_model.bin": b"nor this"}
    return hub


@pytest.fixture
def library(monkeypatch, tmp_path):
    """The library's settings, which it has read from the environment when it was imported."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # Between two attempts the library waits for some seconds.
    monkeypatch.setattr(time, "sleep", lambda seconds: None)

    def use(endpoint):
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE",
                            endpoint + "/{repo_id}/resolve/{revision}/{filename}")

    return types.SimpleNamespace(use=use, cache=tmp_path / "cache")


@pytest.fixture(scope="module", autouse=True)
def one_session():
    """The library keeps one session, with its connections, for all tests."""
    yield
    huggingface_hub.close_session()


@pytest.fixture
def served(hub, library):
    """The hub, being served, and the library set to its address."""
    with hub.serving() as endpoint:
        library.use(endpoint)
        hub.endpoint = endpoint
        yield hub


def refusal(kind, *arguments, **options):
    """The one sentence of an error."""
    with pytest.raises(kind) as caught:
        find_folder(*arguments, **options)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- what is fetched ----------------------------------------------------------------------------

def test_by_its_bare_name_only_what_is_needed(served):
    folder = find_folder("albert-base-v2")
    assert folder.name == COMMIT
    assert served.fetched() == ["config.json", "spiece.model", "tokenizer_config.json",
                                "model.safetensors"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(served.fetched())
    expected = AlbertForPreTraining(CONFIG, seed=3).state_dict()
    for name, array in load_model(folder).state_dict().items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_the_second_time_one_question_and_no_file(served):
    first = find_folder("albert-base-v2")
    served.requests.clear()
    assert find_folder("albert/albert-base-v2") == first
    assert served.fetched() == [] and len(served.requests) == 2
    served.requests.clear()
    find_folder("albert-base-v2", revision=COMMIT)
    assert len(served.requests) == 1


def test_without_weights(served):
    folder = find_folder("albert-base-v2", weights=False)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "spiece.model",
                                                              "tokenizer_config.json"]


def test_a_model_without_tokenizer(served):
    model = served.models["albert/albert-base-v2"]
    del model["spiece.model"], model["tokenizer_config.json"]
    folder = find_folder("albert-base-v2")
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_the_vocabulary_of_wordpiece(served):
    """It is asked for only if there is no SentencePiece model."""
    model = served.models["albert/albert-base-v2"]
    model["vocab.txt"] = b"[PAD]"
    assert not (find_folder("albert-base-v2", weights=False) / "vocab.txt").exists()
    served.models["someone/chinese"] = {name: data for name, data in model.items()
                                        if name != "spiece.model"}
    assert (find_folder("someone/chinese") / "vocab.txt").read_bytes() == b"[PAD]"


def test_shards(served):
    model = served.models["albert/albert-base-v2"]
    model["one.safetensors"] = model.pop("model.safetensors")
    model["two.safetensors"] = b"2"
    model["model.safetensors.index.json"] = json.dumps({"weight_map": {
        "a": "one.safetensors", "b": "two.safetensors", "c": "one.safetensors"}}).encode()
    folder = find_folder("albert-base-v2")
    assert served.fetched()[3:] == ["model.safetensors.index.json", "one.safetensors",
                                    "two.safetensors"]
    assert (folder / "two.safetensors").read_bytes() == b"2"


@pytest.mark.parametrize("index", [b"{", b"[]", b"{}", b'{"weight_map": {"a": 1}}',
                                   b'{"weight_map": {"a": "../../x.safetensors"}}',
                                   b'{"weight_map": ' + b"[" * 100_000])
def test_of_a_bad_index_nothing_is_fetched(served, index):
    """Whoever opens it says what is wrong with it."""
    model = served.models["albert/albert-base-v2"]
    del model["model.safetensors"]
    model["model.safetensors.index.json"] = index
    assert (find_folder("albert-base-v2") / "model.safetensors.index.json").read_bytes() == index
    assert served.fetched()[-1] == "model.safetensors.index.json"


def test_pickled_weights_only_where_there_are_no_others(served):
    del served.models["albert/albert-base-v2"]["model.safetensors"]
    assert (find_folder("albert-base-v2") / "pytorch_model.bin").read_bytes() == b"nor this"


# ---- the environment's variables, in a process of its own ---------------------------------------

def test_the_second_load_is_offline(hub, tmp_path):
    """HF_ENDPOINT and HF_HOME at the first, HF_HUB_OFFLINE and no server at the second."""
    load = textwrap.dedent("""
        from albert_np.inference import load_model
        from albert_np.model_files.hub import find_folder
        print(load_model(find_folder("albert-base-v2")).params["sop_head"]["W"].sum())
        """)

    def run(**variables):
        environment = {"PATH": os.environ["PATH"], "HF_HOME": str(tmp_path / "home"),
                       "PYTHONPATH": os.pathsep.join(sys.path), "HF_HUB_DISABLE_XET": "1",
                       **variables}
        done = subprocess.run([sys.executable, "-c", load], env=environment, text=True,
                              capture_output=True)
        assert done.returncode == 0, done.stderr
        return float(done.stdout)

    with hub.serving() as endpoint:
        first = run(HF_ENDPOINT=endpoint)
    asked = len(hub.requests)
    assert hub.fetched()[-1] == "model.safetensors"
    second = run(HF_ENDPOINT=endpoint, HF_HUB_OFFLINE="1")
    expected = AlbertForPreTraining(CONFIG, seed=3).params["sop_head"]["W"].sum()
    assert first == second == pytest.approx(float(expected))
    assert len(hub.requests) == asked


# ---- when it does not work ----------------------------------------------------------------------

def test_when_the_hub_is_away_the_cache_has_to_do(hub, library):
    with hub.serving() as endpoint:
        library.use(endpoint)
        folder = find_folder("albert-base-v2")
    assert find_folder("albert-base-v2") == folder
    assert find_folder("albert-base-v2", revision=COMMIT) == folder


@pytest.mark.parametrize("status", [500, 503, 401, 403])
def test_when_the_hub_refuses_the_cache_has_to_do(served, status):
    folder = find_folder("albert-base-v2")
    served.status = status
    assert find_folder("albert-base-v2") == folder


@pytest.mark.parametrize("chunk, spans", [
    (100, [None, "bytes=1000-", "bytes=1500-"]),     # what came in whole chunks is kept
    (10_000, [None, None, None])])
def test_a_broken_download_goes_on_or_begins_again(served, monkeypatch, chunk, spans):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", chunk)
    served.broken["model.safetensors"] = [1000, 500]
    with contextlib.suppress(ConnectionError):       # library 1.0 waits to be asked again
        find_folder("albert-base-v2")
    with contextlib.suppress(ConnectionError):
        find_folder("albert-base-v2")
    folder = find_folder("albert-base-v2")
    model = served.models["albert/albert-base-v2"]
    assert (folder / "model.safetensors").read_bytes() == model["model.safetensors"]
    assert [span for method, path, span in served.requests
            if method == "GET" and path.endswith("model.safetensors")] == spans


def test_a_download_that_breaks_for_good_leaves_nothing_half(served):
    """And the next attempt fetches it whole."""
    served.broken["model.safetensors"] = [700] + [0] * 50
    sentence = refusal(ConnectionError, "albert-base-v2")
    assert sentence.startswith("model.safetensors of albert/albert-base-v2 cannot be fetched from "
                               f"{served.endpoint} (")
    served.broken.clear()
    folder = find_folder("albert-base-v2")
    assert load_model(folder).config == CONFIG


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_another_checksum(served, name):
    data = served.models["albert/albert-base-v2"][name]
    served.wrong[name] = bytes([data[0] ^ 1]) + data[1:]
    assert refusal(ValueError, "albert-base-v2") == (
        f"{name} of albert/albert-base-v2 came from {served.endpoint} with another checksum than "
        f"it should have; it was removed, so try again")
    served.wrong.clear()
    assert (find_folder("albert-base-v2") / name).read_bytes() == data


def test_no_such_model(served):
    assert refusal(FileNotFoundError, "someone/something") == (
        "There is neither a folder someone/something here nor a model of that name at "
        f"{served.endpoint}; for a private one, set HF_TOKEN.")


def test_no_such_revision(served):
    assert refusal(FileNotFoundError, "albert-base-v2", revision="other") == (
        f"The model albert/albert-base-v2 at {served.endpoint} has no revision 'other'.")


def test_gated(served):
    served.gated.add("someone/gated")
    assert refusal(ValueError, "someone/gated") == (
        "The model someone/gated is only for those who have agreed to its conditions: do that at "
        f"{served.endpoint}/someone/gated, then set HF_TOKEN to a token of yours")


def test_an_impossible_name(served):
    assert refusal(ValueError, "a/b/c") == (
        "'a/b/c' is neither a folder here nor a possible name of a model on the hub, which look "
        "like albert/albert-base-v2")
    assert served.requests == []


@pytest.mark.parametrize("missing, said", [
    (["config.json"], "has no file config.json."),
    (["model.safetensors", "pytorch_model.bin"],
     "has neither model.safetensors nor model.safetensors.index.json nor pytorch_model.bin.")])
def test_files_that_a_model_needs(served, missing, said):
    for name in missing:
        del served.models["albert/albert-base-v2"][name]
    assert refusal(FileNotFoundError, "albert-base-v2").endswith(said)


@pytest.mark.parametrize("status", [500, 403])
def test_a_hub_that_refuses(served, library, status):
    served.status = status
    assert refusal(ConnectionError, "albert-base-v2") == (
        f"{served.endpoint} does not give config.json of albert/albert-base-v2: it answers with "
        f"the status {status}, and the file is not in the cache, {library.cache}.")


def test_no_network(library):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    library.use(f"http://127.0.0.1:{port}")
    sentence = refusal(ConnectionError, "albert-base-v2")
    assert sentence.startswith("config.json of albert/albert-base-v2 cannot be fetched from "
                               f"http://127.0.0.1:{port} (")
    assert sentence.endswith(f", and is not in the cache, {library.cache}.")


def test_the_network_goes_away_in_between(served):
    """Not to be taken for a model without weights."""
    answer = served.answer

    def until_the_weights(handler):
        if handler.path.endswith("model.safetensors"):
            served.status = 500
        answer(handler)

    served.answer = until_the_weights
    sentence = refusal(ConnectionError, "albert-base-v2")
    assert "model.safetensors of albert/albert-base-v2" in sentence and "status 500" in sentence


def test_offline_with_part_of_the_files(hub, library, monkeypatch):
    with hub.serving() as endpoint:
        library.use(endpoint)
        find_folder("albert-base-v2", weights=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert (find_folder("albert-base-v2", weights=False) / "config.json").is_file()
    assert refusal(FileNotFoundError, "albert-base-v2") == (
        f"model.safetensors of albert/albert-base-v2 is not in the cache, {library.cache}, and "
        f"HF_HUB_OFFLINE forbids to fetch it.")


def test_a_full_disk(served, library, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(file_download, "http_get", full)
    assert refusal(ValueError, "albert-base-v2") == (
        f"config.json of albert/albert-base-v2 cannot be kept in the cache, {library.cache}: "
        f"No space left on device")


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert refusal(ValueError, "albert-base-v2") == (
        "albert-base-v2 is not a folder here, and fetching a model from the hub needs "
        "huggingface_hub; install it with pip install huggingface_hub")
