"""Weights in several safetensors files, with an index that says which tensor is where."""

from pathlib import Path

from ..files.json_objects import read_object
from .safetensors_file import open_safetensors


def open_sharded(index):
    """Check an index and all of its files, and list their tensors.

    Parameters
    ----------
    index : str or Path
        ``model.safetensors.index.json``: {"weight_map": {name: file}}.

    Returns
    -------
    dict of str to StoredTensor

    Raises
    ------
    FileNotFoundError
        There is no such index, or it names files that are not there.
    ValueError
        The index or one of the files is damaged, they contradict each other, or the index names
        a file outside its own folder.
    """
    index = Path(index)
    places = read_object(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(p, str) for p in places.values()):
        raise ValueError(f"{index} has no weight_map from names of tensors to names of files.")
    files = sorted(set(places.values()))
    for file in files:
        # A plain name has no "/" and no "..", so that it cannot lead out of the folder.
        if file != Path(file).name or "\\" in file or "\0" in file \
                or not file.endswith(".safetensors"):
            raise ValueError(f"{index} names the file {file[:80]!r}; it may only name "
                             f"safetensors files in its own folder.")
    present = {path.name for path in index.parent.iterdir()}
    absent = [file[:80] for file in files if file not in present]
    if absent:
        raise FileNotFoundError(f"{index} names files that are not there: "
                                f"{', '.join(absent[:20])}.")
    shards = {file: open_safetensors(index.parent / file) for file in files}
    for name, file in places.items():
        if name not in shards[file]:
            raise ValueError(f"{index} says that the tensor {name[:80]!r} is in {file}, which does "
                             f"not hold it.")
    return {name: shards[file][name] for name, file in places.items()}
