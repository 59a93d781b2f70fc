"""Gradient clipping."""

from ..parameters import flatten, global_norm


def clip_by_global_norm(grads, max_norm):
    r"""Shorten the gradient, all parameters taken as one vector, to at most ``max_norm``.

    .. math::
       :label: CLIP.1

       g \leftarrow g \cdot \min\!\left(1,\ \frac{\text{max}}{\lVert g \rVert}\right)

    Parameters
    ----------
    grads : tree of arrays, changed in place
    max_norm : float

    Returns
    -------
    float
        The norm before clipping.

    References
    ----------
    Pascanu et al. 2013; the original clips at 1.0.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}; it must be positive")
    norm = global_norm(grads)
    if norm > max_norm:
        for leaf in flatten(grads).values():
            leaf *= max_norm / norm                                    # (CLIP.1)
    return norm
