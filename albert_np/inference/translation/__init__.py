r"""Translation with an encoder alone: no new layer, only another attention mask.

A translator needs the probability of a target :math:`y_1 \ldots y_t` given a source x, and by the
rule for conditional probabilities it is a product of next-piece probabilities:

.. math::

   p(y \mid x) = \prod_i p(y_i \mid x,\; y_1 \ldots y_{i-1})

The masked-LM head already turns a hidden state into a distribution over pieces. All that is
missing is a hidden state that has seen x and :math:`y_1 \ldots y_{i-1}`, and nothing else. The
encoder's only way of carrying something from one token to another is attention, so it is enough to
say there who may see whom (:func:`prefix_lm_mask`): the source sees the source, the target sees
the source and the target so far. Two things make this work.

**Nothing leaks, at any depth.** If i may see j and j may see k, then i may see k: what a token may
see is closed under "may see". In the first layer :math:`y_{i-1}` collects from the source and from
:math:`y_1 \ldots y_{i-1}`; in the second it collects from the hidden states of just these, which
have seen nothing further themselves; and so on. The hidden state of :math:`y_{i-1}` is a function
of x and :math:`y_1 \ldots y_{i-1}`, exactly, whatever stands behind them.

**All pieces are predicted at once.** For the same reason one forward pass over source and target
gives every factor of the product, as if the pieces had been added one by one: the hidden state of
:math:`y_{i-1}` is used for :math:`y_i`. Only the labels move by one place
(:func:`next_piece_labels`); loss, head and every backward pass stay what they were. Where a
masked language model learns from the 15 % that are masked, this learns from every target piece.
(UniLM masks target pieces instead and predicts them where they stood; that needs a ``[MASK]`` at
the end to write with, and learns from fewer pieces in each pass.)

Writing then needs no training tricks: put the source down, read off the next piece, append it,
repeat (:func:`greedy_decode`), or keep several beginnings alive (:func:`beam_search`). The hidden
states of what is written do not change when a piece is appended, so they could be kept. Here they
are computed again at every step, which costs a factor of the target's length at most and keeps
decoding a page long.

References
----------
Dong et al. 2019, "Unified Language Model Pre-training for Natural Language Understanding and
Generation" (UniLM).
"""

from .decoding import Hypothesis, beam_search, greedy_decode
from .masks import next_piece_labels, prefix_lm_mask, translation_batch

__all__ = ["Hypothesis", "beam_search", "greedy_decode", "next_piece_labels", "prefix_lm_mask",
           "translation_batch"]
