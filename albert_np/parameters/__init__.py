"""The parameters as one tree of arrays: how it is walked, drawn, named and stored.

Read ``functional/trees.py`` (the tree and the functions on it), ``initial_values`` (its shapes),
``published_names`` (what each leaf is called elsewhere), ``matching`` (which tensor of a file is
which leaf), ``original_names`` (checkpoints of the original code) and ``albert_zh_names`` (of
albert_zh), then ``state_dict``. ``pruning`` sets heads and small weights to 0.
"""

from ..functional.trees import (add_in_place, cast, count, flatten, global_norm, leaves_at,
                                tree_map, tree_paths, zeros_like)

__all__ = ["add_in_place", "cast", "count", "flatten", "global_norm", "leaves_at", "tree_map",
           "tree_paths", "zeros_like"]
