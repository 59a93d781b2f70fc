"""Random configurations and batches for them, drawn by Hypothesis.

Whatever decides which lines of the package run is drawn by Hypothesis, so that it can shrink a
failure to the simplest case: sizes, sharing, activation, kind of mask, which labels there are.
The many numbers inside the arrays come from a NumPy generator whose seed is drawn.

Nothing depends on the day: the examples are the same on every run of one version of Hypothesis.
With ``ALBERT_NP_THOROUGH=1`` there are many more of them.
"""

from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from albert_np.config import ACTIVATION_NAMES, SHARINGS, AlbertConfig

IGNORED = -100
# The smallest width of a layer norm. Of two numbers it leaves only which is larger, a step that
# has no slope to compare; of three, it still often meets three that are nearly equal.
NARROWEST = 4


@dataclass
class Case:
    """A configuration and what to run it on.

    Attributes
    ----------
    config : AlbertConfig
    inputs : dict
        input_ids, attention_mask, token_type_ids, the latter two perhaps None.
    labels : dict
        labels and sentence_order_label, or one of them, or neither.
    dropout : bool
        Whether the forward pass is to be given a generator.
    only_the_loss : bool
        Whether the loss alone gets an upstream gradient, or every output. False without labels.
    seed : int
        For whatever else is random.
    """

    config: AlbertConfig
    inputs: dict
    labels: dict
    dropout: bool
    only_the_loss: bool
    seed: int


def number_of_examples(count):
    """Settings for this many examples, the same ones on every run."""
    return settings(max_examples=count, derandomize=True, deadline=None, database=None,
                    print_blob=False,
                    # Fixtures of this folder are functions that keep nothing between examples.
                    suppress_health_check=[HealthCheck.too_slow,
                                           HealthCheck.function_scoped_fixture])


@st.composite
def configurations(draw, for_transformers=False):
    """A small configuration; ``for_transformers``: one that transformers knows as well."""
    A = draw(st.integers(1, 4), label="heads")
    D = draw(st.integers(-(-NARROWEST // A), 4), label="width of a head")
    H = A * D
    L = draw(st.integers(1, 4), label="depths")
    E = draw(st.one_of(st.just(H), st.integers(NARROWEST, 7)), label="E")
    changes = dict(
        vocab_size=draw(st.integers(4, 11), label="V"),
        embedding_size=E,
        hidden_size=H,
        num_hidden_layers=L,
        num_attention_heads=A,
        num_hidden_groups=draw(st.integers(1, L), label="groups"),
        inner_group_num=draw(st.integers(1, 2), label="inner groups"),
        intermediate_size=draw(st.integers(1, 9), label="F"),
        type_vocab_size=draw(st.integers(1, 3), label="types"),
        max_position_embeddings=draw(st.integers(3, 6), label="positions"),
        hidden_act=draw(st.sampled_from(ACTIVATION_NAMES), label="activation"),
        layer_norm_eps=draw(st.sampled_from((1e-12, 1e-3)), label="eps"),
        initializer_range=0.1,
        classifier_dropout_prob=0.0,      # transformers drops in front of the sentence-order head
    )
    if not for_transformers:
        probabilities = st.sampled_from((0.0, 0.1, 0.4))
        changes |= dict(
            sharing=draw(st.sampled_from(SHARINGS), label="sharing"),
            embedding_mapping=E != H or draw(st.booleans(), label="mapping"),
            cross_layer_residual=draw(st.booleans(), label="residual"),
            sop_weight=draw(st.sampled_from((1.0, 0.3, 0.0)), label="sop_weight"),
            hidden_dropout_prob=draw(probabilities, label="hidden dropout"),
            attention_probs_dropout_prob=draw(probabilities, label="attention dropout"))
    return AlbertConfig(**changes)


@st.composite
def cases(draw, for_transformers=False):
    """A configuration with a batch for it.

    ``for_transformers`` leaves out what transformers does not have, and the two points where it
    answers otherwise: queries that may see no key, and labels none of which counts.
    """
    config = draw(configurations(for_transformers))
    B = draw(st.integers(1, 3), label="B")
    T = max(1, config.max_position_embeddings - draw(st.integers(0, 3), label="unused positions"))
    mask = draw(st.sampled_from(("none", "padding", "holes", "queries")), label="mask")
    labelled = draw(st.sampled_from(("some", "all", "nowhere", "not given")), label="labels")
    ordered = draw(st.sampled_from(("some", "all", "nowhere", "not given")), label="order")
    only_the_loss = draw(st.booleans(), label="only the loss")
    dropout = not for_transformers and draw(st.booleans(), label="dropout")
    seed = draw(st.integers(0, 2**32 - 1), label="seed")

    rng = np.random.default_rng(seed)
    ids = rng.integers(0, config.vocab_size, (B, T))
    attention_mask = mask_of(mask, B, T, rng, every_query_sees=for_transformers)
    if mask == "padding":
        ids *= attention_mask
    types = None
    if draw(st.booleans(), label="types given"):
        types = rng.integers(0, config.type_vocab_size, (B, T))
    labels = {"labels": labels_of(labelled, (B, T), config.vocab_size, rng),
              "sentence_order_label": labels_of(ordered, (B,), 2, rng)}
    labels = {name: values for name, values in labels.items() if values is not None}
    if for_transformers:
        labels = {name: values for name, values in labels.items() if (values != IGNORED).any()}
    return Case(config, {"input_ids": ids, "attention_mask": attention_mask,
                         "token_type_ids": types}, labels, dropout,
                only_the_loss and bool(labels), seed)


def mask_of(kind, B, T, rng, every_query_sees):
    """None, or (B, T) or (B, T, T) with something to see for each sequence.

    Parameters
    ----------
    kind : {"none", "padding", "holes", "queries"}
    every_query_sees : bool
        Of (B, T, T): whether each row must have something to see, or only each sequence.
    """
    if kind == "none":
        return None
    if kind == "padding":
        return (np.arange(T) < rng.integers(1, T + 1, (B, 1))).astype(int)
    mask = (rng.random((B, T) if kind == "holes" else (B, T, T)) < 0.5).astype(int)
    rows = mask.reshape(-1, T) if every_query_sees else mask.reshape(B, -1)
    rows[range(len(rows)), rng.integers(0, rows.shape[1], len(rows))] = 1
    return mask


def labels_of(kind, shape, classes, rng):
    """Labels of some positions (at least one), of all, of none; or None."""
    if kind == "not given":
        return None
    labels = rng.integers(0, classes, shape)
    counted = rng.random(shape) < {"some": 0.4, "all": 1, "nowhere": 0}[kind]
    if kind == "some":
        counted.flat[rng.integers(counted.size)] = True
    return np.where(counted, labels, IGNORED)
