"""Random inputs of one trial: sizes that all differ, numbers, labels, masks, parameters."""

from __future__ import annotations

import numpy as np

from ...config import AlbertConfig
from ...gradcheck.differences import cast_floats, derivative, random_like
from ...parameters import tree_map
from ...parameters.initial_values import initial_parameters

# From which each letter is drawn; H is A D.
RANGES = {"B": (2, 3), "L": (2, 4), "A": (2, 5), "D": (2, 5), "M": (4, 7), "T": (6, 9),
          "E": (7, 11), "F": (10, 16), "V": (19, 27)}


def draw_sizes(rng):
    """Sizes for B, T, E, A, D, H, F, V, L, M, no two alike.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to int
    """
    while True:
        sizes = {letter: int(rng.integers(low, high + 1))
                 for letter, (low, high) in RANGES.items()}
        sizes["H"] = sizes["A"] * sizes["D"]
        if len(set(sizes.values())) == len(sizes):
            return sizes


def check_sizes(sizes):
    """Sizes that somebody chose.

    Parameters
    ----------
    sizes : dict of str to int, or None

    Returns
    -------
    dict of str to int

    Raises
    ------
    ValueError
        A letter is unknown, or its size is too small for the trials.
    """
    for letter, size in (sizes or {}).items():
        if letter not in RANGES or isinstance(size, bool) or not isinstance(size, int) or (
                size < RANGES[letter][0]):
            least = ", ".join(f"{name} >= {low}" for name, (low, _) in RANGES.items())
            raise ValueError(f"The size {letter} = {size!r} is impossible. Whole numbers can be "
                             f"given for {least}; H is A times D.")
    return dict(sizes or {})


class Draw:
    """The source of everything random in a trial.

    Parameters
    ----------
    seed : int or list of int
    dtype : str
        Of all numbers that are drawn.
    sizes : dict of str to int, optional
        Some or all of the letters; the others are drawn.

    Attributes
    ----------
    B, T, E, A, D, H, F, V, L, M : int
    rng : numpy.random.Generator
    dtype : dtype

    Raises
    ------
    ValueError
        See :func:`check_sizes`.
    """

    def __init__(self, seed, dtype="float64", sizes=None):
        self.rng, self.dtype = np.random.default_rng(seed), np.dtype(dtype)
        drawn = draw_sizes(self.rng)
        drawn |= check_sizes(sizes)
        self.__dict__.update(drawn, H=drawn["A"] * drawn["D"])

    def normal(self, *shape):
        """Standard normal numbers."""
        return self.rng.standard_normal(shape).astype(self.dtype)

    def integers(self, low, high, *shape):
        """Integers from low to high - 1."""
        return self.rng.integers(low, high, shape)

    def like(self, y):
        """A random upstream gradient for every output; for a single number of the draw's dtype."""
        if isinstance(y, float) or getattr(y, "ndim", 1) == 0:
            y = self.dtype.type(y)
        return random_like(y, self.rng)

    def config(self, **changes):
        """A configuration of these sizes."""
        return AlbertConfig(**{**dict(
            vocab_size=self.V, embedding_size=self.E, hidden_size=self.H,
            num_hidden_layers=self.L, num_attention_heads=self.A, intermediate_size=self.F,
            max_position_embeddings=self.T + 2, hidden_act="gelu_new", layer_norm_eps=0.1),
            **changes})

    def params(self, config, *components):
        """Parameters in which no bias is 0 and no gamma 1."""
        tree = initial_parameters(config, np.random.default_rng(int(self.rng.integers(2**31))),
                                  self.dtype, components)
        return tree_map(lambda leaf: leaf + (0.4 * self.rng.standard_normal(leaf.shape)
                                             ).astype(self.dtype), tree)

    def padding(self):
        """A mask (B, T) in which the first sequence is full and the others are padded."""
        lengths = self.rng.integers(2, self.T, self.B)
        lengths[0] = self.T
        return (np.arange(self.T) < lengths[:, None]).astype(int)


def rows_apart(draw, *shape):
    """Standard normal numbers, but from one part of the batch to the next 3000 larger."""
    offsets = 3000 * np.arange(1, shape[0] + 1).reshape(-1, *[1] * (len(shape) - 1))
    return (draw.normal(*shape) + offsets).astype(draw.dtype)


def one_is(array, value):
    """A copy in which the second entry of the first axis is another."""
    array = array.copy()
    array[1] = value
    return array


def slopes(forward, inputs, dy):
    """The numerical gradient of sum(dy * forward(inputs)), for one entry at a time.

    Parameters
    ----------
    forward : callable
        ``forward(**inputs)``, the output or a tree of outputs.
    inputs : dict of str to array or tree
    dy : tree like the output

    Returns
    -------
    callable
        From the dotted name of a gradient, with or without the d, and an index to the slope.
    """
    from ...parameters import flatten

    def slope(name, index):
        nudged = cast_floats(inputs, np.float64)
        arrays = flatten(nudged)
        array = arrays[name if name in arrays else name[1:]]           # of dx the input is x

        def y_of(nudge):
            value = array[index]
            array[index] = value + nudge
            y = tree_map(np.copy, forward(**nudged))
            array[index] = value
            return y

        return float(derivative(y_of, dy, "centred"))

    return slope


# ---- functions that draw ------------------------------------------------------------------------

class Property:
    """What must hold of results of which many are right.

    The process of a student sends the results. The property is computed outside of that process,
    where no submission can change how.

    Parameters
    ----------
    of : callable
        From the results to something that every right solution has alike.
    results : arrays
    any_shape : bool
        The results of right solutions may differ in shape.
    """

    def __init__(self, of, *results, any_shape=False):
        self.of, self.results, self.any_shape = of, results, any_shape


def generator(draw):
    """A generator of its own."""
    return np.random.default_rng(int(draw.integers(0, 2**31)))


def near(shares, p, count):
    """Whether shares of ``count`` independent draws are within six standard errors of p."""
    return bool(np.all(np.abs(np.asarray(shares) - p) < 6 * np.sqrt(p * (1 - p) / count)))


def depends_on_generator(function, draw, any_shape=False):
    """Whether generators of one seed give one result, and those of two seeds two."""
    first, second = draw.integers(0, 2**31, 2).tolist()
    return Property(lambda one, again, other: {
        "the same for the same seed": bool(np.array_equal(one, again)),
        "another for another seed": not np.array_equal(one, other)},
        *(np.asarray(function(np.random.default_rng(seed))) for seed in (first, first, second)),
        any_shape=any_shape)


def refused(function, *arguments, error=ValueError, **options):
    """With which error a call ends, as words; a subclass of the error expected counts as that."""
    try:
        function(*arguments, **options)
    except error:
        return f"refused with {error.__name__}"
    except NotImplementedError:
        raise
    except Exception as other:
        return f"refused with {type(other).__name__}"
    return "not refused"
