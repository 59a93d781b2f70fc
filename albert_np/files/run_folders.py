"""The folder that a run writes: new, empty, or that of its own unfinished run; never another's."""

import contextlib
import re
import shutil
from pathlib import Path

from .locks import LOCK_NAME
from .whole_files import make_folder, write_whole

UNFINISHED = ".unfinished"           # holds the name of the command whose run is not finished


def refuse_other_files(folder, command):
    """Refuse a folder that holds files of something else.

    Parameters
    ----------
    folder : str or Path
    command : str
        Of ``albert-np``, such as "finetune".

    Raises
    ------
    ValueError
        The folder is not empty and holds no unfinished run of this command.
    """
    folder = Path(folder)
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    others = [name for name in names
              if name not in (UNFINISHED, LOCK_NAME) and not re.fullmatch(r"\..+\.\d+\.part", name)]
    if others and not is_unfinished(folder, command):
        raise ValueError(f"the folder {folder} is not empty ({others[0]}) and holds no unfinished "
                         f"run of albert-np {command}; choose another --output")


def claim_folder(folder, command):
    """Begin a run in a folder: refuse another's, and mark it as unfinished.

    Parameters
    ----------
    folder : str or Path
    command : str

    Raises
    ------
    ValueError
        The folder is not empty and holds no unfinished run of this command, or nothing can be
        written there.
    """
    refuse_other_files(folder, command)
    try:
        make_folder(folder)
    except OSError as error:
        raise ValueError(f"The folder {folder} cannot be written: {error.strerror}.") from error
    write_whole(Path(folder) / UNFINISHED, f"{command}\n".encode())


@contextlib.contextmanager
def removed_if_not_begun(folder, begun):
    """Remove a folder that was made for a run, if an error ends the run before it has begun.

    Parameters
    ----------
    folder : str or Path
        If it is there already, it stays, whatever happens.
    begun : str
        The name of a file that the folder of every run has from its beginning on.
    """
    folder = Path(folder)
    new = not folder.exists()
    try:
        yield
    except Exception:
        if new and not (folder / begun).exists():
            shutil.rmtree(folder, ignore_errors=True)
        raise


def release_folder(folder):
    """Take the mark away: the run is finished, or its own files say that it is not."""
    (Path(folder) / UNFINISHED).unlink(missing_ok=True)


def unfinished_note(folder):
    """A sentence that the run in a folder is not finished; empty if it is, or if there is none.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    str
    """
    folder = Path(folder)
    if is_unfinished(folder, "finetune"):
        which = "best epoch so far"
    elif (folder / "options.json").exists() and not (folder / "results.json").exists():
        which = "newest evaluation"
    else:
        return ""
    return f"the run in {folder} is not finished; this is the model of its {which}"


def is_unfinished(folder, command):
    """Whether a folder is marked as that of an unfinished run of a command.

    Parameters
    ----------
    folder : str or Path
    command : str

    Returns
    -------
    bool
    """
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return (Path(folder) / UNFINISHED).read_text("utf-8").strip() == command
    return False
