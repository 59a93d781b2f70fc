"""What the optimisers share: running means of the gradient, and where to keep them."""

import numpy as np

from ..functional.trees import flatten, leaves_at, tree_paths


def decays(parameter):
    """Whether weight decay and LAMB's trust ratio apply to this parameter.

    They apply to matrices and embedding tables and not to biases, gammas and betas, which are
    exactly the vectors. The original excludes by name: ``LayerNorm``, ``layer_norm``, ``bias``.
    """
    return parameter.ndim > 1


def update_moments(m, v, gradient, beta_1, beta_2, work):
    r"""Running means of the gradient and of its square, in place.

    .. math::
       :label: MOM.1

       m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
       v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2

    Parameters
    ----------
    m, v, gradient, work : arrays of one shape
        ``work`` is overwritten.
    beta_1, beta_2 : float
    """
    np.multiply(gradient, 1 - beta_1, out=work)
    m *= beta_1
    m += work
    np.multiply(gradient, gradient, out=work)
    work *= 1 - beta_2
    v *= beta_2
    v += work                                                          # (MOM.1)


class Leaves:
    """The parameters that an optimiser was made for, as one list, with an array for each moment.

    The tree is walked once, here. A step follows the paths that were found.

    Parameters
    ----------
    params : tree of arrays
    moments : str
        A letter for each moment: "mv".
    """

    def __init__(self, params, moments):
        self.paths, flat = tree_paths(params), flatten(params)
        self.names, self.shapes = list(flat), [leaf.shape for leaf in flat.values()]
        self.moments = {letter: {name: np.zeros_like(leaf) for name, leaf in flat.items()}
                        for letter in moments}
        largest = max(flat.values(), key=lambda leaf: leaf.size)
        self.checked = False
        self.work = np.empty((2, largest.size), largest.dtype)

    def rows(self, params, grads):
        """Parameter, gradient, moments, and two work arrays of its shape, for every parameter.

        Parameters
        ----------
        params, grads : trees like the one the optimiser was made for

        Returns
        -------
        list of tuples

        Raises
        ------
        ValueError
            It names the first parameter that has no value or gradient of its shape, or that this
            optimiser was not made for; nothing has been changed then.
        """
        if not self.checked:                     # once: a parameter that is new would stay as it is
            for name in flatten(params):
                if name not in self.names:
                    raise ValueError(f"{name} has no moment in this optimiser")
            self.checked = True
        rows = []
        moments = zip(*(arrays.values() for arrays in self.moments.values()))
        for name, shape, p, gradient, kept in zip(
                self.names, self.shapes, self._found(params, "value"),
                self._found(grads, "gradient"), moments):
            for what, array in (("value", p), ("gradient", gradient)):
                if array.shape != shape:
                    raise ValueError(f"{name} has shape {shape}, but its {what} has shape "
                                     f"{array.shape}")
            u, work = self.work[:, :p.size]
            rows.append((p, gradient, *kept, u.reshape(shape), work.reshape(shape)))
        return rows

    def _found(self, tree, what):
        try:
            return leaves_at(tree, self.paths)
        except (KeyError, IndexError, TypeError):
            there = flatten(tree)
            missing = next(name for name in self.names if name not in there)
            raise ValueError(f"{missing} has no {what}") from None


def learning_rate(lr, step):
    """The learning rate at a step: a number stays, a schedule is asked."""
    return float(lr(step) if callable(lr) else lr)
