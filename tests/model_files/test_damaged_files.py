"""5,000 damaged files, of which none may end the interpreter, hang, or fill the memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from albert_np.config import AlbertConfig
from albert_np.models import AlbertForPreTraining
from albert_np.text import AlbertTokenizer, train_tokenizer

DAMAGED = "is not a SentencePiece model, or a damaged one"
HERE = Path(__file__).parent
SHARES = {"weights": 2, "config": 1, "index": 0.5, "tokenizer": 1.5}      # of all cases, in fifths


@pytest.fixture(scope="module")
def whole_folder(tmp_path_factory, embedded):
    """A small model with its tokenizer, and an index as for sharded weights."""
    folder = tmp_path_factory.mktemp("whole") / "model"
    sentences = [sentence for document in embedded for sentence in document][:400]
    train_tokenizer(sentences, 150, folder / "spiece.model")
    tokenizer = AlbertTokenizer(folder / "spiece.model")
    config = AlbertConfig(vocab_size=tokenizer.vocab_size, embedding_size=6, hidden_size=12,
                          num_hidden_layers=2, num_attention_heads=3, intermediate_size=17,
                          max_position_embeddings=9)
    model = AlbertForPreTraining(config)
    model.save_pretrained(folder, tokenizer)
    index = {"weight_map": {name: "model-1.safetensors" for name in model.state_dict()}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def run(folder, kind, cases):
    # NumPy's own linear algebra would reserve memory for each thread.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-W", "error", HERE / "damage.py", folder, kind, "0",
                           str(cases)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, (f"ended with {done.returncode}; the last case was\n"
                                  + done.stderr[-3000:])
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SHARES)
def test_200_damaged_files(whole_folder, kind):
    cases = int(40 * SHARES[kind])
    refused = run(whole_folder, kind, cases)
    assert cases / 4 < refused <= cases      # numbers of a weight may change without anyone knowing


@pytest.mark.thorough
@pytest.mark.parametrize("kind", SHARES)
def test_5000_damaged_files(whole_folder, kind):
    cases = int(1000 * SHARES[kind])
    assert cases / 4 < run(whole_folder, kind, cases) <= cases


def test_the_memory_limit_is_noticed(tmp_path):
    """The limit that the cases run under would stop an array of 200 MB."""
    code = ("import sys; sys.path.insert(0, sys.argv[1])\n"
            "import resource, numpy as np, damage\n"
            "limit = damage.virtual_memory() + damage.MEMORY\n"
            "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
            "np.zeros(2 * damage.MEMORY, np.uint8)")
    done = subprocess.run([sys.executable, "-c", code, HERE], capture_output=True, text=True)
    assert done.returncode == 1 and "Unable to allocate" in done.stderr


@pytest.mark.parametrize("text, reason", [
    (b"\0", "must not include null"), (b"\0a", "must not include null"),
    (b"a\0", "must not include null"), (b"", "must not be empty"), (b"\xff", "is not UTF-8")])
def test_a_piece_that_is_no_text(whole_folder, tmp_path, text, reason):
    """From which the library could not build its index before version 0.2.2."""
    data = (whole_folder / "spiece.model").read_bytes()
    begin = data.index(b"[MASK]") - 4               # tag and length, twice
    end = begin + 2 + data[begin + 1]
    inner = b"\x0a" + bytes([len(text)]) + text + data[begin + 4 + len("[MASK]"):end]
    (tmp_path / "spiece.model").write_bytes(data[:begin] + b"\x0a" + bytes([len(inner)]) + inner
                                            + data[end:])
    with pytest.raises(ValueError, match=f"spiece.model {DAMAGED}: .* {reason}"):
        AlbertTokenizer.from_folder(tmp_path)


def table_of(data):
    """Where the trie of the normalisation table begins and ends; the texts follow it."""
    begin = data.index(b"nmt_nfkc") + len("nmt_nfkc") + 1 + 3     # its tag and its length
    size = int.from_bytes(data[begin:begin + 4], "little")
    return begin + 4, begin + 4 + size


def test_a_normalisation_table_that_points_outside_of_itself(whole_folder, tmp_path):
    """Before version 0.2.2 the library followed it, and the interpreter ended."""
    data = bytearray((whole_folder / "spiece.model").read_bytes())
    begin, end = table_of(data)
    trie = np.frombuffer(data[begin:end], "<u4").copy()
    assert trie[0] >> 31 == 0
    trie[0] |= np.uint32(0x7FFFFC00)                   # the children of the root: far away
    data[begin:end] = trie.tobytes()
    (tmp_path / "spiece.model").write_bytes(data)
    with pytest.raises(ValueError, match=f"spiece.model {DAMAGED}: .*charsmap is invalid"):
        AlbertTokenizer.from_folder(tmp_path)


@pytest.mark.parametrize("method", ["tokenize", "tokenize_with_offsets"])
def test_a_normalisation_table_whose_texts_are_not_utf8(whole_folder, tmp_path, method):
    """The library notices when a text leads there, and then the sentence names the file."""
    data = bytearray((whole_folder / "spiece.model").read_bytes())
    _, end = table_of(data)
    data[data.index("\0한\0".encode(), end) + 1] = 0xFF      # to which its parts are put together
    (tmp_path / "spiece.model").write_bytes(data)
    tokenizer = AlbertTokenizer.from_folder(tmp_path)
    with pytest.raises(ValueError, match=f"spiece.model {DAMAGED}: some of its text is not UTF-8"):
        getattr(tokenizer, method)("한국")
    assert tokenizer.tokenize("a") and tokenizer.encode_batch(["한국"])[0]


def test_an_empty_model(tmp_path):
    (tmp_path / "spiece.model").write_bytes(b"")
    with pytest.raises(ValueError, match=f"spiece.model {DAMAGED}: it is empty."):
        AlbertTokenizer.from_folder(tmp_path)
