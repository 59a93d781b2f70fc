"""Fresh parameters: the tree of an ALBERT, shape by shape."""

import numpy as np

from ..config import AlbertConfig


def initial_parameters(config: AlbertConfig, rng, dtype=np.float32, components=()):
    """Draw the parameters of a model that has not learnt anything yet.

    Matrices and embeddings come from a normal distribution with standard deviation
    ``config.initializer_range``, truncated at two standard deviations; biases and betas are 0,
    gammas are 1.

    Parameters
    ----------
    config : AlbertConfig
    rng : numpy.random.Generator or None
        None draws nothing: zeros take the place of random numbers, for weights to be put there.
    dtype : dtype
        float32 to train, float64 to check gradients.
    components : sequence of str
        May name heads of tasks beside those of pretraining: classification_head, choice_head,
        span_head, squad_head. They are drawn last, so that one seed gives the same encoder to
        every model.

    Returns
    -------
    dict
        embeddings, encoder, pooler, mlm_head, sop_head, and the heads that were named.

    References
    ----------
    google-research/albert, ``create_initializer``.
    """
    V, E, H, F = (config.vocab_size, config.embedding_size, config.hidden_size,
                  config.intermediate_size)

    def matrix(*shape):
        if rng is None:
            return zeros(*shape)
        return truncated_normal(rng, shape, config.initializer_range).astype(dtype)

    def zeros(*shape):
        return np.zeros(shape, dtype)

    def layer_norm(size):
        return {"gamma": np.ones(size, dtype), "beta": zeros(size)}

    def linear(inputs, outputs):
        return {"W": matrix(inputs, outputs), "b": zeros(outputs)}

    def attention_block():
        return {
            "self_attention": {"W_q": matrix(H, H), "b_q": zeros(H),
                               "W_k": matrix(H, H), "b_k": zeros(H),
                               "W_v": matrix(H, H), "b_v": zeros(H),
                               "W_o": matrix(H, H), "b_o": zeros(H)},
            "layer_norm": layer_norm(H),
        }

    def feed_forward_block():
        return {
            "feed_forward": {"W_1": matrix(H, F), "b_1": zeros(F),
                             "W_2": matrix(F, H), "b_2": zeros(H)},
            "layer_norm": layer_norm(H),
        }

    attention_blocks, feed_forward_blocks = (1 + max(used) for used in zip(*config.schedule))
    embeddings = {
        "word": matrix(V, E),
        "position": matrix(config.max_position_embeddings, E),
        "token_type": matrix(config.type_vocab_size, E),
        "layer_norm": layer_norm(E),
    }
    if config.embedding_mapping:
        embeddings["mapping"] = linear(E, H)
    params = {
        "embeddings": embeddings,
        "encoder": {
            "attention": [attention_block() for _ in range(attention_blocks)],
            "feed_forward": [feed_forward_block() for _ in range(feed_forward_blocks)],
        },
        "pooler": linear(H, H),
        "mlm_head": {"dense": linear(H, E), "layer_norm": layer_norm(E), "bias": zeros(V)},
        "sop_head": linear(H, 2),
    }
    heads = {
        "classification_head": lambda: linear(H, config.num_labels),
        "choice_head": lambda: linear(H, 1),
        "span_head": lambda: linear(H, 2),
        "squad_head": lambda: {
            "start": linear(H, 1),
            "end": {"dense": linear(2 * H, H), "layer_norm": layer_norm(H), "score": linear(H, 1)},
            "answer": {"dense": linear(2 * H, H), "score": {"W": matrix(H, 1)}}},
    }
    params.update({name: draw() for name, draw in heads.items() if name in components})
    return params


def truncated_normal(rng, shape, std):
    """Normal numbers, where those beyond two standard deviations are drawn again.

    The truncation narrows the distribution: its own standard deviation is 0.88 ``std``.

    Returns
    -------
    array of float64 of the given shape
    """
    values = rng.standard_normal(shape)
    while (beyond := np.abs(values) > 2).any():
        values[beyond] = rng.standard_normal(beyond.sum())
    return std * values


def wave_positions(T, E, amplitude=0.1):
    r"""A position table made of sines and cosines, to start a small model from.

    .. math::
       :label: WAVE.1

       \text{position}_{t,\, 2i} = a \sin(\omega_i t), \qquad
       \text{position}_{t,\, 2i+1} = a \cos(\omega_i t)

    with :math:`\omega` falling evenly, on a logarithmic scale, from 1.5 to 0.05. "One position
    further" is then the same rotation at every t, which attention learns once, and not for each
    pair of neighbours anew as with random rows. The table is trained like any other afterwards.

    Parameters
    ----------
    T : int
        Positions.
    E : int
        Embedding size.
    amplitude : float

    Returns
    -------
    array (T, E) of float64

    References
    ----------
    Vaswani et al. 2017, section 3.5, with fixed tables of longer waves. ALBERT starts from random
    rows.
    """
    omega = np.geomspace(1.5, 0.05, (E + 1) // 2)
    angle = np.arange(T)[:, None] * omega                              # (T, E/2)
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1)          # (T, E/2, 2)
    return amplitude * waves.reshape(T, -1)[:, :E]                     # (WAVE.1)
