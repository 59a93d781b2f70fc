"""Trials of the factorised embeddings and of the head that is tied to them."""

from ... import layers
from .forward_backward import layer_pair


def _embeddings(draw):
    ids, types = draw.integers(0, draw.V, draw.B, draw.T), draw.integers(0, 2, draw.B, draw.T)
    ids[:, 1] = ids[:, 3] = 4                             # a token that occurs again and again
    for what, changes, rng in [("", {}, None), (" with dropout", {"hidden_dropout_prob": 0.3},
                                                "rng"),
                               (" without a mapping", {"embedding_size": draw.H,
                                                       "embedding_mapping": False}, None)]:
        config = draw.config(**changes)
        yield what, {"params": draw.params(config)["embeddings"]}, (ids, types, config, rng)


embeddings_forward, embeddings_backward = layer_pair(
    "embeddings", layers.embeddings_forward, layers.embeddings_backward, _embeddings)


def _masked_lm_head(draw):
    for what, changes in (("", {}), (" with tanh", {"hidden_act": "tanh"})):
        config = draw.config(**changes)
        params = draw.params(config, "mlm_head")
        yield what, {"params": params["mlm_head"], "x": draw.normal(draw.M, draw.H),
                     "word": params["embeddings"]["word"]}, (config,)


masked_lm_head_forward, masked_lm_head_backward = layer_pair(
    "masked_lm_head", layers.masked_lm_head_forward, layers.masked_lm_head_backward,
    _masked_lm_head)
