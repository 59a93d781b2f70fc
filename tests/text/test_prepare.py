"""Preparing a corpus: what is written, the same for any number of processes."""

import argparse
import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from albert_np.commands import prepare as command
from albert_np.text import read_corpus, tokenize_documents
from albert_np.text.corpus import prepare as prepare_module
from albert_np.text.corpus import tokenize_blocks as tokenizing
from albert_np.text.corpus.blocks import Source, read_blocks
from albert_np.text.corpus.manifest import MANIFEST_NAME
from albert_np.text.corpus.prepare import prepare_corpus
from albert_np.text.corpus.prepared import PreparedCorpus, Shards
from albert_np.text.corpus.sample import sample_blocks
from albert_np.text.corpus.shards import ShardWriter
from albert_np.text.corpus.tokenize_blocks import KEY_RANGE, Flat, document_key

QUIET = dict(processes=1, progress=False)


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def as_lists(documents):
    return [[list(map(int, sentence)) for sentence in document] for document in documents]


def all_of(shards):
    return [document for shard in shards for document in as_lists(shard)]


# ---- what is written -----------------------------------------------------------------------------

@pytest.mark.usefixtures("small_blocks")
def test_the_pieces_are_those_of_the_text(tmp_path, mixed_folder, small_model_file,
                                          small_tokenizer):
    prepared = prepare_corpus(mixed_folder, tmp_path, tokenizer=small_model_file, held_out=0.2,
                              shard_pieces=5000, **QUIET)
    documents = read_corpus(mixed_folder)
    held_out = [document_key(document, 0) < round(0.2 * KEY_RANGE) for document in documents]
    expected = as_lists(tokenize_documents(documents, small_tokenizer))
    assert all_of(prepared.train) == [d for d, out in zip(expected, held_out) if not out]
    assert all_of(prepared.held_out) == [d for d, out in zip(expected, held_out) if out]
    assert 0.15 < prepared.held_out.documents / len(documents) < 0.25
    assert prepared.train.documents + prepared.held_out.documents == len(documents) == 700
    for shards in (prepared.train, prepared.held_out):
        for i, shard in enumerate(shards):
            last = sum(map(len, shard[-1]))
            # A shard ends with the document that fills it.
            assert shard.num_pieces - last < 5000 and (shard.num_pieces >= 5000
                                                       or i == len(shards) - 1)
    prepared.verify()


@pytest.mark.slow
@pytest.mark.usefixtures("small_blocks")
def test_any_number_of_processes_writes_the_same_bytes(tmp_path, mixed_folder):
    """With the tokenizer trained on the way."""
    for processes in (1, 2, 3):
        prepare_corpus(mixed_folder, tmp_path / str(processes), vocab_size=600, shard_pieces=4000,
                       processes=processes, progress=False)
    one, two, three = (contents(tmp_path / str(processes)) for processes in (1, 2, 3))
    assert len(one) > 10 and one == two == three


def test_blocks_and_shards_do_not_change_the_documents(tmp_path, mixed_folder, small_model_file,
                                                       monkeypatch):
    found = []
    for limit, shard_pieces in ((None, 10 ** 6), (32_000, 10 ** 6), (32_000, 3000), (50_000, 7777)):
        with monkeypatch.context() as patch:
            patch.setattr(prepare_module, "read_blocks", lambda source, layout, field: read_blocks(
                source, layout, field, limit=limit))
            prepared = prepare_corpus(mixed_folder, tmp_path / f"{limit} {shard_pieces}",
                                      tokenizer=small_model_file, layout="lines",
                                      shard_pieces=shard_pieces, **QUIET)
        found.append((all_of(prepared.train), all_of(prepared.held_out)))
    assert all(other == found[0] for other in found)


@pytest.mark.parametrize("shard_pieces, added", [(1, 1), (1, 7), (10, 30), (25, 2), (1000, 3)])
def test_shards_end_with_the_document_that_fills_them(tmp_path, rng, shard_pieces, added):
    lengths = [rng.integers(1, 9, rng.integers(1, 4)) for _ in range(30)]    # of sentences
    pieces = np.arange(sum(map(sum, lengths)))
    writer, begin = ShardWriter(tmp_path, "train", shard_pieces), 0
    for first in range(0, 30, added):
        some = lengths[first:first + added]
        end = begin + sum(map(sum, some))
        writer.add(Flat(pieces[begin:end], np.concatenate(some), np.array(list(map(len, some)))))
        begin = end
    writer.finish()
    expected, filled = [[]], 0                         # the documents of each shard
    for length in lengths:
        if filled >= shard_pieces:
            expected.append([])
            filled = 0
        expected[-1].append(length.tolist())
        filled += sum(length)
    shards = Shards(tmp_path, writer.entries, len(pieces))
    assert [[list(map(len, document)) for document in shard] for shard in shards] == expected
    assert np.concatenate([shard.pieces for shard in shards]).tolist() == pieces.tolist()


def test_copies_of_a_document_stay_on_one_side(tmp_path, mixed_folder, small_model_file):
    texts = tmp_path / "texts"
    texts.mkdir()
    for copy in range(3):
        (texts / f"{copy}.txt").write_bytes((mixed_folder / "a.txt").read_bytes())
    prepared = prepare_corpus(texts, tmp_path / "it", tokenizer=small_model_file, held_out=0.3,
                              **QUIET)
    train, held_out = ({str(document) for document in all_of(shards)}
                       for shards in (prepared.train, prepared.held_out))
    assert len(train) > 50 and len(held_out) > 20 and not train & held_out


def test_seed_and_limit_of_what_is_held_out(tmp_path, mixed_folder, small_model_file):
    def held_out(name, **options):
        prepared = prepare_corpus(mixed_folder, tmp_path / name, tokenizer=small_model_file,
                                  **{"held_out": 0.2, **QUIET, **options})
        return all_of(prepared.held_out), prepared.held_out.pieces

    zero, one, few = held_out("0"), held_out("1", seed=1), held_out("few", held_out_pieces=800)
    assert zero[0] != one[0]
    assert 200 < few[1] < 2500 < zero[1]
    assert [document for document in zero[0] if document in few[0]] == few[0]
    assert held_out("none", held_out=0) == ([], 0)


def test_a_packed_file_counts_for_more_text(tmp_path, small_model_file):
    """Of which the limit of what is held out is then a smaller share."""
    text = "\n\n".join(f"Document {i}.\nIt is number {i}." for i in range(2000)).encode()
    pieces = []
    for name, data in (("a.txt", text), ("a.txt.gz", gzip.compress(text, 0))):     # not smaller
        (tmp_path / name).write_bytes(data)
        prepared = prepare_corpus(tmp_path / name, tmp_path / f"{name} it", held_out=0.9,
                                  held_out_pieces=3000, tokenizer=small_model_file, **QUIET)
        pieces.append(prepared.held_out.pieces)
    assert 2.2 < pieces[0] / pieces[1] < 4


def test_at_least_one_document_is_held_out(tmp_path, small_model_file):
    texts = tmp_path / "texts"
    texts.mkdir()
    for name in ("One", "Two", "Three"):               # each a block of its own
        (texts / f"{name}.txt").write_text(f"{name}. And more.\n")
    for seed in range(6):
        prepared = prepare_corpus(texts, tmp_path / str(seed), seed=seed,
                                  held_out=1e-9, tokenizer=small_model_file, **QUIET)
        assert (prepared.train.documents, prepared.held_out.documents) == (2, 1)


def test_one_document_can_be_prepared_if_nothing_is_held_out(tmp_path, small_model_file):
    (tmp_path / "a.txt").write_text("One sentence.\nAnother one.\n")
    options = dict(tokenizer=small_model_file, layout="lines", processes=1, progress=False)
    prepared = prepare_corpus(tmp_path / "a.txt", tmp_path / "out", held_out=0, **options)
    assert (prepared.train.documents, prepared.train.sentences) == (1, 2)
    assert prepared.held_out.documents == 0
    with pytest.raises(ValueError, match="^A corpus of 1 document cannot be divided into text to"):
        prepare_corpus(tmp_path / "a.txt", tmp_path / "other", held_out=0.5, **options)


def test_keys_are_spread_evenly():
    keys = np.array([document_key([f"Sentence {i}.", "Two."], 3) / KEY_RANGE for i in range(4000)])
    assert np.abs(np.histogram(keys, 10, (0, 1))[0] - 400).max() < 80
    assert document_key(["a"], 0) != document_key(["a"], 1)
    assert document_key(["a", "b"], 0) == document_key(["a", "b"], 0) != document_key(["b", "a"], 0)


@pytest.mark.parametrize("at_a_time", [1, 2, 3, 100])
@pytest.mark.parametrize("vocab_size, dtype", [(65_536, np.uint16), (65_537, np.int32)])
def test_encode_documents(monkeypatch, at_a_time, vocab_size, dtype):
    class Lengths:
        """Encodes a text as its length, as often as that is."""

        def encode_batch(self, texts, threads):
            assert threads == 1                        # the processes are enough
            return [[len(text)] * len(text) for text in texts]

    monkeypatch.setattr(tokenizing, "SENTENCES_AT_A_TIME", at_a_time)
    Lengths.vocab_size = vocab_size
    flat = tokenizing.encode_documents([["a", "bbb", ""], [""], [], ["cc", "dd"]], Lengths())
    assert flat.pieces.tolist() == [1, 3, 3, 3, 2, 2, 2, 2] and flat.pieces.dtype == dtype
    assert flat.sentence_lengths.tolist() == [1, 3, 2, 2]
    assert flat.document_lengths.tolist() == [2, 0, 0, 2]
    empty = tokenizing.encode_documents([], Lengths())
    assert [len(array) for array in empty] == [0, 0, 0] and empty.pieces.dtype == dtype


def test_the_manifest_says_what_was_read(tmp_path, mixed_folder, small_model_file):
    prepared = prepare_corpus(mixed_folder, tmp_path, tokenizer=small_model_file, **QUIET)
    assert [(source["name"], source["bytes"], source["sha256"])
            for source in prepared.manifest["sources"]] == [
        (file.name, file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())
        for file in sorted(mixed_folder.iterdir())]
    assert Path(prepared.manifest["folder"]) == mixed_folder.resolve()


# ---- the sample ----------------------------------------------------------------------------------

def numbered_blocks(tmp_path, count):
    text = "\n".join(f"{i} " + "x" * 80 for i in range(count))
    (tmp_path / "a.txt").write_text(text)
    return list(read_blocks(Source(tmp_path / "a.txt"), "lines", limit=1 << 18)), text


def test_a_small_corpus_is_its_own_sample(tmp_path):
    blocks, text = numbered_blocks(tmp_path, 5000)
    kept, distance = sample_blocks(iter(blocks), 10 ** 6)
    assert distance == 1 and b"".join(block.data for block in kept) == text.encode()


@pytest.mark.parametrize("limit", [200_000, 700_000, 3_000_000])
def test_a_sample_is_spread_over_the_corpus(tmp_path, limit):
    blocks, text = numbered_blocks(tmp_path, 60_000)                       # 5 MB
    kept, distance = sample_blocks(iter(blocks), limit)
    assert limit / 2.6 < sum(len(block.data) for block in kept) <= limit and distance > 1
    for block in kept:
        assert text.encode()[block.position:block.position + len(block.data)] == block.data
        assert block.data.split()[0] == str(block.line - 1).encode()       # it begins with a line
    gaps = np.diff([0, *(block.position for block in kept), len(text)])
    assert gaps.max() < 2.1 * np.median(gaps)


def test_a_vocabulary_too_large_for_the_sample(tmp_path, mixed_folder):
    with pytest.raises(ValueError, match="too large for these .* fits is .* They are a sample .* a "
                                         "larger one .sample_megabytes. may"):
        prepare_corpus(mixed_folder, tmp_path, vocab_size=30_000, sample_megabytes=0.1, **QUIET)
    with pytest.raises(ValueError, match="too large for these") as raised:
        prepare_corpus(mixed_folder, tmp_path, vocab_size=30_000, **QUIET)
    assert "sample" not in str(raised.value) and not (tmp_path / MANIFEST_NAME).exists()


# ---- the command ---------------------------------------------------------------------------------

def test_the_command(tmp_path, mixed_folder, small_model_file, capsys):
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    options = parser.parse_args([
        "prepare", str(mixed_folder), "--output", str(tmp_path / "it"), "--layout", "lines",
        "--text-field", "text", "--tokenizer", str(small_model_file), "--held-out", "0.1",
        "--held-out-pieces", "9000", "--shard-pieces", "3000", "--seed", "2", "--processes", "1"])
    assert options.run(options) == 0
    printed = capsys.readouterr()
    assert "The folder is" in printed.out and "tokenising 100% of" in printed.err
    made = PreparedCorpus(tmp_path / "it")
    same = prepare_corpus(mixed_folder, tmp_path / "same", layout="lines", seed=2, held_out=0.1,
                          held_out_pieces=9000, shard_pieces=3000, tokenizer=small_model_file,
                          **QUIET)
    assert made.manifest == same.manifest
    options.quiet, options.output = True, str(tmp_path / "quiet")
    assert options.run(options) == 0
    assert capsys.readouterr() == ("", "")
