"""Which folder holds a model, and which of its files."""

import re
from difflib import get_close_matches
from pathlib import Path

from . import hub
from .file_names import INDEX_NAME, PICKLE_NAME, QUANTIZED_NAME, WEIGHTS_NAME


def find_folder(name_or_folder, weights=True):
    """The local folder of a model.

    Parameters
    ----------
    name_or_folder : str or Path
        A folder with the files of a model; a folder ``models--owner--name`` of the hub's cache,
        whose current snapshot is taken; otherwise a name on the hub.
    weights : bool
        Whether weights are needed too; by default the hub is asked for them.

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        There is no such folder, and it can be no name either, or the cache has no snapshot.
    ValueError
        It is a file, or (see ``albert_np.model_files.hub``) no model can be fetched under the name.
    """
    if name_or_folder == "":
        raise ValueError("the name of a model is empty; give a folder, or a name on the hub")
    if not isinstance(name_or_folder, (str, Path)):
        raise ValueError(f"a model is named by a str or a Path, not by {name_or_folder!r}")
    folder = Path(name_or_folder)
    try:
        folder = folder.expanduser()
        is_folder, exists = folder.is_dir(), folder.exists()
    except (OSError, RuntimeError, ValueError):     # too long a name, no such user, a zero byte
        raise FileNotFoundError(f"There is no folder {str(folder)[:200]!r}.") from None
    if is_folder:
        return _snapshot(folder)
    if exists:
        raise ValueError(f"{folder} is a file; give the folder that it is in")
    if isinstance(name_or_folder, Path) or not re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?",
                                                            name_or_folder):
        raise FileNotFoundError(f"There is no folder {folder}{_near(folder)}")
    try:
        return hub.find_folder(name_or_folder, weights=weights)
    except (FileNotFoundError, ConnectionError, ValueError) as error:
        if name_or_folder.removeprefix("albert/") in hub.PUBLISHED:
            raise
        raise type(error)(f"There is no folder {folder}{_near(folder)} As a name on the hub: "
                          f"{error}") from error


def _near(folder):
    """How a sentence about a folder that is not there ends: with a name that is nearly its own."""
    try:
        others = [path for path in folder.parent.iterdir() if path.is_dir()]
    except OSError:
        others = []
    names = {path.name: str(path) for path in others}
    if len(folder.parts) == 1:
        names |= {name: name for name in hub.PUBLISHED}
    near = get_close_matches(folder.name, sorted(names), 1, 0.75)
    return f"; did you mean {names[near[0]]}?" if near else "."


def _snapshot(folder):
    """The snapshot that a folder of the hub's cache points to; any other folder as it is."""
    snapshots = folder / "snapshots"
    if not folder.name.startswith("models--") or not snapshots.is_dir():
        return folder
    main = folder / "refs" / "main"
    if main.is_file():
        revision = main.read_text(encoding="utf-8", errors="replace").strip()
        if re.fullmatch(r"\w+", revision) and (snapshots / revision).is_dir():
            return snapshots / revision
    found = sorted(path for path in snapshots.iterdir() if path.is_dir())
    if len(found) != 1:
        raise FileNotFoundError(f"{snapshots} holds {len(found)} snapshots and no refs/main says "
                                f"which; give the folder of one.")
    return found[0]


def find_original(folder):
    """The prefix ``model.ckpt-...`` of an original checkpoint (Path), or None.

    Of several, "best" is taken, or the one of the latest step. Checkpoints of albert_zh are called
    ``albert_model.ckpt``.
    """
    def rank(path):
        step = path.name.removeprefix("model.ckpt-").removesuffix(".index")
        return (step == "best", int(step) if step.isdecimal() and len(step) < 20 else -1, step)

    found = (sorted(Path(folder).glob("model.ckpt-*.index"), key=rank)
             or sorted(Path(folder).glob("*.ckpt.index")))
    return found[-1].with_name(found[-1].name.removesuffix(".index")) if found else None


def weights_kind(folder):
    """Which kind of weights a folder has: the name of the file, or "original".

    Raises
    ------
    FileNotFoundError
        It has none.
    """
    folder = Path(folder)
    for name in (WEIGHTS_NAME, INDEX_NAME, PICKLE_NAME, QUANTIZED_NAME):
        if (folder / name).exists():
            return name
    if find_original(folder):
        return "original"
    raise FileNotFoundError(f"There are no weights in {folder}: neither {WEIGHTS_NAME} nor "
                            f"{INDEX_NAME} nor {PICKLE_NAME} nor model.ckpt-*.index.")
