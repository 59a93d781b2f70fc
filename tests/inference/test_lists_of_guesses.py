"""Guesses for ``[MASK]``: the whole list, also if many pieces are equally likely."""

import numpy as np
import pytest

pytest.importorskip("sentencepiece")

from albert_np import AlbertForPreTraining
from albert_np.inference import fill_mask


@pytest.fixture
def model(config):
    return AlbertForPreTraining(config, dtype=np.float64)


def test_of_equal_pieces_the_one_with_the_smaller_number_comes_first(model, tokenizer):
    V = tokenizer.vocab_size
    model.params["mlm_head"]["layer_norm"]["gamma"][:] = 0         # what is left is the bias
    model.params["mlm_head"]["layer_norm"]["beta"][:] = 0
    model.params["mlm_head"]["bias"][:] = np.arange(V) % 4
    expected = sorted(range(V), key=lambda i: -(i % 4))
    for top in (1, 5, 20, V):
        guesses, = fill_mask(model, tokenizer, "A [MASK] of names.", top=top)
        assert [piece for piece, _ in guesses] == [tokenizer.pieces[i] for i in expected[:top]]


@pytest.mark.parametrize("masks", [1, 2, 3, 256])
def test_every_mask_of_every_text_has_the_list_of_its_own_logits(model, tokenizer, monkeypatch,
                                                                 masks):
    """Logits of one, two or three masks at a time, across the borders of the texts."""
    monkeypatch.setattr("albert_np.inference.guesses.MASKS", masks)
    monkeypatch.setattr("albert_np.inference.text_windows.WINDOW", 3)
    texts = ["[MASK] [MASK] a list [MASK] of [MASK].", "A [MASK].", "The [MASK] is [MASK] short.",
             "If [MASK] then it is one of the [MASK] names again."]
    for text, found in zip(texts, fill_mask(model, tokenizer, texts, top=tokenizer.vocab_size)):
        ids = tokenizer(text)["input_ids"]
        columns = np.flatnonzero(ids == tokenizer.mask_token_id)
        assert len(found) == len(columns) == text.count("[MASK]")
        logits = model.forward(ids[None])[0].prediction_logits[0]
        for guesses, z in zip(found, logits[columns]):
            order = np.argsort(-z, kind="stable")
            assert [piece for piece, _ in guesses] == [tokenizer.pieces[i] for i in order]
            p = np.exp(z[order]) / np.exp(z).sum()
            assert [value for _, value in guesses] == pytest.approx(p.tolist(), rel=1e-9)
