"""The tokenizer against transformers', where the two should agree.

Ids of pieces are compared with the SentencePiece library elsewhere, on every text. transformers 5
no longer uses that library, and what it does instead gives other pieces in places. The texts here
leave these out:

* before one of the user-defined symbols ``( ) " - . – £ €`` it drops a space, and behind one it
  begins a new word;
* it does not cut a comma from the number in front of it.
"""

import re
import shutil

import numpy as np
import pytest

from albert_np.text import AlbertTokenizer

transformers = pytest.importorskip("transformers")
pytest.importorskip("google.protobuf")

pytestmark = pytest.mark.parity

DIFFERENT = re.compile(r"""(^|\s)[()".–£€-]        # a symbol behind a space
                           |[()".–£€-](?!\s|$)     # or in front of anything but one
                           |``|''|\d,|[^\x00-\x7fé½ﬁ]""", re.VERBOSE)


@pytest.fixture(scope="module")
def both(data_folder, tmp_path_factory):
    """Our tokenizer and transformers', from one file."""
    folder = tmp_path_factory.mktemp("tokenizer")
    shutil.copy(data_folder / "spiece.model", folder)
    return AlbertTokenizer.from_folder(folder), transformers.AlbertTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def texts(data_folder):
    lines = [*(data_folder / "botchan" / "botchan.txt").read_text("utf-8").splitlines(),
             *(data_folder / "sms_spam" / "SMSSpamCollection").read_text("utf-8").splitlines(),
             "The capital of [MASK] is Paris.", "Cafés ﬁne ½ ''x", "a<unk> b [SEP] c"]
    texts = [line for line in lines if line.strip() and not DIFFERENT.search(line)]
    assert len(texts) > 3000
    return texts


def same(ours, theirs):
    """All arrays of ours are the lists of theirs."""
    assert set(ours) <= {"input_ids", "token_type_ids", "attention_mask"}
    for name, array in ours.items():
        other = theirs[name]
        assert array.tolist() == np.array(other).tolist(), name


def test_ids_and_offsets(both, texts):
    ours, theirs = both
    there = theirs(texts, add_special_tokens=False, return_offsets_mapping=True)
    for text, ids, offsets in zip(texts, there["input_ids"], there["offset_mapping"]):
        found, spans = ours.encode_with_offsets(text)
        assert found == ids, text
        for piece, span, other in zip(ours.convert_ids_to_tokens(ids), spans, offsets):
            if piece != "\u2581":      # theirs is that of the character behind the space
                assert span == tuple(other), text


@pytest.mark.parametrize("max_length", [None, 3, 5, 12, 40])
def test_single_texts(both, texts, max_length):
    ours, theirs = both
    settings = dict(return_token_type_ids=True, max_length=max_length,
                    truncation=max_length is not None)
    sample = texts[::37]
    same(ours(sample, max_length=max_length), theirs(sample, padding=True, **settings))
    for text in sample[:10]:
        same(ours(text, max_length=max_length), theirs(text, **settings))
        if max_length:
            same(ours(text, max_length=max_length, padding="max_length"),
                 theirs(text, padding="max_length", **settings))


@pytest.mark.parametrize("truncation", ["longest_first", "only_first", "only_second"])
def test_pairs(both, texts, truncation):
    """Where "longest_first" leaves an odd number of places to two texts that are both cut, the odd
    one is the first text's here, as in the original; transformers 5 gives it to the longer one."""
    ours, theirs = both
    first, second = texts[5::80], texts[40::80][:len(texts[5::80])]
    first = first[:len(second)]
    same(ours(first, second), theirs(first, second, padding=True, return_token_type_ids=True))
    compared = 0
    for a, b in zip(first, second):
        length_a, length_b = len(ours.encode_batch([a])[0]), len(ours.encode_batch([b])[0])
        for max_length in (9, 15, 25):
            cut = length_a + length_b - (max_length - 3)
            if truncation != "longest_first" and not 0 < cut < (
                    length_a if truncation == "only_first" else length_b):
                continue
            assert max_length % 2                      # an even number of places
            settings = dict(max_length=max_length, truncation=truncation, padding="max_length")
            same(ours(a, b, **settings), theirs(a, b, return_token_type_ids=True, **settings))
            compared += 1
    assert compared > 50
