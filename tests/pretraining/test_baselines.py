"""The counting baselines, compared with counts made pair by pair."""

import types

import numpy as np
import pytest
from test_pretraining import TOKENIZER

from albert_np.functional import IGNORED
from albert_np.pretraining import BigramModel, UnigramModel, evaluate_baseline


def skewed_text(seed):
    """The piece 5 is at every second position, but never after the piece 6."""
    rng = np.random.default_rng(seed)
    text = rng.integers(7, 17, (9, 12))
    text[:, ::2] = 5
    text[:, -2], text[:, -1] = 6, np.arange(7, 16)
    return text


def probabilities_by_hand(text, u):
    """P(w | u) of every piece w: each pair of neighbours is looked at by itself."""
    counts = np.array([np.count_nonzero(text == w) + 1.0 if w >= 5 else 0 for w in range(17)])
    unigram = counts / counts.sum()
    following = [b for row in text for a, b in zip(row, row[1:]) if a == u and b >= 5]
    if not following:
        return unigram
    different = len(set(following))
    return np.array([(following.count(w) + different * unigram[w]) / (len(following) + different)
                     for w in range(17)])


@pytest.mark.parametrize("seed", range(4))
def test_the_likeliest_follower_need_not_have_been_seen(seed):
    """After the piece 6 the most frequent piece is likelier than every piece that followed."""
    text = skewed_text(seed)
    model = BigramModel(text, TOKENIZER)
    unigram = UnigramModel(text, TOKENIZER)
    assert unigram.best == 5
    for u in range(17):
        expected = probabilities_by_hand(text, u)
        probability, best = model.predict(np.full(17, u))
        np.testing.assert_allclose(probability(np.arange(17)), expected, rtol=1e-12)
        assert expected[best[0]] == pytest.approx(expected.max(), rel=1e-12)
    assert model.best[6] == 5


def test_right_guesses_are_those_of_the_piece_itself():
    """The guess is 5 everywhere; a greater label is wrong, and so is a smaller one."""
    tokenizer = types.SimpleNamespace(vocab_size=8, ordinary_ids=np.arange(4, 8))
    text = np.array([[2, 5, 5, 5, 4, 6, 7]])
    labels = np.array([[IGNORED, 5, IGNORED, 5, 4, 6, 7]])
    figures = evaluate_baseline(UnigramModel(text, tokenizer),
                                [{"input_ids": text, "labels": labels}])
    assert figures["mlm_accuracy"] == 2 / 5


def test_the_first_piece_that_is_never_guessed_is_named():
    """It stands among pieces that are guessed, and before another one that is not."""
    text = np.array([[2, 5, 1, 6, 3, 7]])
    batch = {"input_ids": text, "labels": np.array([[IGNORED, 5, 1, 6, 3, 7]])}
    with pytest.raises(ValueError, match="piece 1 is masked, but the baseline never guesses it"):
        evaluate_baseline(UnigramModel(text, TOKENIZER), [batch])
