"""Flat documents, and reading a prepared corpus: memory, order, and every fault."""

import json
import os
import shutil
import weakref
from itertools import islice

import numpy as np
import pytest

from albert_np.text import AlbertTokenizer, train_tokenizer
from albert_np.text.corpus.manifest import MANIFEST_NAME
from albert_np.text.corpus.prepare import prepare_corpus
from albert_np.text.corpus.prepared import PreparedCorpus, is_prepared
from albert_np.text.corpus.tokenized_documents import ITERATION_CHUNK, TokenizedDocuments


def as_lists(documents):
    return [[sentence.tolist() for sentence in document] for document in documents]


def random_lists(rng, count):
    return [[rng.integers(0, 60_000, int(rng.integers(1, 9))).tolist()
             for _ in range(int(rng.integers(1, 5)))] for _ in range(count)]


# ---- flat documents ------------------------------------------------------------------------------

@pytest.mark.parametrize("count", [0, 1, 5, 2 * ITERATION_CHUNK, 2 * ITERATION_CHUNK + 3])
@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_flat_documents_are_a_list_of_documents(rng, count, dtype):
    lists = random_lists(rng, count)
    flat = TokenizedDocuments.from_lists(lists, dtype)
    assert as_lists(flat) == lists and len(flat) == count
    assert as_lists(flat[i] for i in range(count)) == lists
    assert as_lists(flat[-i - 1] for i in range(count)) == lists[::-1]
    assert as_lists(flat[1:-1:2]) == lists[1:-1:2]
    assert flat.num_sentences == sum(map(len, lists))
    assert flat.num_pieces == sum(len(s) for d in lists for s in d) and flat.pieces.dtype == dtype
    for index in (count, -count - 1):
        with pytest.raises(IndexError):
            flat[index]


def test_flat_documents_leave_out_what_is_empty():
    flat = TokenizedDocuments.from_lists([[], [[], [1, 2], []], [[]], [[3], []]])
    assert as_lists(flat) == [[[1, 2]], [[3]]]
    assert repr(flat) == "TokenizedDocuments(2 documents, 2 sentences, 3 pieces)"


def test_sentences_are_views(rng):
    flat = TokenizedDocuments.from_lists(random_lists(rng, 4))
    for document in (*flat, flat[2]):
        assert all(np.shares_memory(sentence, flat.pieces) for sentence in document)


@pytest.mark.parametrize("arrays, sentence", [
    (([1, 2, 3], [1, 2], [2]), "sentence_ends ends at 2, but there are 3 pieces"),
    (([1, 2, 3], [1, 3], [1]), "document_ends ends at 1, but there are 2 sentences"),
    (([1, 2, 3], [2, 1, 3], [3]), "sentence_ends must rise"),
    (([1, 2, 3], [1, 1, 3], [3]), "sentence_ends must rise"),
    (([1, 2, 3], [0, 3], [2]), "sentence_ends must rise .* starting above 0"),
    (([1, 2, 3], [1, 2, 3], [-1, 3]), "document_ends must rise"),
    (([1, 2, 3], [3], []), "document_ends must be an array of integers"),
    (([1.0], [1], [1]), "pieces must be an array of integers with one axis, not float64 with 1"),
    (([[1]], [1], [1]), "pieces must be .* not int64 with 2"),
])
def test_ends_that_divide_nothing(arrays, sentence):
    with pytest.raises(ValueError, match=sentence):
        TokenizedDocuments(*map(np.array, arrays))


def test_flat_fingerprint(rng):
    lists = random_lists(rng, 50)
    prints = [TokenizedDocuments.from_lists(lists, dtype).fingerprint()
              for dtype in (np.uint16, np.int32, np.int64)]
    assert len(set(prints)) == 1 and len(prints[0]) == 64
    joined = [[lists[0][0], *lists[0][1:], *lists[1]], *lists[2:]]        # one border less
    changed = [*lists[:-1], [*lists[-1][:-1], [*lists[-1][-1][:-1], 60_001]]]
    assert len({TokenizedDocuments.from_lists(other).fingerprint()
                for other in (lists, joined, changed, lists[::-1])}) == 4


# ---- a prepared corpus ---------------------------------------------------------------------------

@pytest.fixture(scope="module")
def text_folder(tmp_path_factory, corpus):
    folder = tmp_path_factory.mktemp("texts")
    for number in range(3):
        part = corpus[number * 100:(number + 1) * 100]
        (folder / f"{number}.txt").write_text("\n\n".join(map("\n".join, part)), "utf-8")
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory, text_folder, small_model_file):
    folder = tmp_path_factory.mktemp("prepared") / "it"
    prepare_corpus(text_folder, folder, tokenizer=small_model_file, layout="lines", held_out=0.1,
                   shard_pieces=3000, processes=1, progress=False)
    return folder


@pytest.fixture
def folder(tmp_path, finished):
    """A copy to break."""
    return shutil.copytree(finished, tmp_path / "copy")


def change_manifest(folder, change):
    path = folder / MANIFEST_NAME
    manifest = json.loads(path.read_text())
    changed = change(manifest)
    path.write_text(json.dumps(manifest if changed is None else changed))


def test_what_it_holds(finished, small_tokenizer):
    prepared = PreparedCorpus(finished)
    assert prepared.tokenizer.pieces == small_tokenizer.pieces
    for shards, least in ((prepared.train, 3), (prepared.held_out, 1)):
        assert len(shards) >= least
        opened = list(shards)
        assert shards.documents == sum(map(len, opened))
        assert shards.sentences == sum(shard.num_sentences for shard in opened)
        assert shards.pieces == sum(shard.num_pieces for shard in opened)
        assert all(type(shard.pieces) is np.ndarray and shard.pieces.dtype == np.uint16
                   for shard in opened)
        assert all(not shard.pieces.flags.writeable for shard in opened)
        assert shards[:1].pieces == opened[0].num_pieces
        assert as_lists(shards[-1]) == as_lists(opened[-1])
    with pytest.raises(IndexError):
        prepared.train[len(prepared.train)]
    assert "documents" in repr(prepared)
    prepared.verify()
    prepared.check_sources()
    prepared.check_tokenizer(small_tokenizer)


def test_shuffled_documents(finished):
    train = PreparedCorpus(finished).train
    in_order = [np.concatenate(document).tolist() for shard in train for document in shard]
    first, again, other = (
        [np.concatenate(document).tolist()
         for document in train.shuffled_documents(np.random.default_rng(seed))]
        for seed in (0, 0, 1))
    assert first == again and first != other and first != in_order
    assert sorted(first) == sorted(other) == sorted(in_order)
    one_shard = [np.concatenate(document).tolist()
                 for document in train[:1].shuffled_documents(np.random.default_rng(0))]
    assert one_shard != in_order[:len(train[0])]
    assert sorted(one_shard) == sorted(in_order[:len(train[0])])
    shard_of = {str(document): number for number, shard in enumerate(train)
                for document in ([np.concatenate(d).tolist() for d in shard])}
    orders = [[shard_of[str(document)] for document in documents] for documents in (first, other)]
    for order in orders:
        assert np.count_nonzero(np.diff(order)) == len(train) - 1          # each is opened once
    assert len({str(list(dict.fromkeys(order))) for order in [*orders, range(len(train))]}) > 1


def test_shards_are_not_kept(finished):
    train = PreparedCorpus(finished).train
    shard = train[0]
    mapped = weakref.ref(shard.pieces.base)            # the memory map
    del shard
    assert mapped() is None
    held = [weakref.ref(np.concatenate(document)) for document in islice(
        train.shuffled_documents(np.random.default_rng(0)), 50)]
    assert not any(reference() is not None for reference in held)


def test_reading_opens_one_shard_at_a_time(finished, monkeypatch):
    """While documents are read, at most one shard is mapped."""
    alive = weakref.WeakSet()
    initialise = TokenizedDocuments.__init__

    def counted(self, *arrays):
        assert len(alive) <= 1, "an earlier shard is still open"
        initialise(self, *arrays)
        alive.add(self)

    monkeypatch.setattr(TokenizedDocuments, "__init__", counted)
    train = PreparedCorpus(finished).train
    assert sum(1 for _ in train.shuffled_documents(np.random.default_rng(0))) == train.documents


def test_fingerprint(tmp_path, finished, folder, text_folder, small_model_file):
    options = dict(tokenizer=small_model_file, layout="lines", shard_pieces=3000, processes=1,
                   progress=False)
    same = prepare_corpus(text_folder, tmp_path / "same", held_out=0.1, **options)
    other = prepare_corpus(text_folder, tmp_path / "other", held_out=0.2, **options)
    assert PreparedCorpus(finished).fingerprint == same.fingerprint != other.fingerprint
    assert same.train.fingerprint != other.train.fingerprint
    change_manifest(folder, lambda manifest: manifest.update(folder="/elsewhere"))
    assert PreparedCorpus(folder).fingerprint == same.fingerprint


def test_is_prepared(tmp_path, folder, text_folder):
    assert is_prepared(folder) and is_prepared(str(folder))
    assert not is_prepared(text_folder) and not is_prepared(tmp_path / "nothing")
    assert not is_prepared(folder / MANIFEST_NAME)
    (folder / MANIFEST_NAME).unlink()
    assert is_prepared(folder)                         # not finished: opening it says so


# ---- faults of files -----------------------------------------------------------------------------

FILES = ["train-00000.pieces.npy", "train-00001.sentences.npy", "held-out-00000.documents.npy"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_is_noticed_at_once(folder, name):
    size = (folder / name).stat().st_size
    for length in (size - 1, 0, size + 1):
        what = "is too long" if length > size else "is cut short"
        os.truncate(folder / name, length)
        with pytest.raises(ValueError, match=f"{name} {what}: it has {length:,} bytes of "
                                             f"{size:,}; prepare"):
            PreparedCorpus(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f"{name} is missing"):
        PreparedCorpus(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_found_by_verifying(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[-9] ^= 1
    (folder / name).write_bytes(data)
    prepared = PreparedCorpus(folder)
    with pytest.raises(ValueError, match=f"{name} is damaged: .* SHA-256 differs"):
        prepared.verify()


def test_damaged_arrays_are_noticed_on_opening(folder):
    prepared = PreparedCorpus(folder)
    pieces, sentences = folder / "train-00000.pieces.npy", folder / "train-00000.sentences.npy"
    whole = pieces.read_bytes()
    pieces.write_bytes(whole[:-1000] + b"\xff" * 1000)
    with pytest.raises(ValueError, match="train-00000 .* damaged: it holds the id 65535, and the "
                                         "vocabulary has 1000 pieces"):
        prepared.train[0]
    for data in (b"", b"PK\x03\x04" + bytes(500), b"not an array", whole[:60],
                 whole.replace(b"<u2", b"|O4", 1), whole.replace(b"<u2", b"<f2", 1),
                 whole.replace(b"(", b"[", 1), whole[:len(whole) // 2]):
        pieces.write_bytes(data)
        with pytest.raises(ValueError, match="train-00000.pieces.npy is damaged"):
            prepared.train[0]
    pieces.write_bytes(whole)
    array = np.load(sentences)
    array[3] = array[7]
    np.save(sentences, array)
    with pytest.raises(ValueError, match="shard train-00000 .* damaged: sentence_ends must rise"):
        prepared.train[0]
    np.save(sentences, array[:-1])
    with pytest.raises(ValueError, match=r"sentences.npy is damaged: it holds int64 of shape"):
        prepared.train[0]
    sentences.unlink()
    with pytest.raises(ValueError, match="sentences.npy cannot be read: No such file"):
        prepared.train[0]


def test_negative_ids_are_noticed(folder):
    prepared = PreparedCorpus(folder)
    pieces = folder / "train-00000.pieces.npy"
    np.save(pieces, -np.load(pieces).astype(np.int32))
    with pytest.raises(ValueError, match="it holds the id -"):
        prepared.train[0]


# ---- the tokenizer and the corpus ----------------------------------------------------------------

def test_another_tokenizer_does_not_match(folder, tmp_path, sentences, small_model_file):
    train_tokenizer(sentences[:500], 400, tmp_path / "other.model")
    prepared = PreparedCorpus(folder)
    for tokenizer in (AlbertTokenizer(tmp_path / "other.model"),
                      AlbertTokenizer(small_model_file, do_lower_case=False)):
        with pytest.raises(ValueError, match=f"of {tokenizer.vocab_size} pieces, SHA-256 .* does "
                                             "not match .*copy, which was .*of 1000 pieces"):
            prepared.check_tokenizer(tokenizer)
    shutil.copy(tmp_path / "other.model", folder / "spiece.model")
    with pytest.raises(ValueError, match="tokenizer in .*copy is not the one that its text was"):
        PreparedCorpus(folder)
    (folder / "spiece.model").unlink()
    with pytest.raises(FileNotFoundError, match="spiece.model"):
        PreparedCorpus(folder)


def test_a_corpus_that_changed(tmp_path, text_folder, small_model_file):
    texts = shutil.copytree(text_folder, tmp_path / "texts")
    prepared = prepare_corpus(texts, tmp_path / "it", tokenizer=small_model_file, processes=1,
                              progress=False)
    prepared.check_sources()
    data = (texts / "1.txt").read_bytes()
    (texts / "1.txt").write_bytes(data + b"More.")
    with pytest.raises(ValueError, match=f"1.txt has changed since it was prepared .it had "
                                         f"{len(data):,} bytes and has {len(data) + 5:,}"):
        prepared.check_sources()
    (texts / "1.txt").write_bytes(data[:-1] + b"!")
    with pytest.raises(ValueError, match="1.txt has changed .*the same length and other bytes"):
        prepared.check_sources()
    (texts / "1.txt").unlink()                         # no longer needed
    prepared.check_sources()
    (texts / "3.jsonl").write_text("{}")
    with pytest.raises(ValueError, match="3.jsonl was added to the corpus since"):
        prepared.check_sources()
    shutil.rmtree(texts)
    prepared.check_sources()


# ---- faults of the manifest ----------------------------------------------------------------------

def test_a_folder_that_is_not_finished(folder, tmp_path):
    (folder / MANIFEST_NAME).unlink()
    with pytest.raises(ValueError, match="no manifest.json: it is no prepared corpus, or preparing "
                                         "it did not come to its end"):
        PreparedCorpus(folder)
    with pytest.raises(FileNotFoundError, match="no folder .*nothing"):
        PreparedCorpus(tmp_path / "nothing")


@pytest.mark.parametrize("data, sentence", [
    (b"", "manifest.json is not JSON"), (b"{", "manifest.json is not JSON"),
    (b"[" * 100_000, "manifest.json is not JSON"), (b"\xff", "manifest.json is not UTF-8"),
    (b"[]", "does not say that this is an albert_np prepared corpus"),
    (b'{"format": "other"}', "does not say that this is"),
])
def test_a_manifest_that_is_none(folder, data, sentence):
    (folder / MANIFEST_NAME).write_bytes(data)
    with pytest.raises(ValueError, match=sentence):
        PreparedCorpus(folder)


def put(value, *path):
    """A change of the manifest: the value at this path."""
    def change(manifest):
        for key in path[:-1]:
            manifest = manifest[key]
        manifest[path[-1]] = value
    return change


ENTRY = ("train", 0)


@pytest.mark.parametrize("change, sentence", [
    (put(2, "version"), "is of version 2; this program reads version 1"),
    (put(None, "version"), "is of version null"),
    (put(7, "folder"), "the folder of the corpus is missing"),
    (put("yes", "is_folder"), "is_folder is neither"),
    (put([], "sources"), "sources are missing"),
    (put({}, "sources"), "sources are missing"),
    (put("../../etc/passwd", "sources", 0, "name"), "a source has no file name"),
    (put("/etc/passwd", "sources", 0, "name"), "a source has no file name"),
    (put("a\0b", "sources", 0, "name"), "a source has no file name"),
    (put("", "sources", 0, "name"), "a source has no file name"),
    (put("..", "sources", 0, "name"), "a source has no file name"),
    (put(-1, "sources", 0, "bytes"), "length of 0.txt is -1, not a whole number of at least 0"),
    (put("abc", "sources", 0, "sha256"), 'the SHA-256 of 0.txt is "abc"'),
    (put([], "options"), "options are missing"),
    (put(None, "tokenizer"), "the tokenizer is missing"),
    (put(1e9, "tokenizer", "vocab_size"), "vocab_size of the tokenizer is 1000000000.0"),
    (put("A" * 64, "tokenizer", "sha256"), "SHA-256 of the tokenizer"),
    (put("x", "train"), "train is not a list of shards"),
    (put([], "train"), "no shard to train on"),
    (put(None, "held_out"), "held_out is not a list"),
    (put([3], "held_out"), "where held-out-00000 should be there is 3"),
    (put("../train-00000", *ENTRY, "name"), "where train-00000 should be there is"),
    (put("train-00001", *ENTRY, "name"), "where train-00000 should be there is"),
    (put(True, *ENTRY, "pieces"), "number of pieces of train-00000 is true"),
    (put(-5, *ENTRY, "documents"), "number of documents of train-00000 is -5"),
    (put(10 ** 15, *ENTRY, "documents"), "fewer sentences than documents"),
    (put(10 ** 15, *ENTRY, "sentences"), "fewer pieces than sentences"),
    (put([], *ENTRY, "files"), "train-00000 does not list its pieces"),
    (put("x", *ENTRY, "files", "sentences"), "train-00000 does not list its sentences"),
    (put(0, *ENTRY, "files", "pieces", "bytes"), "length of the pieces of train-00000 is 0"),
    (put(None, *ENTRY, "files", "pieces", "sha256"), "pieces of train-00000 is null"),
])
def test_a_manifest_that_cannot_be(folder, change, sentence):
    change_manifest(folder, change)
    with pytest.raises(ValueError, match=sentence):
        PreparedCorpus(folder)


def test_a_count_that_does_not_fit_allocates_nothing(folder):
    change_manifest(folder, put(10 ** 15, *ENTRY, "pieces"))
    prepared = PreparedCorpus(folder)
    with pytest.raises(ValueError, match="where 1000000000000000 integers should be"):
        prepared.train[0]
