"""Arguments of vectors, cosines and batches that are not the defaults."""

import numpy as np
import pytest

pytest.importorskip("sentencepiece")

from albert_np import AlbertModel
from albert_np.inference import sentence_vectors, similarity
from albert_np.inference.batches_by_length import length_batches
from albert_np.inference.translation import prefix_lm_mask
from albert_np.inference.vectors import iterate_similarities

TEXTS = ["A list of names.", "It is short.", "If it is not a list then it is a new object.", "The"]


@pytest.fixture(scope="module")
def model(config):
    return AlbertModel(config, dtype=np.float64)


def cosine(model, tokenizer, first, second, special_tokens):
    a, b = sentence_vectors(model, tokenizer, [first, second], special_tokens)
    return a @ b / np.sqrt((a @ a) * (b @ b))


@pytest.mark.parametrize("special_tokens", [True, False])
def test_every_cosine_of_a_list_leaves_the_special_tokens_in_or_out(model, tokenizer,
                                                                    special_tokens):
    pairs = list(zip(TEXTS, [TEXTS[1], TEXTS[3], TEXTS[0], TEXTS[2]]))
    expected = [cosine(model, tokenizer, *pair, special_tokens) for pair in pairs]
    assert similarity(model, tokenizer, *zip(*pairs), special_tokens) == pytest.approx(
        expected, rel=1e-9)
    assert similarity(model, tokenizer, *pairs[0], special_tokens) == pytest.approx(expected[0])
    assert list(iterate_similarities(model, tokenizer, iter(pairs), special_tokens)) == \
        pytest.approx(expected, rel=1e-9)
    other = [cosine(model, tokenizer, *pair, not special_tokens) for pair in pairs]
    assert not np.isclose(expected, other, rtol=1e-6).any()


def test_the_texts_of_pairs_are_numbered_through(model, tokenizer):
    pairs = [("The", "A"), ("The", "")]
    with pytest.raises(ValueError, match="^Line 4 is empty"):
        list(iterate_similarities(model, tokenizer, pairs, name="line {}".format))
    said, long = [], " ".join(["name"] * 60)
    list(iterate_similarities(model, tokenizer, [("The", "A"), (long, "The")],
                              name="line {}".format, note=said.append))
    assert said == ["Line 3 was cut at the 40 positions that the model has."]


def test_batches_are_of_as_many_tokens_as_told(rng):
    lengths = rng.integers(1, 30, 70)
    for tokens in (30, 64, 300, 9999):
        batches = list(length_batches(lengths, tokens))
        assert np.concatenate(batches).tolist() == sorted(range(70), key=lambda i: -lengths[i])
        for batch in batches[:-1]:                             # one more would be too many
            longest = lengths[batch].max()
            assert len(batch) * longest <= tokens < (len(batch) + 1) * longest
        assert (len(batches) == 1) == (tokens == 9999)


def test_the_prefix_mask_of_long_sequences(rng):
    """40 tokens; the definition, all at once."""
    s = rng.integers(1, 20, 6)
    t, T = rng.integers(0, 20, 6), 40
    i, j = np.indices((T, T))
    for b, mask in enumerate(prefix_lm_mask(s, t, T)):
        in_text = (i < s[b] + t[b]) & (j < s[b] + t[b])
        assert np.array_equal(mask, in_text & ((j < s[b]) | ((i >= s[b]) & (j <= i))))
