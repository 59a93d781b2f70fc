"""The rows of a task: a data set by its name, or files of one's own."""

from dataclasses import replace
from pathlib import Path

from ..datasets import Splits, choose_columns, split_by_key, text_key

PARTS = ("train", "dev", "test")


class RowReader:
    """Read files of one's own, all of them by the same rules: ``reader(path)`` gives the rows.

    Parameters
    ----------
    task : module of :mod:`albert_np.tasks.finetuning.recipes`
    columns : dict, optional
        Of tables and JSON lines: from text, text_pair and label to a column.
    header : bool, optional
        Whether the first line of a table holds names. None: decide.
    separator : str, optional
        The sign between the labels of a row, if a row can have several.
    say : callable, optional
        Gets a sentence about each table: what was decided about its columns.

    Attributes
    ----------
    columns : dict
        Those of the first table that was read.
    """

    def __init__(self, task, columns=None, header=None, separator=None, say=None):
        self.task, self.asked, self.header, self.say = task, columns, header, say
        self.columns, self.options = {}, {} if separator is None else {"separator": separator}

    def __call__(self, path):
        """The rows of a file."""
        if not hasattr(self.task, "COLUMNS"):
            if self.header is not None:
                raise ValueError(f"{path} has no line with the names of columns; remove --header "
                                 f"or --no-header")
            return self.task.read(path, self.asked or {})
        found = choose_columns(path, self.asked, header=self.header, **self.task.COLUMNS)
        if self.say is not None:
            self.say(found.sentence)
        self.columns = self.columns or found.columns
        return self.task.read(path, found.columns, found.header, **self.options)


def load_splits(task, data, test=None, columns=None, folder=None, seed=0, header=None,
                split_copies=False, say=None, dev=None, separator=None):
    """Rows to learn from, to choose by, and to report.

    Parameters
    ----------
    task : module of :mod:`albert_np.tasks.finetuning.recipes`
    data : str or Path
        The name of one of the task's data sets; a folder with files ``train.*``, ``dev.*`` (or
        ``valid.*``) and, perhaps, ``test.*``; or one file, which is divided here, 80 : 10 : 10.
    test : str or Path, optional
        Another test part: a file, or a name of the task's ``TESTS``.
    columns, header, separator
        As for :class:`RowReader`.
    folder : str or Path, optional
        Where data sets are looked for, see :func:`albert_np.tasks.datasets.find_file`.
    seed : int
        Of the division.
    split_copies : bool
        Let copies of a text lie in several parts.
    say : callable, optional
        Gets a sentence about each table, what was decided about its columns, and one that names
        the files of a folder that are left out.
    dev : str or Path, optional
        A file with another dev part. If `data` is one file, the rows that would have been its dev
        part are learnt from.

    Returns
    -------
    Splits
        ``test`` may be empty.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such data set, file or folder, a row is bad, or the rows are not enough for the
        task.
    """
    read = RowReader(task, columns, header, separator, say)
    splits = _three_parts(task, data, read, folder, seed, split_copies, say)
    if dev is not None:
        more = splits.dev if Path(data).is_file() else []
        splits = Splits([*splits.train, *more], read(dev), splits.test, splits.labels)
    if test is not None:
        others = getattr(task, "TESTS", {})
        rows = others[str(test)](folder=folder) if str(test) in others else read(test)
        splits = replace(splits, test=rows)
    for part in ("train", "dev"):
        if not getattr(splits, part):
            raise ValueError(f"{data} has no rows in its {part} part; at least one is needed.")
    check_labels([*splits.train, *splits.dev, *splits.test], data)
    labels = tuple(splits.labels or task.labels_of(splits.train))
    for part, file in (("dev", dev), ("test", test)):
        check_known(task, getattr(splits, part), labels,
                    f"the {part} part of {data}" if file is None else str(file),
                    "stands in no training row; the labels there are")
    check = getattr(task, "check", None)
    if check is not None:
        for part in PARTS:
            if getattr(splits, part):
                check(getattr(splits, part), f"the {part} part of {data}", part == "train")
    for part in ("dev", "test"):
        if len(getattr(splits, part)) == 1:
            raise ValueError(f"the {part} part of {data} has 1 row; at least 2 are needed to "
                             f"compute figures with intervals. Add rows, or name another file "
                             f"with --{part}.")
    return replace(splits, labels=labels, columns=read.columns)


def _three_parts(task, data, read, folder, seed, split_copies, say):
    """The parts of a data set, a folder, or one file."""
    if str(data) in task.DATASETS:
        return task.DATASETS[str(data)](folder=folder)
    if Path(data).is_dir():
        return _from_folder(read, Path(data), say)
    if Path(data).exists():
        return _divided(read(data), data, seed, split_copies)
    raise FileNotFoundError(no_data(task, data))


def no_data(task, data):
    """A sentence that there is no file or data set of this name."""
    if not task.DATASETS:
        return f"There is no file or folder {data}."
    return (f"There is no file or folder {data}, and no data set of that name; the data sets of "
            f"this task are {', '.join(task.DATASETS)}.")


def check_known(task, rows, labels, which, what):
    """ValueError if rows have a label that is not among the labels of a model.

    Parameters
    ----------
    task : module of :mod:`albert_np.tasks.finetuning.recipes`
    rows : list
    labels : tuple of str
    which : str
        What the rows are called.
    what : str
        What is wrong with such a label; the labels follow.
    """
    new = set(task.labels_of(rows)) - set(labels)
    if new:
        text = next(first_text(row) for row in rows if min(new) in task.labels_of([row]))
        raise ValueError(f"The label {min(new)!r} of {which} (text {text[:40]!r}) {what} "
                         f"{', '.join(labels)}.")


def _divided(rows, data, seed, split_copies):
    """One file in three parts, none of them empty."""
    numbers = iter(range(len(rows)))
    parts = split_by_key(rows, lambda row: str(next(numbers)) if split_copies
                         else text_key(first_text(row)), seed)
    if all(parts):
        return Splits(*parts)
    sizes = " : ".join(str(len(part)) for part in parts)
    different = len({text_key(first_text(row)) for row in rows})
    if split_copies or different == len(rows):
        raise ValueError(f"{data} has too few rows to be divided: {len(rows)} rows give {sizes} to "
                         f"train, dev and test; add rows, or give a folder with files train.* "
                         f"and dev.*.")
    raise ValueError(f"{data} has {len(rows)} rows but only {different} different texts, which "
                     f"give {sizes} rows to train, dev and test. Texts count as copies "
                     f"if they differ only in capitals and punctuation, every digit read as 0; "
                     f"copies stay in one part. With --split-copies they may lie in several parts.")


def check_labels(rows, data):
    """ValueError if labels of rows differ so much that they must be something else."""
    labels = {row.label for row in rows if isinstance(getattr(row, "label", None), str)}
    if len(labels) > max(20, len(rows) / 2):
        raise ValueError(f"{data} has {len(labels)} different labels in {len(rows)} rows: is this "
                         f"the label column? --columns label=NAME names another.")


def repeated(splits):
    """A sentence for each held-out part that has rows of the training part, word for word."""
    known = {_texts(row) for row in splits.train}
    for part in ("dev", "test"):
        rows = getattr(splits, part)
        count = sum(_texts(row) in known for row in rows)
        if count:
            yield (f"{count:,} of {len(rows):,} rows of the {part} part are training rows too, "
                   f"word for word; its figures are too high")


def _texts(row):
    return tuple(texts_of([row]))


def first_text(row):
    """The text by which copies of a row are known."""
    for name in ("context", "source", "text"):
        if hasattr(row, name):
            return getattr(row, name)
    return " ".join(row.words)


def texts_of(rows):
    """All texts of rows, for a tokenizer to be trained on.

    Parameters
    ----------
    rows : list

    Returns
    -------
    list of str
    """
    texts = []
    for row in rows:
        for name in ("text", "text_pair", "context", "question", "source"):
            texts.append(getattr(row, name, None))
        texts += [*getattr(row, "choices", ()), *getattr(row, "targets", ()),
                  " ".join(getattr(row, "words", ()))]
    return [text for text in texts if text]


def _from_folder(read, folder, say):
    parts, taken = [], set()
    for part in PARTS:
        names = (part, "valid", "validation") if part == "dev" else (part,)
        files = sorted(file for file in folder.iterdir()
                       if file.name.partition(".")[0].lower() in names and "." in file.name)
        if len(files) > 1:
            raise ValueError(f"{folder} has {len(files)} files for its {part} part: "
                             f"{', '.join(file.name for file in files)}; there may be one.")
        if not files and part != "test":
            raise FileNotFoundError(f"There is no file {part}.* in {folder}; a folder of data "
                                    f"needs train.* and dev.*, and may have test.*.")
        taken.update(files)
        parts.append(read(files[0]) if files else [])
    others = sorted(path.name for path in folder.iterdir() if path not in taken)
    if others and say is not None:
        say(f"left out of {folder}: {', '.join(others[:5])}{' and others' * (len(others) > 5)}")
    return Splits(*parts)
