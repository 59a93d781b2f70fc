"""Small parts of reading text and preparing a corpus, called directly."""

import itertools
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np.text import guess_layout, split_documents, train_tokenizer
from albert_np.text.corpus import prepare, sample
from albert_np.text.corpus.blocks import Block, _cutting_place, corpus_files
from albert_np.text.corpus.layouts import read_layout
from albert_np.text.corpus.manifest import tokenizer_identity
from albert_np.text.corpus.progress import Progress
from albert_np.text.corpus.shards import ShardWriter
from albert_np.text.corpus.tokenize_blocks import (Flat, Work, document_key, encode_documents,
                                                   tokenize_block)
from albert_np.text.corpus.tokenized_documents import TokenizedDocuments
from albert_np.text.tokenizing.arguments import (check_text, lengths_kept, refuse_empty,
                                                 settle_lengths)
from albert_np.text.tokenizing.offsets import align
from albert_np.text.tokenizing.preprocessing import preprocess, preprocess_aligned
from albert_np.text.tokenizing.rows import build_row, stack_rows
from albert_np.text.tokenizing.tokenizer_folder import find_tokenizer
from albert_np.text.tokenizing.tokenizer_json import ends_in_number_comma

# ---- layouts -------------------------------------------------------------------------------------

@pytest.mark.parametrize("text, layout", [
    ("", "prose"), (" \n\u200b\n", "prose"), ("One.\nTwo!\nthree", "lines"),
    ("One.\nTwo!\nthree\nfour", "prose"), ("One. Two.\nThree.", "prose"), ("One.", "lines"),
    ("你好。\n他好。\n我好。天好", "lines"), ("你好。\n我好。天好", "prose"),
    ("你好\n他好", "lines")])
def test_the_guess_at_its_borders(text, layout):
    assert guess_layout(text) == layout


def test_a_line_that_nobody_sees_ends_no_document():
    assert read_layout("a\n\u200b\nb\n \t\nc\n\n\nd", "lines") == [["a", "b"], ["c"], ["d"]]


@pytest.mark.parametrize("text, documents", [
    ("标题\n你好。", [["标题", "你好。"]]), ("标题\n副题\n你好。", [["标题副题你好。"]]),
    ("One\ntwo.\n\nThree.\n\n\nFour.", [["One two.", "Three."], ["Four."]]), ("\n\n\n", [])])
def test_paragraphs_of_prose(text, documents):
    assert read_layout(text, "prose") == documents


def test_clauses_are_prose_with_one_more_end():
    text = "今天很冷；我们不去。"
    assert read_layout(text, "clauses") == [["今天很冷；", "我们不去。"]]
    assert read_layout(text, "prose") == [["今天很冷；我们不去。"]] == read_layout(text, "auto")


# ---- documents -----------------------------------------------------------------------------------

def test_short_documents_are_those_with_fewer_sentences():
    documents = TokenizedDocuments.from_lists([[[1]], [[1], [2]], [[1], [2], [3]]])
    assert [documents.count_short(least) for least in (1, 2, 3, 4)] == [0, 1, 2, 3]
    assert TokenizedDocuments.from_lists([]).count_short(9) == 0


@pytest.mark.parametrize("ends, said", [
    (([0, 2], [2]), "sentence_ends must rise"), (([1, 1, 2], [3]), "sentence_ends must rise"),
    (([1, 2], [0, 2]), "document_ends must rise"), (([1], [1]), "sentence_ends ends at 1, but"),
    (([1, 2], [1]), "document_ends ends at 1, but there are 2 sentences"),
    (([], [0]), "sentence_ends must be an array of integers|sentence_ends ends at 0")])
def test_ends_that_divide_nothing(ends, said):
    with pytest.raises(ValueError, match=said):
        TokenizedDocuments([7, 8], *ends)


def test_the_type_of_the_numbers_does_not_matter_to_the_fingerprint():
    given = ([5, 6, 7], [1, 3], [2])
    prints = {TokenizedDocuments(*(np.array(part, dtype) for part in given)).fingerprint()
              for dtype in (np.uint16, np.int32, np.int64, ">i4")}
    assert len(prints) == 1
    assert TokenizedDocuments([5, 6, 8], *given[1:]).fingerprint() not in prints
    assert TokenizedDocuments(given[0], [2, 3], [2]).fingerprint() not in prints


def test_a_corpus_divided_where_no_group_fits():
    """Then the smallest is held out; and one always remains for training."""
    documents = [["a"] * n for n in (3, 2, 9)]
    for seed in range(9):
        train, held_out = split_documents(documents, 0.01, rng=np.random.default_rng(seed))
        assert (train, held_out) == ([documents[0], documents[2]], [documents[1]])
        train, held_out = split_documents(documents[:2], 0.99, rng=np.random.default_rng(seed))
        assert len(train) == len(held_out) == 1


@pytest.mark.parametrize("others, said", [
    (0, None), (1, "b0; a folder"), (5, "b0, b1, b2, b3, b4; a folder"),
    (6, "b0, b1, b2, b3, b4 and 1 more; a folder")])
def test_the_first_five_files_that_are_left_out_are_named(tmp_path, others, said):
    for name in ["a.txt", *(f"b{i}" for i in range(others))]:
        (tmp_path / name).touch()
    sentences = []
    assert corpus_files(tmp_path, sentences.append) == [tmp_path / "a.txt"]
    assert [said in sentence for sentence in sentences] == [True] * (said is not None)
    corpus_files(tmp_path)


# ---- blocks to arrays ----------------------------------------------------------------------------

class Tokenizer:
    """A piece for each word; "lost" has none."""

    vocab_size, across = 1 << 16, 0

    def encode_batch(self, sentences, threads):
        assert threads == 1
        self.across += 1
        return [[len(word) for word in sentence.split() if word != "lost"]
                for sentence in sentences]


@pytest.mark.parametrize("vocab_size, dtype", [(1 << 16, np.uint16), ((1 << 16) + 1, np.int32)])
def test_small_numbers_for_small_vocabularies(vocab_size, dtype):
    tokenizer = Tokenizer()
    tokenizer.vocab_size = vocab_size
    flat = encode_documents([["a bc", "lost"], [], ["lost"], ["def"]], tokenizer)
    assert flat.pieces.dtype == dtype and flat.pieces.tolist() == [1, 2, 3]
    assert flat.sentence_lengths.tolist() == [2, 1]
    assert flat.document_lengths.tolist() == [1, 0, 0, 1]
    empty = encode_documents([], tokenizer)
    assert empty.pieces.dtype == dtype and not any(map(len, empty))


def test_what_a_block_gives():
    block = Block("file", b"a bc\nlost\n\nlost\n\ndef g\n", "lines", False, 0, 1)
    keys = [document_key(document, 3) for document in (["a bc", "lost"], ["def g"])]
    tokenizer = Tokenizer()
    for below, held_out in ((0, 0), (min(keys) + 1, 1), (1 << 64, 2)):
        result = tokenize_block(block, Work("", "text", 3, below), tokenizer)
        assert len(result.held_out.document_lengths) == held_out
        assert len(result.train.document_lengths) == 2 - held_out
        assert result.smallest_key == min(keys) and result.across == 1
        assert (result.without_pieces, result.without_sentences) == (2, 1)
    assert tokenize_block(block._replace(data=b"lost\n"), Work("", "text", 3, 0),
                          tokenizer).smallest_key == 1 << 64


def flat(*documents):
    """Documents given by the lengths of their sentences."""
    lengths = list(itertools.chain(*documents))
    return Flat(np.arange(sum(lengths), dtype=np.uint16), np.array(lengths, int),
                np.array(list(map(len, documents)), int))


def test_a_shard_ends_with_the_document_that_fills_it(tmp_path):
    for at_once in (True, False):
        writer = ShardWriter(tmp_path, "train", 3)
        documents = [(2, 1), (3,), (1,), (1, 4), (2,)]
        for part in ([flat(*documents)] if at_once else map(flat, documents)):
            writer.add(part)
            writer.add(flat())
        writer.finish()
        writer.finish()
        assert [(entry["documents"], entry["sentences"], entry["pieces"], entry["name"])
                for entry in writer.entries] == [
            (1, 2, 3, "train-00000"), (1, 1, 3, "train-00001"), (2, 3, 6, "train-00002"),
            (1, 1, 2, "train-00003")]
    assert np.load(tmp_path / "train-00002.sentences.npy").tolist() == [1, 2, 6]
    assert np.load(tmp_path / "train-00002.documents.npy").tolist() == [1, 3]


def test_no_document_is_no_shard(tmp_path):
    writer = ShardWriter(tmp_path, "held_out", 3)
    writer.add(flat())
    writer.finish()
    assert writer.entries == [] and not list(tmp_path.iterdir())


# ---- samples, progress, options ------------------------------------------------------------------

@pytest.mark.parametrize("sizes, limit, kept, distance", [
    ((1, 1, 1), 3, (1, 1, 1), 1), ((1, 1, 1), 2, (1, 1), 2), ((1, 1, 100), 50, (1,), 4),
    ((100,), 50, (100,), 1), ((1,) * 8, 4, (1,) * 4, 2), ((), 5, (), 1)])
def test_a_sample_stays_below_its_limit(sizes, limit, kept, distance):
    blocks = [Block("file", b"x" * size, "lines", False, 0, 1) for size in sizes]
    found, apart = sample.sample_blocks(blocks, limit)
    assert (tuple(len(unit.data) for unit in found), apart) == (kept, distance)


def test_stretches_know_where_they_are(monkeypatch):
    monkeypatch.setattr(sample, "UNIT_BYTES", 4)
    block = Block("file", b"ab\ncdef\ngh", "lines", False, 10, 5)
    assert [(unit.data, unit.position, unit.line) for unit in sample._units(block)] == [
        (b"ab\ncdef\n", 10, 5), (b"gh", 18, 7)]


def test_a_line_for_each_tenth(capsys):
    with Progress("reading", 100) as progress:
        for done, said in ((5, None), (7, "12%"), (7, None), (2, "21%"), (50, "71%"), (29, "100%")):
            progress.update(done)
            error = capsys.readouterr().err
            assert error.startswith(f"reading {said} of 0.0 MB, ") if said else error == ""
    with Progress("reading", 0, shown=False) as progress:
        progress.update(5)
    assert capsys.readouterr().err == ""


def test_what_is_known_of_a_file_before_it_is_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"text")
    before = prepare._state(path)
    assert before[1:] == (4, False)
    os.utime(path, ns=(1, 1))
    assert prepare._state(path) == (1, 4, False) != before
    with pytest.raises(ValueError, match="nowhere cannot be read: No such file"):
        prepare._state(tmp_path / "nowhere")
    assert prepare._unpacked_bytes([(0, 10, False), (0, 10, True)]) == 10 + 3 * 10


@pytest.mark.parametrize("name, allowed, refused", [
    ("held_out_pieces", (1, 1 << 40), (0, (1 << 40) + 1, 1.0, True)),
    ("shard_pieces", (1, 1 << 30), (0, (1 << 30) + 1, "1", False)),
    ("seed", (0, (1 << 64) - 1), (-1, 1 << 64, 0.5)),
    ("processes", (None, 1, 1024), (0, -1, 1025, 2.0)), ("held_out", (0, 0.999), (-0.1, 1, 2)),
    ("sample_megabytes", (0.001, (1 << 20) - 1), (0, -1, 1 << 20))])
def test_the_limits_of_preparing(name, allowed, refused):
    options = dict(vocab_size=8000, sample_megabytes=1.0, held_out=0.1, held_out_pieces=9,
                   shard_pieces=9, seed=0, processes=None)
    for value in allowed:
        prepare._check_options(**{**options, name: value})
    for value in refused:
        with pytest.raises(ValueError, match=f"^{name} "):
            prepare._check_options(**{**options, name: value})


# ---- tokenizers ----------------------------------------------------------------------------------

@pytest.mark.parametrize("lengths, room, truncation, kept", [
    ((3, 2), 5, "never", (3, 2)), ((3, 2), 2, "only_first", (0, 2)),
    ((3, 2), 3, "only_second", (3, 0)), ((3, 2), 4, "only_first", (2, 2)),
    ((5, 2), 5, "longest_first", (3, 2)), ((2, 5), 3, "longest_first", (2, 1)),
    ((4, 4), 5, "longest_first", (3, 2)), ((4, 0), 1, "longest_first", (1, 0))])
def test_pieces_that_are_kept(lengths, room, truncation, kept):
    assert lengths_kept(*lengths, room, truncation) == kept


@pytest.mark.parametrize("lengths, room, truncation", [
    ((3, 2), 1, "only_first"), ((3, 2), 2, "only_second"), ((3, 2), 4, "never")])
def test_pieces_that_do_not_fit(lengths, room, truncation):
    with pytest.raises(ValueError, match=f"needs 5 pieces besides .* room for {room} and "
                                         f"truncation='{truncation}'"):
        lengths_kept(*lengths, room, truncation)


@pytest.mark.parametrize("lengths, kept, truncation, which, least", [
    ((3, 0), (0, 0), "longest_first", "the text", 4), ((3, 2), (0, 2), "only_first",
                                                       "the first text", 6),
    ((3, 2), (3, 0), "only_second", "the second text", 7),
    ((3, 2), (1, 0), "longest_first", "the second text", 5)])
def test_a_text_of_which_nothing_is_left(lengths, kept, truncation, which, least):
    special = 3
    with pytest.raises(ValueError, match=f"^max_length is 5, which leaves no piece of {which}; it "
                                         f"must be at least {least}.$"):
        refuse_empty(lengths, kept, 5, 5 - special, truncation)


def test_a_text_that_had_nothing_may_be_left_so():
    refuse_empty((0, 2), (0, 1), 5, 2, "longest_first")


@pytest.mark.parametrize("given, settled", [
    ((None, False, None, 512, False, True), (None, None, "longest_first")),
    ((None, False, "never", 512, False, True), (None, None, "never")),
    ((None, False, False, 512, False, True), (None, None, "never")),
    ((None, False, True, 512, False, True), (512, None, "longest_first")),
    ((None, "max_length", None, 512, False, True), (512, 512, "longest_first")),
    ((9, True, "only_first", 512, False, True), (9, None, "only_first")),
    ((3, "max_length", None, None, True, True), (3, 3, "longest_first")),
    ((1, False, None, None, True, False), (1, None, "longest_first")),
    ((None, False, True, None, False, True), (None, None, "longest_first"))])
def test_what_length_padding_and_truncation_mean_together(given, settled):
    assert settle_lengths(*given) == settled


@pytest.mark.parametrize("given, said", [
    ((2, False, None, None, True, True), "an integer of at least 3"),
    ((1, False, None, None, False, True), "an integer of at least 2"),
    ((0, False, None, None, False, False), "an integer of at least 1"),
    ((True, False, None, None, False, False), "an integer of at least 1"),
    ((None, "max_length", None, None, False, True), "padding='max_length' needs a max_length"),
    ((None, False, "only_second", None, False, True), "needs a second text"),
    ((None, "left", None, None, False, True), "padding must be True, False"),
    ((None, False, "some", None, False, True), "truncation must be True, False or one of")])
def test_what_makes_no_sense_together(given, said):
    with pytest.raises(ValueError, match=said):
        settle_lengths(*given)


def test_rows_of_a_batch():
    a, b = ([7, 8], [(0, 1), (1, 2)]), ([9], [(0, 3)])
    assert build_row(a, None, None, None, "never") == ([7, 8], [0, 0], [(0, 1), (1, 2)])
    pair = build_row(a, b, (2, 3), None, "never")
    assert pair == ([2, 7, 8, 3, 9, 3], [0, 0, 0, 0, 1, 1],
                    [(0, 0), (0, 1), (1, 2), (0, 0), (0, 3), (0, 0)])
    batch = stack_rows([pair, ([], [], [])], None, 5, True)
    assert batch["input_ids"].tolist() == [pair[0], [5] * 6]
    assert batch["attention_mask"].tolist() == [[1] * 6, [0] * 6]
    assert batch["offset_mapping"].tolist() == [list(map(list, pair[2])), [[0, 0]] * 6]
    assert set(stack_rows([pair], 8, 5, False)) == {"input_ids", "token_type_ids", "attention_mask"}


@pytest.mark.parametrize("piece, ends", [("1,", True), ("▁2010,", True), (",", False),
                                         ("a,", False), ("1", False), ("", False)])
def test_pieces_that_the_digit_comma_rule_cuts(piece, ends):
    assert ends_in_number_comma(piece) == ends


@pytest.mark.parametrize("text, clean, sources", [
    ("e\u0301", "e", [(0, 2)]), ("\u0301a", "a", [(1, 2)]), ("é", "e", [(0, 1)]),
    ("ﬁ", "fi", [(0, 1), (0, 1)]), ("a``b", 'a"b', [(0, 1), (1, 3), (3, 4)]),
    ("  A \t b ", "a b", [(2, 3), (3, 4), (6, 7)]), ("", "", [])])
def test_where_cleaned_characters_come_from(text, clean, sources):
    assert preprocess_aligned(text) == (clean, sources) and preprocess(text) == clean


def test_a_capital_whose_small_letter_is_longer():
    clean, sources = preprocess_aligned("aİb", keep_accents=True)
    assert clean == "ai\u0307b" and sources == [(0, 1), (1, 2), (1, 2), (2, 3)]


def test_a_space_at_the_end_comes_from_the_end():
    assert list(align(["▁a", "▁"], "▁a▁", [0, 0, 1, 1], [0], [1], 2)) == [("▁a", 0, 1),
                                                                          ("▁", 2, 2)]


@pytest.mark.parametrize("text, limit, layout, length", [
    ("€€", 2, "prose", 2), ("€€", 4, "prose", 3), ("ab cd", 4, "prose", 3), ("A. b", 3, "lines", 3),
    ("a\nb\n\nc", 6, "lines", 5), ("a\nb\n\nc", 6, "prose", 5), ("a\n\nb\n\n\nc", 8, "prose", 7),
    ("a\n\nb\n\n\nc", 8, "clauses", 7), ("你好。再见", 12, "lines", 9), ("a\nbcd", 4, "lines", 2)])
def test_where_a_long_text_is_cut(text, limit, layout, length):
    """Between documents if possible, otherwise paragraphs, sentences, words, characters."""
    assert _cutting_place(bytearray(text.encode()), limit, layout) == length


def test_what_tells_one_tokenizer_from_another():
    names = {tokenizer_identity(SimpleNamespace(do_lower_case=lower, keep_accents=accents,
                                                model_bytes=data))
             for lower in (True, False) for accents in (True, False) for data in (b"a", b"b")}
    assert len(names) == 8 and all(len(name) == 64 for name in names)


@pytest.mark.parametrize("vocab_size", [13, 0, -1, True, 40.0, "40"])
def test_a_vocabulary_needs_more_than_the_fixed_pieces(vocab_size):
    with pytest.raises(ValueError, match="^vocab_size must be an integer above 13, the number of"):
        train_tokenizer(["Some text."], vocab_size)


def test_no_sentence_is_too_long_to_be_learnt_from():
    """Its length counts in bytes, of which a Chinese character has three."""
    characters = "".join(chr(0x4e00 + i) for i in range(40))
    assert train_tokenizer([characters * 60, "我们"], 56)


def test_half_of_a_character_is_no_text():
    assert check_text("日本") == "日本"
    with pytest.raises(ValueError, match=r"The text holds '\\ud83d' at position 1"):
        check_text("a\ud83d")


@pytest.mark.parametrize("config, settings, length", [
    ({"max_position_embeddings": 2}, {}, 2), ({"max_position_embeddings": 1}, {}, None),
    ({}, {"model_max_length": 10**9 - 1}, 10**9 - 1), ({}, {"model_max_length": 10**9}, None),
    ({}, {"model_max_length": 5.0}, None), ({}, {"model_max_length": True}, None),
    ({"max_position_embeddings": 7}, {"model_max_length": 9}, 7),
    ({"max_position_embeddings": None}, {"model_max_length": 9}, 9)])
def test_how_long_a_text_may_be(tmp_path, config, settings, length):
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    assert find_tokenizer(tmp_path)[1].get("model_max_length") == length


def test_which_file_is_the_tokenizer(tmp_path):
    (tmp_path / "tokenizer_config.json").write_text(
        '{"do_lower_case": false, "keep_accents": true, "strip_accents": null, "other": 1}')
    assert find_tokenizer(tmp_path) == (tmp_path / "spiece.model", {"do_lower_case": False,
                                                                    "keep_accents": True})
    for name in ("vocab_chinese.txt", "vocab.txt"):
        (tmp_path / name).touch()
        assert find_tokenizer(tmp_path) == (tmp_path / name, {"do_lower_case": False})
    for name in ("30k-clean.model", "spiece.model"):
        (tmp_path / name).touch()
        assert find_tokenizer(tmp_path)[0] == tmp_path / name
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": 1}')
    with pytest.raises(ValueError, match="do_lower_case in .* must be true or false, not 1"):
        find_tokenizer(tmp_path)


def test_a_space_alone_stands_before_the_next_character():
    """In "a b": the piece of the space is the empty stretch before the b."""
    assert list(align(["▁a", "▁", "b"], "▁a▁b", [0, 0, 1, 2, 3], [0, 1, 2], [1, 2, 3], 3)) == [
        ("▁a", 0, 1), ("▁", 2, 2), ("b", 2, 3)]
