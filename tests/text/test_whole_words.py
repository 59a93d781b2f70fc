"""Whole words of Chinese: marked by a segmenter, masked as one, never cut unnoticed."""

import numpy as np
import pytest

from albert_np.pretraining.options import PretrainingOptions
from albert_np.pretraining.run_data import open_run_data
from albert_np.text import (
    AlbertTokenizer,
    DataOptions,
    mask_batch,
    prepare_corpus,
    train_tokenizer,
    whole_words,
)
from albert_np.text.masking import Ngrams
from albert_np.text.whole_words import WordMarker, find_segmenter, unmark

SENTENCES = ["我们今天在北京大学学习。", "他们昨天到上海工作了。", "北京和上海都是大城市。",
             "学习工作两不误！"] * 8


@pytest.fixture
def tokenizer(tmp_path):
    train_tokenizer(SENTENCES, 44, tmp_path / "spiece.model")
    return AlbertTokenizer(tmp_path / "spiece.model")


@pytest.fixture
def by_hand(monkeypatch):
    """A segmenter that takes two characters each for a word."""
    monkeypatch.setattr(whole_words, "find_segmenter",
                        lambda name: lambda text: range(0, len(text), 2))


class Characters:
    """Every character is a piece; the ids are their places in the text."""

    vocab_size = 100

    def encode_with_offsets(self, text):
        return list(range(len(text))), [(i, i + 1) for i in range(len(text))]


def test_pieces_that_go_on_a_word_are_marked(by_hand):
    marker = WordMarker(Characters(), "x")
    (ids,) = marker.encode_batch(["甲乙丙丁戊"])
    assert ids == [0, 101, 2, 103, 4] and (marker.pieces, marker.across) == (5, 0)
    assert max(ids) < marker.vocab_size == 200
    ids, continues = unmark(np.array(ids), 100)
    assert ids.tolist() == [0, 1, 2, 3, 4] and continues.tolist() == [0, 1, 0, 1, 0]


def test_no_piece_straddles_a_border_unnoticed(by_hand):
    class Pairs(Characters):
        def encode_with_offsets(self, text):             # 甲|乙丙|丁戊: 乙丙 and 丁戊 straddle
            return [5, 6, 7], [(0, 1), (1, 3), (3, 5)]

    marker = WordMarker(Pairs(), "x")
    assert marker.encode_batch(["甲乙丙丁戊"]) == [[5, 106, 107]]         # one word in the end
    assert (marker.pieces, marker.across) == (3, 2) and "2 of 3 pieces" in str(marker)


def test_a_marked_word_is_masked_as_a_whole(tokenizer):
    ordinary = tokenizer.ordinary_ids[10:16]
    marked = ordinary + tokenizer.vocab_size * np.array([0, 1, 1, 0, 1, 0])
    row = np.r_[tokenizer.cls_token_id, marked, tokenizer.sep_token_id]
    options = DataOptions(masked_lm_prob=0.5, ngram=1)
    seen = set()
    for seed in range(40):
        masked, labels = mask_batch(row[None], tokenizer, options, np.random.default_rng(seed))
        assert masked.max() < tokenizer.vocab_size
        chosen = labels[0] != -100
        assert (labels[0, chosen] == np.r_[0, ordinary, 0][chosen]).all()
        seen.add(tuple(chosen[1:-1].tolist()))
    words = [(0, 1, 2), (3, 4), (5,)]
    assert all(len({mask[i] for i in word}) == 1 for mask in seen for word in words)
    assert len(seen) == 2                                    # 3 + 1 pieces, or 2 + 1
    each = DataOptions(do_whole_word_mask=False)
    ids, continues = unmark(row[None], tokenizer.vocab_size)
    assert (Ngrams(ids, tokenizer, each, continues).sizes[0, 0, 1:7] == 1).all()
    assert Ngrams(ids, tokenizer, options, continues).sizes[0, 0, [1, 4, 6]].tolist() == [3, 2, 1]


def test_marked_words_at_borders_and_around_an_unknown_piece(tokenizer):
    """After [CLS] and [SEP] a word begins, and <unk> is one, with all that follows it."""
    cls, sep, unk, V = (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.unk_token_id,
                        tokenizer.vocab_size)
    a, b, c, d = tokenizer.ordinary_ids[10:14]
    row = np.array([[cls, b + V, c + V, sep, a, unk + V, b + V, c, d + V, unk, sep]])
    ids, continues = unmark(row, V)
    for options, expected in [
            ({}, [0, 2, 0, 0, 1, 0, 0, 2, 0, 0, 0]),
            ({"mask_unknown": True}, [0, 2, 0, 0, 3, 0, 0, 2, 0, 1, 0]),
            ({"do_whole_word_mask": False}, [0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 0])]:
        sizes = Ngrams(ids, tokenizer, DataOptions(**options), continues).sizes[:, 0, :11]
        assert np.where(sizes > 11, 0, sizes)[0].tolist() == expected, options
    sizes = Ngrams(ids, tokenizer, DataOptions(), continues).sizes[1, 0, :11]
    assert (sizes > 11).all()                              # <unk> is between all pairs of words


def test_jieba_finds_words():
    pytest.importorskip("jieba")
    starts = list(find_segmenter("jieba")("我们在北京大学用NumPy学习。"))
    assert starts == [0, 2, 3, 7, 8, 13, 15]


def test_jieba_is_missing(monkeypatch, tmp_path):
    """Which is said before a corpus is read."""
    find_segmenter.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "jieba", None)
    with pytest.raises(ValueError, match="pip install jieba"):
        find_segmenter("jieba")
    with pytest.raises(ValueError, match="pip install jieba"):
        open_run_data(tmp_path, PretrainingOptions(corpus="absent", segmenter="jieba"))
    with pytest.raises(ValueError, match="one of jieba"):
        find_segmenter("thulac")


def test_prepared_and_read_corpora_have_the_same_words(tmp_path, tokenizer, capsys):
    pytest.importorskip("jieba")
    corpus = tmp_path / "a.txt"
    corpus.write_text("\n\n".join(SENTENCES[i] + "\n" + SENTENCES[i + 1] for i in range(12)),
                      encoding="utf-8")
    prepared = prepare_corpus(corpus, tmp_path / "p", tokenizer=tmp_path / "spiece.model",
                              layout="lines", segmenter="jieba", processes=1, progress=False)
    ids = np.concatenate([sentence for document in prepared.train[0] for sentence in document])
    assert ids.max() >= tokenizer.vocab_size
    marker = WordMarker(tokenizer, "jieba")
    known = {tuple(each) for each in marker.encode_batch(SENTENCES)}
    assert {tuple(sentence.tolist()) for document in prepared.train[0]
            for sentence in document} <= known

    said = []
    for name, path in (("run", corpus), ("run2", tmp_path / "p")):
        (tmp_path / name).mkdir()
        options = PretrainingOptions(corpus=str(path), layout="lines", segmenter="jieba",
                                     tokenizer=str(tmp_path / "spiece.model"))
        data, _ = open_run_data(tmp_path / name, options, say=said.append)
        assert data.training_text().max() < tokenizer.vocab_size
        assert max(batch["input_ids"].max() for batch in data.held_out) < tokenizer.vocab_size
    assert any("lie across the border" in line for line in said)
    (tmp_path / "run0").mkdir()                               # what was prepared says it, too
    again, _ = open_run_data(tmp_path / "run0", PretrainingOptions(corpus=str(tmp_path / "p")),
                             say=said.append)
    assert np.array_equal(ids, again.shards[0].pieces)
    options.segmenter = None
    options.corpus = str(corpus)
    (tmp_path / "run3").mkdir()
    open_run_data(tmp_path / "run3", options, say=said.append)
    assert "--segmenter jieba" in said[-1]
    plain = prepare_corpus(corpus, tmp_path / "q", tokenizer=tmp_path / "spiece.model",
                           layout="lines", processes=1)
    assert "words      each piece of Chinese counts as a word" in capsys.readouterr().out
    assert max(int(plain.train[0].pieces.max()), 0) < tokenizer.vocab_size
    with pytest.raises(ValueError, match="prepared with the segmenter None"):
        open_run_data(tmp_path / "run", PretrainingOptions(
            corpus=str(tmp_path / "q"), segmenter="jieba"), say=said.append)
