r"""Writing a target piece by piece: the best piece each time, or a beam of beginnings.

Beam search keeps the K best beginnings of a source alive. Every step continues each of them by
every piece. Of all these continuations the best are looked at in their order: one that ends with
``[SEP]`` is finished if it is among the first K, and the first K that do not end go on. Finished
translations are compared by

.. math::
   :label: BEAM.1

   \text{score}(y) = \frac{\log p(y \mid x)}{n^\alpha}

where n counts the pieces, ``[SEP]`` included. Each piece multiplies the probability by something
below 1, so that without the division (:math:`\alpha = 0`) short translations would win for being
short; with :math:`\alpha = 1` the score is the mean log-probability of a piece.

A source is done when no beginning can do better any more. Whatever follows only lowers the
log-probability, so that a beginning of log-probability :math:`\ell` can reach at most

.. math::
   :label: BEAM.2

   \frac{\ell}{N^\alpha}

with N the greatest n that there is room for. Once that is no better than K finished ones, nothing
better can come. With K = 1 and :math:`\alpha = 0` all of this is the greedy rule: take the best
piece, and stop when it is ``[SEP]``.

Every step runs the encoder over source and target so far, without a cache of keys and values. The
last layer and the head, which is the dearest part with a large vocabulary, run for the last token
of each row only.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from ...layers import masked_lm_head_forward
from ...models import albert_forward
from .masks import padded, source_pieces


@dataclass(frozen=True)
class Hypothesis:
    """A translation that was found.

    Attributes
    ----------
    pieces : list of int
        Without special tokens.
    log_probability : float
        Of the pieces, and of the end behind them if it is finished.
    score : float
        The log-probability, normalised by the length (BEAM.1).
    finished : bool
        Whether it ends with ``[SEP]``; otherwise it was cut off at the greatest length.
    """

    pieces: list
    log_probability: float
    score: float
    finished: bool


def greedy_decode(model, sources, max_target_length=64, forbidden=(), batch_size=64):
    """Translate by taking the most probable piece each time, until that is ``[SEP]``.

    Parameters
    ----------
    model : AlbertForMaskedLM or AlbertForPreTraining
        Trained under the prefix mask.
    sources : sequence of sequences of piece ids
        Without special tokens.
    max_target_length : int
        The most pieces of a target, ``[SEP]`` not counted; fewer where the positions run out.
    forbidden : sequence of int
        Ids that are never written, beside ``<pad>`` and ``[CLS]``: for instance ``[MASK]``.
    batch_size : int
        Sources that are translated side by side. It bounds the memory; the translations are the
        same.

    Returns
    -------
    list of Hypothesis
        One for each source, in their order.

    Raises
    ------
    ValueError
        Where a source leaves no room for a target, or an id is none of the vocabulary.
    """
    found = beam_search(model, sources, 1, max_target_length, forbidden, batch_size,
                        length_penalty=0.0)
    return [best for best, in found]


def beam_search(model, sources, beams=4, max_target_length=64, forbidden=(), batch_size=16,
                length_penalty=1.0, max_length=None):
    """Translate by keeping the best beginnings alive, as derived at the top of this file.

    Parameters
    ----------
    model, sources, max_target_length, forbidden : as in :func:`greedy_decode`
    beams : int
        K.
    batch_size : int
        Sources that are translated side by side, each with K rows.
    length_penalty : float
        The alpha of (BEAM.1), 0 or above.
    max_length : int, optional
        The most tokens of source and target together; None: as many as the model has positions.

    Returns
    -------
    list of lists of Hypothesis
        For each source up to K of them, at least one, the best first. One without an end, cut off
        at the greatest length, is there only where there are fewer than K with one, and behind
        them.

    Raises
    ------
    ValueError
        As :func:`greedy_decode`, and where ``beams`` or ``length_penalty`` is out of range.

    References
    ----------
    Wu et al. 2016, section 7, whose length penalty has a similar form.
    """
    for name, value in (("beams", beams), ("max_target_length", max_target_length),
                        ("batch_size", batch_size)):
        if not _is_number(value) or not 1 <= value < np.inf or value % 1:
            raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1")
    if not _is_number(length_penalty) or not 0 <= length_penalty < np.inf:
        raise ValueError(f"length_penalty is {length_penalty!r}; it must be 0 or positive")
    allowed = _allowed(model.config, forbidden)
    searches = [BeamSearch(number, source, model.config, int(beams), int(max_target_length),
                           float(length_penalty), max_length)
                for number, source in enumerate(sources)]
    by_length = sorted(searches, key=lambda search: len(search.source))          # little padding
    for first in range(0, len(by_length), int(batch_size)):
        group = by_length[first:first + int(batch_size)]
        while active := [search for search in group if search.live]:
            sizes = [len(search.live) for search in active]
            log_p = next_log_probabilities(
                model, [search.source for search, size in zip(active, sizes) for _ in range(size)],
                [pieces for search in active for pieces, _ in search.live], allowed)
            for search, part in zip(active, np.split(log_p, np.cumsum(sizes)[:-1])):
                search.advance(part)
    return [search.results() for search in searches]


def next_log_probabilities(model, sources, targets, allowed=None):
    r"""The logarithm of the probability of every piece to come next.

    .. math::
       :label: BEAM.3

       \log p(v \mid x,\; y_1 \ldots y_n) = z_v - \log \sum_w e^{z_w}

    with z the masked-LM logits at the last token of a row: of the source, or of the target so far.
    Pieces that are not allowed have probability 0, and the others share what is left.

    Parameters
    ----------
    model : AlbertForMaskedLM or AlbertForPreTraining
    sources : list of lists of ids
        With their special tokens.
    targets : list of lists of ids
        As far as they are written; perhaps empty.
    allowed : boolean array (V,), optional

    Returns
    -------
    array (rows, V) of float64
    """
    params, config = model.params, model.config
    s, t = np.array(list(map(len, sources))), np.array(list(map(len, targets)))
    batch = padded([x + y for x, y in zip(sources, targets)], s, t, config)
    trunk = {name: params[name] for name in ("embeddings", "encoder")}         # no pooler
    output, _ = albert_forward(trunk, batch["input_ids"], batch["attention_mask"],
                               batch["token_type_ids"], config, recompute=True,
                               positions=(s + t - 1)[:, None])                 # the last tokens
    logits, _ = masked_lm_head_forward(params["mlm_head"], output.sequence_output[:, 0],
                                       params["embeddings"]["word"], config)   # (rows, V)
    z = logits.astype(np.float64)
    if allowed is not None:
        z[:, ~allowed] = -np.inf
    z -= z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))                   # (BEAM.3)


class BeamSearch:
    """The beam of one source: live beginnings (none when it is done), and finished translations."""

    def __init__(self, number, source, config, beams, max_target_length, alpha,
                 max_length=None):
        self.source = source_pieces(source, config)
        for piece in self.source:
            if not 0 <= piece < config.vocab_size:
                raise ValueError(f"source {number} holds the id {piece}, but the vocabulary has "
                                 f"{config.vocab_size} pieces")
        positions = config.max_position_embeddings
        positions = positions if max_length is None else min(positions, max_length)
        self.room = min(max_target_length, positions - len(self.source))
        if self.room < 1:
            raise ValueError(f"source {number} is {len(self.source)} tokens long with its special "
                             f"tokens, which leaves no room for a target in {positions} positions; "
                             f"shorten it")
        self.beams, self.alpha, self.end = beams, alpha, config.eos_token_id
        self.live, self.finished, self.cut = [([], 0.0)], [], []

    def advance(self, log_p):
        """One step, given the next piece's log-probabilities (live beginnings, V)."""
        total = log_p + np.array([so_far for _, so_far in self.live])[:, None]
        order = np.argsort(-total, axis=None, kind="stable")[:2 * self.beams]  # K may end at most
        live, ended = [], set()
        for rank, (row, piece) in enumerate(zip(*np.divmod(order, total.shape[1]))):
            pieces, log_probability = self.live[row][0], float(total[row, piece])
            if log_probability == -np.inf:
                break
            if piece != self.end:
                live.append((pieces + [int(piece)], log_probability))
            elif rank < self.beams:
                ended.add(int(row))
                self.finished.append(self.hypothesis(pieces, log_probability, True))
        self.finished = _best(self.finished, self.beams)
        if len(self.live[0][0]) == self.room:                                  # all are as long
            self.cut = [self.hypothesis(pieces, so_far, False)
                        for row, (pieces, so_far) in enumerate(self.live) if row not in ended]
            live = []
        self.live = [] if self.settled(live) else live[:self.beams]

    def hypothesis(self, pieces, log_probability, finished):
        n = len(pieces) + finished
        score = log_probability / n**self.alpha                                # (BEAM.1)
        return Hypothesis(pieces, log_probability, score, finished)

    def settled(self, live):
        """Whether none of these beginnings can still be among the best."""
        if not live or len(self.finished) < self.beams:
            return not live
        reachable = live[0][1] / (self.room + 1)**self.alpha                   # (BEAM.2)
        return reachable <= self.finished[-1].score

    def results(self):
        return [*self.finished, *_best(self.cut, self.beams)][:self.beams]


def _best(hypotheses, count):
    return sorted(hypotheses, key=lambda hypothesis: -hypothesis.score)[:count]


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _allowed(config, forbidden):
    """Which pieces may be written: a boolean array (V,)."""
    allowed = np.ones(config.vocab_size, bool)
    for piece in [config.pad_token_id, config.bos_token_id, *forbidden]:
        if piece is None:
            continue
        if not 0 <= piece < config.vocab_size:
            raise ValueError(f"forbidden holds {piece}, but the vocabulary has "
                             f"{config.vocab_size} pieces")
        if piece == config.eos_token_id:
            raise ValueError(f"forbidden holds {piece}, the id of [SEP], without which no target "
                             f"ends")
        allowed[piece] = False
    return allowed
