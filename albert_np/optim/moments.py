"""What the optimisers share: running means of the gradient, and where to keep them."""

import math

import numpy as np

from ..functional.trees import flatten, leaves_at, tree_paths


def decays(parameter):
    """Whether weight decay and LAMB's trust ratio apply to this parameter.

    They apply to matrices and embedding tables and not to biases, gammas and betas, which are
    exactly the vectors. The original excludes by name: ``LayerNorm``, ``layer_norm``, ``bias``.

    Examples
    --------
    >>> decays(np.ones((2, 2))), decays(np.ones(2))
    (True, False)
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

    Examples
    --------
    m = 1/2 * 8 + 1/2 * 2 and v = 3/4 * 8 + 1/4 * 4:

    >>> m, v, gradient = np.array([8.0]), np.array([8.0]), np.array([2.0])
    >>> update_moments(m, v, gradient, 0.5, 0.75, np.empty(1))
    >>> m.tolist(), v.tolist()
    ([5.0], [7.0])
    """
    # plain: m = beta_1 * m + (1 - beta_1) * g; v = beta_2 * v + (1 - beta_2) * g**2
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
        Of float32 or a wider floating-point dtype.
    moments : str
        A letter for each moment: "mv".
    """

    def __init__(self, params, moments):
        self.paths, flat = tree_paths(params), flatten(params)
        if not flat or "" in flat:
            found = "has no array" if not flat else f"is of type {type(params).__name__}"
            raise ValueError(f"params {found}; it must be a tree of arrays, such as model.params")
        for name, leaf in flat.items():
            if not isinstance(leaf, np.ndarray):
                raise _no_array("value", name, leaf)
            if not (np.issubdtype(leaf.dtype, np.floating) and leaf.itemsize >= 4):
                raise ValueError(f"{name} has dtype {leaf.dtype}; an optimiser needs float32 or "
                                 f"float64")
        self.branches = list({path[:i]: None for path in self.paths for i in range(len(path))})
        self.branch_sizes = [len(branch) for branch in leaves_at(params, self.branches)]
        self.names = list(flat)
        self.shapes, self.dtypes = zip(*((leaf.shape, leaf.dtype) for leaf in flat.values()))
        self.moments = {letter: {name: np.zeros_like(leaf) for name, leaf in flat.items()}
                        for letter in moments}
        self.work = np.empty((2, max(leaf.size for leaf in flat.values())),
                             np.result_type(*self.dtypes))

    def rows(self, params, grads):
        """Parameter, gradient, moments, and two work arrays of its shape, for every parameter.

        Everything is looked at before the first parameter is changed, so that a step that is
        refused leaves everything as it was.

        Parameters
        ----------
        params, grads : trees like the one the optimiser was made for

        Returns
        -------
        list of tuples

        Raises
        ------
        ValueError
            It names the first parameter whose value or gradient is missing, unknown, of another
            shape or dtype, or whose value is read-only.
        FloatingPointError
            It names the first parameter whose gradient is not finite, or whose gradient has a
            square that is not: the second moment would stay infinite.
        """
        if params is None or grads is None:
            raise ValueError("step needs the parameters and their gradients: "
                             "optimizer.step(model.params, grads)")
        rows = []
        moments = zip(*(arrays.values() for arrays in self.moments.values()))
        for name, shape, dtype, p, gradient, kept in zip(
                self.names, self.shapes, self.dtypes, self._found(params, "value"),
                self._found(grads, "gradient"), moments):
            for what, array in (("value", p), ("gradient", gradient)):
                if not isinstance(array, np.ndarray):
                    raise _no_array(what, name, array)
                if array.shape != shape:
                    raise ValueError(f"{name} has shape {shape}, but its {what} has shape "
                                     f"{array.shape}")
                if array.dtype != dtype:
                    raise ValueError(f"{name} has dtype {dtype}, but its {what} has dtype "
                                     f"{array.dtype}")
            if not p.flags.writeable:
                raise ValueError(f"{name} is read-only; a step changes the parameters in place")
            u, work = self.work[:, :p.size]
            rows.append((p, gradient, *kept, u.reshape(shape), work.reshape(shape)))
        with np.errstate(over="ignore"):
            for name, (_, gradient, *_) in zip(self.names, rows):
                if not np.isfinite(np.vdot(gradient, gradient)):
                    raise FloatingPointError(f"the gradient of {name} is not finite, or too large "
                                             f"to be squared in {gradient.dtype}")
        return rows

    def _found(self, tree, what):
        """The leaves of a tree, which must have the keys of the parameters and no others."""
        try:
            leaves, branches = leaves_at(tree, self.paths), leaves_at(tree, self.branches)
        except (KeyError, IndexError, TypeError):
            raise ValueError(f"{self._first_missing(tree)} has no {what}") from None
        if [len(branch) for branch in branches] != self.branch_sizes:
            unknown = next(name for name in flatten(tree) if name not in self.names)
            raise ValueError(f"{unknown} has no moment in this optimiser, but it has a {what}")
        return leaves

    def _first_missing(self, tree):
        """The name of the first parameter to which a tree has no path."""
        for name, path in zip(self.names, self.paths):
            try:
                leaves_at(tree, [path])
            except (KeyError, IndexError, TypeError):
                return name


def _no_array(what, name, value):
    return ValueError(f"the {what} of {name} must be an array, not a {type(value).__name__}")


def learning_rate(lr, step):
    """The learning rate at a step: a number stays, a schedule is asked.

    Raises
    ------
    ValueError
        The rate is negative or not a finite number.
    """
    rate = lr(step) if callable(lr) else lr
    value = as_number(rate)
    if not 0 <= value < math.inf:
        raise ValueError(f"the learning rate at step {step} is {rate!r}; it must be a finite "
                         f"number that is at least 0")
    return value


def as_number(value):
    """A setting as a float; NaN, with which no comparison holds, where it is no number."""
    if isinstance(value, (str, bytes, bool)):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
