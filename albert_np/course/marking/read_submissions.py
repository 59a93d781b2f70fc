"""What students handed in: the texts of their files, read with care."""

import hashlib
import io
import json
import zipfile
from pathlib import Path, PurePosixPath

from ...files.file_kinds import ending_of
from .notebooks import source_of_notebook

MOST_FILES = 500                 # of one submission
MOST_BYTES = 1 << 20             # of one file; the longest module of this package is a tenth
ENDINGS = (".zip", ".ipynb")       # of submissions that are files, in any case
SKIPPED = {"__pycache__", "__MACOSX", ".ipynb_checkpoints", ".git", ".venv", "venv"}


def submissions_in(folder, say=None):
    """The submissions in a folder: each a folder, a zip file or a notebook in it.

    Parameters
    ----------
    folder : str or Path
    say : callable, optional
        Gets a sentence that names what is none of these.

    Returns
    -------
    dict of str to Path
        By the name of the student: that of the folder, or of the file without its ending.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such folder, none is in it, or two have the same name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder} with submissions.")
    found, others = {}, []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__")) or not (path.is_dir() or ending_of(path) in ENDINGS):
            others.append(path.name)
            continue
        name = path.name if path.is_dir() else path.stem
        if name in found:
            raise ValueError(f"{path} and {found[name]} are submissions of the same name; "
                             f"rename one of them.")
        found[name] = path
    if not found:
        raise ValueError(f"{folder} holds no submissions: each should be a folder, a zip file or a "
                         f"notebook in it, named after the student.")
    if others and say is not None:
        say(f"Not marked: {', '.join(others)}; a submission is a folder, a zip file or a notebook.")
    return found


def read_submission(path, modules):
    """The texts of one submission, by their place in a workspace.

    Links are not followed, and what is too large, not UTF-8 or not Python is left out. A workspace
    that lies in folders within the submission is found.

    Parameters
    ----------
    path : str or Path
        A folder, a zip file or a notebook.
    modules : iterable of str
        The files that hold exercises, such as "functional/linear.py".

    Returns
    -------
    files : dict of str to str
        Relative to the workspace.
    remarks : list of str
        About what could not be read.
    """
    path, files, remarks = Path(path), {}, []
    try:
        for name, size, read in _entries(path):
            if name.suffix not in (".py", ".ipynb") or SKIPPED & set(name.parts):
                continue
            if len(files) >= MOST_FILES or size > MOST_BYTES:
                remarks.append(f"{name} was left out: at most {MOST_FILES} files of {MOST_BYTES:,} "
                               f"bytes are read.")
                continue
            try:
                text = read()[:MOST_BYTES].decode("utf-8").removeprefix("\ufeff")
                if name.suffix == ".ipynb":
                    module, text = source_of_notebook(text)
                    name = PurePosixPath(module)
                files.setdefault(str(name), text)
            except (OSError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
                remarks.append(f"{name} cannot be read: {error}")
    except (OSError, zipfile.BadZipFile) as error:
        remarks.append(f"{path.name} cannot be read: {error}")
    return _from_workspace(files, tuple(modules)), remarks


def _entries(path):
    """(name, bytes, a function that reads it) of everything in a folder, zip file or notebook."""
    if path.is_file() and ending_of(path) == ".zip":
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            for entry in archive.infolist():
                name = PurePosixPath(entry.filename)
                if not (entry.is_dir() or name.is_absolute() or ".." in name.parts):
                    yield name, entry.file_size, lambda entry=entry: _unzip(archive, entry)
    elif path.is_file():
        yield PurePosixPath(path.name), path.stat().st_size, path.read_bytes
    else:
        for inside in sorted(path.rglob("*")):
            relative = inside.relative_to(path)
            links = any((path / part).is_symlink() for part in (relative, *relative.parents[:-1]))
            if not links and inside.is_file():
                yield PurePosixPath(*relative.parts), inside.stat().st_size, inside.read_bytes


def _unzip(archive, entry):
    with archive.open(entry) as file:
        return file.read(MOST_BYTES)             # its size may be a lie


def _from_workspace(files, modules):
    """The files by their place in the workspace, wherever in the submission that lies."""
    counts = {}
    for name in files:
        for module in modules:
            if name == module or name.endswith("/" + module):
                prefix = name[:-len(module)]
                counts[prefix] = counts.get(prefix, 0) + 1
    if not counts:
        return files
    best = min(counts, key=lambda prefix: (-counts[prefix], len(prefix), prefix))
    return {name.removeprefix(best): text for name, text in files.items()
            if name.startswith(best)}


def fingerprint(*parts):
    """A short text that differs if any of the parts (what JSON can hold) does."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
