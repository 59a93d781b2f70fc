"""The floor: the matrix products of a step, and nothing else.

No arrangement of the rest can be faster than these products alone, computed by the same library
into arrays that exist already.
"""

import multiprocessing
from concurrent.futures import wait

import numpy as np


def products(config, B, T, M, R=None):
    """The matrix products of one forward pass.

    Parameters
    ----------
    config : AlbertConfig
    B, T : int
    M : int
        Positions whose masked-LM logits are computed.
    R : int, optional
        Positions of each sequence whose output of the last layer is computed; None means all.

    Returns
    -------
    list of (int, tuple, tuple)
        How often it occurs, and the shapes of the two factors. The second is a weight, the same
        at every depth, or, in the attention, another activation.
    """
    V, E, H, F = (config.vocab_size, config.embedding_size, config.hidden_size,
                  config.intermediate_size)
    A, N, L = config.num_attention_heads, B * T, len(config.schedule)
    D = H // A

    def layers(count, R):
        return [*[(count, (N, H), (H, H))] * 2,                # k, v
                *[(count, (B * R, H), (H, H))] * 2,            # q and the output
                (count, (B, A, R, D), (B, A, D, T)),           # scores
                (count, (B, A, R, T), (B, A, T, D)),           # sums of values
                (count, (B * R, H), (H, F)), (count, (B * R, F), (F, H))]     # feed-forward

    return [(1, (N, E), (E, H)),                               # embedding mapping
            *layers(L - 1, T), *layers(1, R or T),
            (1, (B, H), (H, H)), (1, (B, H), (H, 2)),          # pooler, sentence order
            (1, (M, H), (H, E)), (1, (M, E), (E, V))]          # masked-LM head


def flops(config, B, T, M, training=True, R=None):
    """Floating-point operations of these products; a training step has three times as many."""
    forward = sum(2 * count * np.prod(a, dtype=float) * b[-1]
                  for count, a, b in products(config, B, T, M, R))
    return forward * (3 if training else 1)


def bare_products(config, B, T, M, training, R=None):
    """A function that computes them.

    The backward pass of Y = A B is dA = dY B^T and dB = A^T dY, with the transposes read in place.

    Parameters
    ----------
    config, B, T, M, R : as in :func:`products`
    training : bool
        With the backward pass or without.

    Returns
    -------
    callable
    """
    rng = np.random.default_rng(0)
    arrays, calls = {}, []

    def array(shape, role):
        if (shape, role) not in arrays:
            arrays[shape, role] = rng.standard_normal(shape, dtype=np.float32)
        return arrays[shape, role]

    for number, (count, a_shape, b_shape) in enumerate(products(config, B, T, M, R)):
        a, b = array(a_shape, "a"), array(b_shape, f"b {number}")
        dy = array((*a_shape[:-1], b_shape[-1]), "dy")
        calls.append((count, (a, b, array(dy.shape, "y"))))
        if training:
            calls.append((count, (dy, b.mT, array(a_shape, "da"))))
            calls.append((count, (a.mT, dy, array(b_shape, f"db {number}"))))

    def run():
        for depth in range(len(config.schedule)):           # each weight once at every depth
            for count, (left, right, out) in calls:
                if depth < count:
                    np.matmul(left, right, out=out)
    return run


def in_threads(functions, pool):
    """A function that runs several at once, each on a thread, and waits for all."""
    def run():
        for future in wait([pool.submit(function) for function in functions]).done:
            future.result()
    return run


def in_processes(functions):
    """A function that runs several at once, the others each in a copy of this process."""
    context, pipes = multiprocessing.get_context("fork"), []

    def serve(ours, theirs, function):
        ours.close()
        while theirs.recv_bytes():
            function()
            theirs.send_bytes(b"done")

    for function in functions[1:]:
        ours, theirs = context.Pipe()
        context.Process(target=serve, args=(ours, theirs, function), daemon=True).start()
        theirs.close()
        pipes.append(ours)

    def run():
        for pipe in pipes:
            pipe.send_bytes(b"run")
        functions[0]()
        for pipe in pipes:
            pipe.recv_bytes()
    return run
