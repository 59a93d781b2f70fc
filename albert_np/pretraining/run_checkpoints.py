"""Checkpoints of a run: all that is needed to go on as if nothing had happened.

A checkpoint is one safetensors file, ``checkpoints/step-00001000.safetensors`` in the run folder.
Its tensors are arrays of any kind (parameters, moments, metrics); what is not an array (the state
of the random generators, the position in the data) stands as JSON in its metadata, with a SHA-256
digest over everything, so that a single flipped bit is noticed. Nothing in it is ever executed.
"""

import contextlib
import hashlib
import json
import os
import re
import warnings
from pathlib import Path

import numpy as np

from ..files import write_whole
from ..model_files.safetensors_file import reading

FOLDER_NAME = "checkpoints"
FORMAT = "albert_np checkpoint 1"


def save_checkpoint(folder, step, tensors, state, keep=2):
    """Write a checkpoint, then remove those that are older than the last few.

    Parameters
    ----------
    folder : str or Path
        The run folder.
    step : int
        How many steps have been taken.
    tensors : dict of str to array
        Booleans, integers or floating-point numbers, of any shape.
    state : dict
        What JSON can express: dicts with str keys, lists, str, bool, None, and int and float,
        which come back exactly, whatever their size. (Tuples come back as lists.)
    keep : int
        How many checkpoints remain, this one included. Those of later steps, which a run leaves
        that went back to an earlier one, are neither counted nor removed.

    Returns
    -------
    Path
        Of the checkpoint.

    Raises
    ------
    ValueError
        The file cannot be written (the checkpoints before it are then all still there), or an
        array has a dtype that the format does not know.
    TypeError
        JSON cannot express the state.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save

    if keep < 1:
        raise ValueError(f"keep is {keep}; it must be at least 1")
    path = Path(folder) / FOLDER_NAME / f"step-{step:08d}.safetensors"
    # safetensors reads the memory of an array from its beginning to its end, whatever its strides.
    tensors = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    tensors = {name: array.astype(array.dtype.newbyteorder("="), copy=False)
               for name, array in tensors.items()}
    metadata = {"format": FORMAT, "state": json.dumps(state)}
    try:
        metadata["sha256"] = _digest(metadata, tensors)
        data = save(tensors, metadata)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"The checkpoint {path} cannot be written: {error}.") from error
    write_whole(path, data)
    for _, older in _checkpoints(folder, until=step)[keep:]:
        with contextlib.suppress(OSError):      # one too many does no harm
            older.unlink()
    return path


def remove_checkpoints(folder):
    """Remove the checkpoints of a run that needs them no more.

    Parameters
    ----------
    folder : str or Path
        The run folder. What is no checkpoint stays in it.
    """
    with contextlib.suppress(OSError):
        for _, path in _checkpoints(folder):
            path.unlink()
        (Path(folder) / FOLDER_NAME).rmdir()


def load_checkpoint(path):
    """Read a checkpoint.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    tensors : dict of str to array
    state : dict

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file cannot be read, or is not, byte for byte, what was written.
    """
    with reading(path, "checkpoint") as file:
        metadata = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path} is not a checkpoint of this version: its format is "
                         f"{metadata.get('format')!r}, where {FORMAT!r} is needed.")
    digest = metadata.pop("sha256", None)
    if digest != _digest(metadata, tensors):
        raise ValueError(f"The checkpoint {path} is damaged: its contents do not have the digest "
                         f"that was written with them.")
    return tensors, json.loads(metadata["state"])


def newest_checkpoint(folder):
    """Read the newest checkpoint of a run, or, where that is damaged, the one before it.

    Damaged ones get ``.damaged`` added to their names: they are kept, but neither read nor counted
    again.

    Parameters
    ----------
    folder : str or Path
        The run folder.

    Returns
    -------
    step : int
    tensors : dict of str to array
    state : dict

    Raises
    ------
    FileNotFoundError
        The run has no checkpoint.
    ValueError
        It has some, but none can be read.

    Warns
    -----
    UserWarning
        For every checkpoint that was passed over: which, why, and what is used instead.
    """
    found = _checkpoints(folder)
    if not found:
        raise FileNotFoundError(f"There is no checkpoint in {Path(folder) / FOLDER_NAME}.")
    failures = []
    for step, path in found:
        try:
            tensors, state = load_checkpoint(path)
        except (FileNotFoundError, ValueError) as error:
            failures.append((path, error))
            continue
        for damaged, error in failures:
            with contextlib.suppress(OSError):
                os.replace(damaged, f"{damaged}.damaged")
            warnings.warn(f"{error} The one of step {step} is used instead; the damaged one is "
                          f"kept as {damaged.name}.damaged.", stacklevel=2)
        return step, tensors, state
    sentences = " ".join(str(error) for _, error in failures)
    raise ValueError(f"No checkpoint in {Path(folder) / FOLDER_NAME} can be read. {sentences}")


def _checkpoints(folder, until=None):
    """The (step, path) of every checkpoint, the newest first; none after step ``until``."""
    try:
        paths = list((Path(folder) / FOLDER_NAME).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = []
    for path in paths:
        name = re.fullmatch(r"step-(\d{8,})\.safetensors", path.name)
        if name and (until is None or int(name[1]) <= until):
            found.append((int(name[1]), path))
    return sorted(found, reverse=True)


def _digest(metadata, tensors):
    """SHA-256 over the metadata and over name, dtype, shape and bytes of every array."""
    arrays = [[name, tensors[name].dtype.name, tensors[name].shape] for name in sorted(tensors)]
    digest = hashlib.sha256(json.dumps([sorted(metadata.items()), arrays]).encode())
    for name in sorted(tensors):
        digest.update(tensors[name].reshape(-1).view(np.uint8))
    return digest.hexdigest()
