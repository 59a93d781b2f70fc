"""BERT's tokenizer against transformers': all Chinese questions of XQuAD, 20,000 translations."""

import gzip
import json
from collections import Counter

import numpy as np
import pytest

from albert_np.text import AlbertTokenizer

transformers = pytest.importorskip("transformers")
legacy = pytest.importorskip("transformers.models.bert.tokenization_bert_legacy")

pytestmark = pytest.mark.parity
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HARD = ["", " ", "我爱[MASK]京。[SEP]", "Ünïcödé Straße ﬁne", "x" * 101, "３．５％ ①",
        "\u3000\u200b 你 好\ufffd", "e\u0301té \u0308", "𠀀𪚥", "don't 1,000 $5.00",
        "[mask] [MASK", "あいう アイウ 한국어", "\t你\n好\r"]


@pytest.fixture(scope="module")
def texts(data_folder):
    xquad = json.loads((data_folder / "xquad" / "xquad.zh.json").read_text("utf-8"))
    paragraphs = [part for article in xquad["data"] for part in article["paragraphs"]]
    questions = [question for part in paragraphs for question in part["qas"]]
    assert len(questions) == 1190
    file = data_folder / "cmn_eng" / "cmn_2025_29155_with_attribution.txt.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        pairs = [line.split("\t")[:2] for line in lines][:20_000]
    assert len(pairs) == 20_000
    return [*(part["context"] for part in paragraphs), *(one["question"] for one in questions),
            *(answer["text"] for one in questions for answer in one["answers"]),
            *(text for pair in pairs for text in pair), *HARD]


@pytest.fixture(scope="module")
def folder(texts, tmp_path_factory):
    """A vocab.txt: the characters of the texts but for rare ones, and common words in pieces."""
    characters = Counter(character for text in texts for character in text.lower()
                         if not character.isspace())
    words = Counter(word for text in texts for word in text.lower().split() if word.isascii())
    pieces = [character for character, count in characters.most_common() if count > 2]
    pieces += [word for word, count in words.most_common(3000) if len(word) > 1]
    pieces += [f"##{piece}" for piece in pieces if piece.isascii() and piece.isalnum()]
    folder = tmp_path_factory.mktemp("wordpiece")
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys([*SPECIAL, *pieces])) + "\n", "utf-8")
    return folder


@pytest.mark.parametrize("lower, every", [(True, 1), (False, 20)])
def test_ids_and_offsets_are_the_same(folder, texts, lower, every):
    texts = [*texts[::every], *HARD]
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower}))
    ours = AlbertTokenizer.from_pretrained(folder)
    theirs = transformers.BertTokenizer.from_pretrained(folder)
    expected = theirs(texts, add_special_tokens=False, return_offsets_mapping=True)
    assert expected["input_ids"] == ours.encode_batch(texts)
    unknown = sum(ids.count(ours.unk_token_id) for ids in expected["input_ids"])
    assert unknown > 100                                          # the vocabulary is not trivial
    for text, ids, offsets in zip(texts, expected["input_ids"], expected["offset_mapping"]):
        assert ours.encode_with_offsets(text) == (ids, [tuple(pair) for pair in offsets]), text


def test_ids_are_those_of_the_first_implementation_in_python(folder, texts):
    (folder / "tokenizer_config.json").unlink(missing_ok=True)
    ours = AlbertTokenizer.from_pretrained(folder)
    theirs = legacy.BertTokenizerLegacy(str(folder / "vocab.txt"))
    texts = texts[:-len(HARD):10]
    assert ours.encode_batch(texts) == [
        theirs.convert_tokens_to_ids(theirs.tokenize(text)) for text in texts]


def test_batches_are_the_same(folder, texts):
    ours, theirs = (kind.from_pretrained(folder)
                    for kind in (AlbertTokenizer, transformers.BertTokenizer))
    first, second = texts[:240], texts[240:480]
    for pair in (None, second):
        for options in ({}, {"max_length": 40, "truncation": True, "padding": "max_length"},
                        {"max_length": 64, "truncation": "only_first"}):
            expected = theirs(first, pair, return_tensors="np", **{"padding": True, **options})
            found = ours(first, pair, **options)
            assert set(found) == set(expected)
            for name, array in found.items():
                np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_transformers_reads_what_is_saved(folder, texts, tmp_path):
    ours = AlbertTokenizer.from_pretrained(folder)
    ours.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "albert"}')
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    expected = theirs(texts[:300], add_special_tokens=False)["input_ids"]
    assert ours.encode_batch(texts[:300]) == expected
