"""Which tensor of a file belongs to which parameter, and what is missing, wrong or left over."""

import re
from dataclasses import dataclass, field

import numpy as np

from ..model_files.stored_tensor import FLOATS, as_floats
from .published_names import HEADS, NOT_WEIGHTS, TIED, name_table, stored_shape

MAY_BE_MISSING = ("pooler", *HEADS)
MOST_SHAPES = 4             # so many tensors of another shape are listed one by one


@dataclass
class Match:
    """What :func:`match` found; the names of files are Hugging Face's, without "albert."."""

    found: list = field(default_factory=list)       # (Name, StoredTensor)
    missing: list = field(default_factory=list)     # Name
    mismatched: list = field(default_factory=list)  # (Name, its shape in the file)
    unused: list = field(default_factory=list)      # the names that stand in the file
    unknown: list = field(default_factory=list)     # those of them that no model here has
    ignored: list = field(default_factory=list)
    tied: list = field(default_factory=list)        # sentences
    has_prefix: bool = False                        # whether the file writes "albert."


def match(config, branches, stored, source, ignore_mismatched_sizes=False):
    """Find the parameters of a model in a file of weights.

    Only names, shapes and dtypes are compared, and nothing is allocated; numbers are read only
    where a tied weight stands in the file twice.

    Parameters
    ----------
    config : AlbertConfig
    branches : sequence of str
        Those of the model's tree: "embeddings", "encoder", "pooler", "mlm_head", ...
    stored : dict of str to StoredTensor
    source : str or Path
        What the sentences call the file.
    ignore_mismatched_sizes : bool
        Put tensors of a head that have another shape into ``mismatched``.

    Returns
    -------
    Match

    Raises
    ------
    ValueError
        That lists everything wrong: tensors of another shape (of many the first, and the number
        of the others), or not of floating-point numbers, those of the trunk that are missing, heads
        of which only a part is there, names that occur with and without prefix.
    """
    result, faults, misshapen = Match(), [], []
    by_name, in_file = {}, {}
    for name, tensor in stored.items():
        known_as = common_name(name)
        if known_as in by_name:
            faults.append(f"{known_as} is there twice, as {in_file[known_as]} and as {name}")
        by_name[known_as], in_file[known_as] = tensor, name
    result.has_prefix = any(name.removeprefix("module.").startswith("albert.") for name in stored)
    table = name_table(config, prefix="")
    wanted = [name for name in table if name.ours.partition(".")[0] in branches]
    used = _settle_tied(config, by_name, "mlm_head" in branches, result, faults)
    for name in wanted:
        tensor = by_name.get(name.hugging_face)
        if tensor is None:
            result.missing.append(name)
            continue
        used.add(name.hugging_face)
        shape, named = stored_shape(name, config), in_file.get(name.hugging_face, name.hugging_face)
        if tensor.shape != shape and ignore_mismatched_sizes and name.component in HEADS:
            result.mismatched.append((name, tensor.shape))
            continue
        result.found.append((name, tensor))
        if tensor.shape != shape:
            misshapen.append((name, f"{named} has shape {tensor.shape} instead of {shape}"))
        elif tensor.dtype not in FLOATS:
            faults.append(f"{named} has the dtype {tensor.dtype}; weights are {', '.join(FLOATS)}")
    partly = {name.component for name, _ in result.found}
    absent = [name.hugging_face for name in result.missing
              if name.component not in MAY_BE_MISSING or name.component in partly]
    faults += [f"{name} is missing" for name in absent[:40]]
    if len(absent) > 40:
        faults.append(f"and {len(absent) - 40} more are missing")
    faults += _shapes_in_words(misshapen)
    if faults:
        raise ValueError(f"the weights in {source} do not fit the configuration: "
                         + "; ".join(faults))
    known = {*(name.hugging_face for name in table), *TIED}
    for known_as, name in in_file.items():
        if re.search(NOT_WEIGHTS, known_as):
            result.ignored.append(name)
        elif known_as not in used:
            result.unused.append(name)
            result.unknown += [name] * (known_as not in known)
    return result


def _shapes_in_words(misshapen):
    """What is said of (Name, sentence) for tensors of another shape: a few, or one and a count."""
    sentences = [sentence for _, sentence in misshapen]
    if len(sentences) > MOST_SHAPES:
        sentences = [sentences[0], f"and {len(sentences) - 1} more have another shape"]
    if misshapen and all(name.component in HEADS for name, _ in misshapen):
        sentences.append("ignore_mismatched_sizes=True draws a new head")
    return sentences


def common_name(name):
    """The name of a tensor without what some files write before it or otherwise.

    Examples
    --------
    >>> common_name("module.albert.embeddings.LayerNorm.gamma")
    'embeddings.LayerNorm.weight'
    """
    name = name.removeprefix("module.").removeprefix("albert.")
    name = re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", name)      # files of 2019
    return re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", name)


def _settle_tied(config, by_name, has_decoder, result, faults):
    """Second copies of tied weights: compared, or put where the first is missing."""
    used = set()
    for second, first in TIED.items():
        if second not in by_name:
            continue
        if first not in by_name:
            by_name[first] = by_name[second]
            result.tied.append(f"{first} was taken from {second}")
        elif has_decoder:
            same = by_name[first].shape == by_name[second].shape and np.array_equal(
                as_floats(by_name[first]), as_floats(by_name[second]), equal_nan=True)
            if same:
                result.tied.append(f"{second} is also there, and equal")
            elif config.extra.get("tie_word_embeddings") is False:
                faults.append(f"{second} differs from {first}, and the configuration says that "
                              f"they are not tied; here they always are")
            else:
                result.tied.append(f"{second} DIFFERS from {first}, which is used for both")
        used.add(second)
    return used
