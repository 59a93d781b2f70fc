"""What the models have in common: a configuration and one tree of parameters."""

import re
import warnings

import numpy as np

from ..config import AlbertConfig
from ..functional.trees import flatten
from ..parameters.initial_values import initial_parameters
from ..parameters.state_dict import from_state_dict, to_state_dict
from .loading import load_pretrained, save_pretrained
from .trunk import label_counts

# What people know from PyTorch, and what is written here in its place.
CALL = ("output, cache = model.forward(**inputs), and for the gradients "
        "grads = model.backward(cache)")
INSTEAD = {
    **dict.fromkeys(("eval", "train"), "dropout is off unless forward gets "
                                       "rng=np.random.default_rng(seed)"),
    **dict.fromkeys(("parameters", "named_parameters"), "write model.params, a tree of arrays"),
    **dict.fromkeys(("to", "cuda", "cpu"), "NumPy computes on the CPU"),
    **dict.fromkeys(("half", "float", "double"), "give from_pretrained a dtype, np.float32 or "
                                                 "np.float64"),
    "zero_grad": "backward returns new gradients each time",
}


class BaseModel:
    """What the models have in common: a configuration and one tree of parameters.

    Parameters
    ----------
    config : AlbertConfig
    seed : int or None
        Of the initial parameters; None fills them with zeros.
    dtype : dtype
        Of the parameters, and so of everything that is computed from them; at least float32.

    Attributes
    ----------
    params : dict
        The tree of parameters; its branches are the ``components`` of the class.
    """

    components = ()       # the branches of the tree that this model has
    prefix = "albert."    # what Hugging Face writes before the names of the trunk
    load_report = None    # of a model from_pretrained: what differed, a LoadReport

    def __init__(self, config, seed=0, dtype=np.float32):
        if not isinstance(config, AlbertConfig):
            raise ValueError(f"config must be an AlbertConfig, not a {type(config).__name__}")
        if not np.issubdtype(dtype, np.inexact):
            raise ValueError(f"dtype is {np.dtype(dtype)}; parameters need a floating-point dtype")
        if np.finfo(dtype).bits < 32:
            raise ValueError(f"dtype is {np.dtype(dtype)}, in which a training step overflows; use "
                             f"float32 (files in float16 are read into it)")
        self.config = config
        rng = None if seed is None else np.random.default_rng(seed)      # None: zeros
        params = initial_parameters(config, rng, dtype, self.components)
        self.params = {name: params[name] for name in self.components}

    @classmethod
    def from_pretrained(cls, name_or_folder, dtype=np.float32, seed=0, memory_map=False,
                        ignore_mismatched_sizes=False, **changes):
        """A model with published weights, from a folder or from the hub.

        ``load_report`` says what differed; ``changes`` replace fields of the configuration. A
        warning names the weights that the folder does not have. See
        :func:`albert_np.models.loading.load_pretrained`, which is the same without the warning.
        """
        model = load_pretrained(cls, name_or_folder, dtype, seed, memory_map, changes,
                                ignore_mismatched_sizes)
        new = [*model.load_report.initialised, *model.load_report.mismatched]
        if new:
            warnings.warn(f"new weights, which have to be trained: {', '.join(new)}; "
                          f"{name_or_folder} does not have them for {cls.__name__}", stacklevel=2)
        return model

    def save_pretrained(self, folder, tokenizer=None):
        """Write a folder that transformers loads too: see `loading.save_pretrained`."""
        save_pretrained(self, folder, tokenizer)

    def __repr__(self):
        """Its parameters: name, and shape or number of equal ones and their shape."""
        flat, alike = flatten(self.params), {}
        for name, leaf in flat.items():
            alike.setdefault((re.sub(r"\.\d+\.", ".*.", name), leaf.shape), []).append(name)
        rows = {names[0] if len(names) == 1 else pattern:
                f"{len(names)} x {shape}" if len(names) > 1 else f"{shape}"
                for (pattern, shape), names in alike.items()}
        width = max(map(len, rows))
        return "\n".join([
            f"{type(self).__name__}: {sum(leaf.size for leaf in flat.values()):,} parameters, "
            f"{self.dtype}", *(f"  {name:{width}}  {shapes}" for name, shapes in rows.items())])

    def __call__(self, *args, **kwargs):
        """Say what to write: the caller keeps the cache, so `forward` gives two things."""
        raise TypeError(f"{type(self).__name__} is not called; write {CALL}")

    def __getattr__(self, name):
        if name in INSTEAD:
            raise AttributeError(f"{type(self).__name__} has no {name}: {INSTEAD[name]}")
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    @property
    def dtype(self):
        """The dtype of the parameters."""
        return self.params["embeddings"]["word"].dtype

    def label_counts(self, batch):
        """How many labels of a batch count, by name: what the losses of this model are means of.

        Parameters
        ----------
        batch : dict
            The keyword arguments of ``forward``.

        Returns
        -------
        dict of str to int, or to float
            As :func:`~albert_np.models.trunk.label_counts` counts them.
        """
        return label_counts(batch)

    def state_dict(self, tree=None):
        """The parameters, or a tree of gradients, under Hugging Face's names and in its layouts.

        Parameters
        ----------
        tree : dict, optional
            A tree like ``params``; None takes the parameters themselves.

        Returns
        -------
        dict of str to array
            Copies. Tied weights occur once.
        """
        return to_state_dict(self.config, self.params if tree is None else tree, self.prefix)

    def load_state_dict(self, mapping):
        """Copy weights of those names and layouts into ``params``, keeping its dtype.

        Raises
        ------
        ValueError
            That lists what is missing, unknown or of another shape; nothing is changed then.
        """
        from_state_dict(self.config, self.params, mapping, self.prefix)
