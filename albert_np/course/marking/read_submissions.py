"""What students handed in: the texts of their files, read with care."""

import hashlib
import json
import os
import stat
import zipfile
from pathlib import Path, PurePosixPath

from ...files.file_kinds import ending_of
from .harmless_text import printable, quoted
from .notebooks import source_of_notebook

MOST_FILES = 500                 # of one submission
MOST_BYTES = 1 << 20             # of one file; the longest module of this package is a tenth
MOST_OF_NOTEBOOK = 20 << 20      # with its outputs, which are dropped
MOST_IN_ALL = {".py": 4 << 20, ".ipynb": 200 << 20}
MOST_AS_JSON = 16 << 20          # as it is sent on: a control character takes six bytes there
MOST_FOLDERS = 100               # they are made and removed for every exercise
LONGEST_NAME = 100               # bytes of each folder's or file's name
DEEPEST = 30
MOST_REMARKS = 20
ENDINGS = (".zip", ".ipynb")       # of submissions that are files, in any case
INFLATED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}     # what zipfile reads piece by piece
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
    dict of str to Path or tuple of Path
        By the name of the student: that of the folder, or of the file without its ending. Several
        submissions of one name are together.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such folder, or none is in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {printable(str(folder))} with submissions.")
    found, others = {}, []
    for path in sorted(folder.iterdir()):
        is_folder = os.path.isdir(path)          # and no error, whatever a link leads to
        if path.name.startswith((".", "__")) or not (is_folder or ending_of(path) in ENDINGS):
            others.append(path.name)
            continue
        found.setdefault(path.name if is_folder else path.stem, []).append(path)
    if not found:
        raise ValueError(f"{printable(str(folder))} holds no submissions: each should be a folder, "
                         f"a zip file or a notebook in it, named after the student.")
    if others and say is not None:
        others = ", ".join(map(quoted, others))
        say(f"Not marked: {others}; a submission is a folder, a zip file or a notebook.")
    for paths in found.values():
        if len(paths) > 1 and say is not None:
            say(f"Not marked: {_of_one_name(paths)}")
    return {name: paths[0] if len(paths) == 1 else tuple(paths) for name, paths in found.items()}


def _of_one_name(paths):
    return (f"{', '.join(quoted(path.name) for path in paths)} are submissions of the same "
            f"name; leave one of them.")


def read_submission(path, modules):
    """The texts of one submission, by their place in a workspace.

    Links are not followed, the submission itself included. What is too large, not UTF-8 or not
    Python is left out. A workspace that lies in folders within the submission is found.

    Parameters
    ----------
    path : str, Path or tuple of Path
        A folder, a zip file or a notebook. Several of one name are not read.
    modules : iterable of str
        The files that hold exercises, such as "functional/linear.py".

    Returns
    -------
    files : dict of str to str
        Relative to the workspace.
    remarks : list of str
        About what could not be read.
    """
    if isinstance(path, tuple):
        return {}, [_of_one_name(path)]
    path, files, remarks, read_of = Path(path), {}, [], {".py": 0, ".ipynb": 0}
    folders, as_json = set(), 0
    if path.is_symlink():
        return {}, [f"{quoted(path.name)} is a link; hand in the files themselves."]
    try:
        for name, size, read in _entries(path, remarks, tuple(modules)):
            if name.suffix not in read_of or SKIPPED & set(name.parts):
                continue
            shown = quoted(str(name))
            try:
                if reason := (_too_long(name)
                              or _too_much(name.suffix, size, len(files), read_of)):
                    remarks.append(f"{shown} was left out: {reason}.")
                else:
                    read_of[name.suffix] += size
                    place, text, left_out = _module(name, read)
                    if name.suffix == ".ipynb":
                        code = len(text.encode("utf-8"))     # JSON can hold half a character
                        if reason := _too_much(".py", code, len(files), read_of):
                            raise ValueError(f"of its code, {reason}")
                        read_of[".py"] += code
                    around = folders.union(PurePosixPath(place).parents)
                    weight = as_json + len(json.dumps([place, text]))
                    if len(around) > MOST_FOLDERS:
                        raise ValueError(f"at most {MOST_FOLDERS} folders are read")
                    if weight > MOST_AS_JSON:
                        raise ValueError(f"of all texts and names as JSON, at most "
                                         f"{MOST_AS_JSON:,} bytes are read")
                    folders, as_json = around, weight
                    files.setdefault(place, text)
                    if left_out:
                        remarks.append(_of_cells(shown, left_out))
            except Exception as error:           # a damaged file has many ways to say so
                remarks.append(f"{shown} cannot be read: {why_not(error)}.")
    except Exception as error:
        remarks.append(f"{quoted(path.name)} cannot be read: {why_not(error)}.")
    files = _from_workspace(files, tuple(modules))
    for name in [name for name in files if any(str(folder) in files
                                               for folder in PurePosixPath(name).parents)]:
        del files[name]
        remarks.append(f"{quoted(name)} was left out: its folder has the name of a file.")
    if len(remarks) > MOST_REMARKS:
        remarks[MOST_REMARKS:] = [f"{len(remarks) - MOST_REMARKS} more files have remarks."]
    return files, remarks


def _too_long(name):
    """What is wrong with the length of a name; nothing if that is right."""
    if max(len(part.encode("utf-8", "surrogateescape")) for part in name.parts) > LONGEST_NAME:
        return f"a name has at most {LONGEST_NAME} bytes"
    if len(name.parts) > DEEPEST:
        return f"at most {DEEPEST} folders may lie in each other"
    return ""


def _too_much(kind, size, files, read_of):
    """Why a file of this kind and size is not read; nothing if it is."""
    most = MOST_OF_NOTEBOOK if kind == ".ipynb" else MOST_BYTES
    if files >= MOST_FILES:
        return f"at most {MOST_FILES} files are read"
    if size > most:
        return f"it has {size:,} bytes; at most {most:,} are read"
    if read_of[kind] + size > MOST_IN_ALL[kind]:
        return f"at most {MOST_IN_ALL[kind]:,} bytes are read in all"
    return ""


def _module(name, read):
    """The place and the text of a module, from its file or its notebook; cells left out."""
    left_out, text = [], read(MOST_OF_NOTEBOOK if name.suffix == ".ipynb" else MOST_BYTES)
    text = text.decode("utf-8").removeprefix("\ufeff")
    if name.suffix == ".ipynb":
        module, text, left_out = source_of_notebook(text)
        name = PurePosixPath(module)
        if reason := _too_long(name):
            raise ValueError(reason)
    return str(name), text, left_out


def _of_cells(shown, left_out):
    commands = [*dict.fromkeys(quoted(one.partition(" ")[0][:20]) for one in left_out)]
    commands = ", ".join(commands[:5] + ["..."] * (len(commands) > 5))
    return (f"{shown}: {len(left_out)} {'cell was' if len(left_out) == 1 else 'cells were'} left "
            f"out, because {'it is' if len(left_out) == 1 else 'they are'} not in Python "
            f"({commands}).")


def why_not(error):
    """What an error says, as the end of a sentence without its full stop."""
    told = error.strerror if isinstance(error, OSError) and error.strerror else f"{error}"
    return printable(told.rstrip(". ") or type(error).__name__)


def _entries(path, remarks, modules):
    """(name, bytes, a function that reads it) of everything in a folder, zip file or notebook.

    The modules of exercises come first, so that no other files take their room.
    """
    if path.is_file() and ending_of(path) == ".zip":
        with zipfile.ZipFile(path) as archive:
            named = [(entry.filename.replace("\\", "/"), entry)             # of old Windows
                     for entry in archive.infolist()]
            for name, entry in sorted(named, key=lambda pair: not pair[0].endswith(modules)):
                name = PurePosixPath(name)
                if stat.S_ISLNK(entry.external_attr >> 16):
                    remarks.append(_of_link(name))
                elif not (entry.is_dir() or name.is_absolute() or ".." in name.parts):
                    yield (name, entry.file_size,
                           lambda most, entry=entry: _begin_of_entry(archive, entry, most))
    elif path.is_file():
        yield (PurePosixPath(path.name), path.stat().st_size,
               lambda most: _begin(path.open("rb"), most))
    else:
        for inside in sorted(_files(path, remarks),
                             key=lambda inside: (not str(inside).endswith(modules), inside)):
            yield (PurePosixPath(*inside.relative_to(path).parts), inside.stat().st_size,
                   lambda most, inside=inside: _begin(inside.open("rb"), most))


def _files(path, remarks):
    """The files in a folder, however deep it is, and remarks about links and closed folders."""
    files, links, waiting = [], [], [path]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            remarks.append(f"{quoted(folder.name)} cannot be read: {why_not(error)}.")
            continue
        for entry in entries:
            inside = folder / entry.name
            if entry.name in SKIPPED:
                continue
            if entry.is_symlink():
                links.append(inside.relative_to(path))
            elif entry.is_file():
                files.append(inside)
            elif entry.is_dir() and len(inside.relative_to(path).parts) > DEEPEST:
                name = quoted(str(inside.relative_to(path)))
                remarks.append(f"{name} was left out: at most {DEEPEST} folders may lie in each "
                               f"other.")
            elif entry.is_dir():
                waiting.append(inside)
    remarks += map(_of_link, sorted(links))
    return files


def _of_link(name):
    return f"{quoted(str(name))} was left out: it is a link."


def _begin_of_entry(archive, entry, most):
    if entry.flag_bits & 1:
        raise ValueError("it is encrypted; hand in a zip file without a password")
    if entry.compress_type not in INFLATED:      # zipfile unpacks others whole, whatever their size
        raise ValueError("it is compressed in another way than zip files usually are (deflate)")
    return _begin(archive.open(entry), most)


def _begin(file, most):
    with file:
        return file.read(most)                   # the size that was told may be a lie


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
