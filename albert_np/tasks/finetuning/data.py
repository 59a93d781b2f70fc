"""The rows of a task: a data set by its name, or files of one's own."""

from pathlib import Path

from ..datasets import Splits, split_by_key, text_key

PARTS = ("train", "dev", "test")


def load_splits(task, data, test=None, columns=None, folder=None, seed=0, dev=None):
    """Rows to learn from, to choose by, and to report.

    Parameters
    ----------
    task : module of :mod:`albert_np.tasks.finetuning.recipes`
    data : str or Path
        The name of one of the task's data sets; a folder with files ``train.*``, ``dev.*`` (or
        ``valid.*``) and, perhaps, ``test.*``; or one file, which is divided here, 80 : 10 : 10.
    test : str or Path, optional
        Another test part: a file, or a name of the task's ``TESTS``.
    columns : dict, optional
        Of tables: from text, text_pair and label to a column's name or number.
    folder : str or Path, optional
        Where data sets are looked for, see :func:`albert_np.tasks.datasets.find_file`.
    seed : int
        Of the division.
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
        There is no such data set, file or folder, or a row is bad.
    """
    columns = columns or {}
    if str(data) in task.DATASETS:
        splits = task.DATASETS[str(data)](folder=folder)
    elif Path(data).is_dir():
        splits = _from_folder(task, Path(data), columns)
    elif Path(data).exists():
        rows = task.read(data, columns)
        splits = Splits(*split_by_key(rows, lambda row: text_key(first_text(row)), seed))
    else:
        raise FileNotFoundError(f"There is no file or folder {data}, and no data set of that name; "
                                f"the data sets of this task are {', '.join(task.DATASETS)}.")
    if dev is not None:
        more = splits.dev if Path(data).is_file() else []
        splits = Splits([*splits.train, *more], task.read(dev, columns), splits.test, splits.labels)
    if test is not None:
        others = getattr(task, "TESTS", {})
        rows = others[str(test)](folder=folder) if str(test) in others else task.read(test, columns)
        splits = Splits(splits.train, splits.dev, rows, splits.labels)
    for part in ("train", "dev"):
        if not getattr(splits, part):
            raise ValueError(f"{data} has no rows in its {part} part; at least one is needed.")
    check_labels([*splits.train, *splits.dev, *splits.test], data)
    labels = splits.labels or task.labels_of(splits.train)
    new = set(task.labels_of([*splits.dev, *splits.test])) - set(labels)
    if new:
        raise ValueError(f"The label {min(new)!r} of the held-out rows of {data} stands in no "
                         f"training row; the labels there are {', '.join(labels)}.")
    return Splits(splits.train, splits.dev, splits.test, tuple(labels))


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


def _from_folder(task, folder, columns):
    parts = []
    for part in PARTS:
        names = (part, "valid", "validation") if part == "dev" else (part,)
        files = sorted(file for name in names for file in folder.glob(f"{name}.*"))
        if len(files) > 1:
            raise ValueError(f"{folder} has {len(files)} files for its {part} part: "
                             f"{', '.join(file.name for file in files)}; there may be one.")
        if not files and part != "test":
            raise FileNotFoundError(f"There is no file {part}.* in {folder}; a folder of data "
                                    f"needs train.* and dev.*, and may have test.*.")
        parts.append(task.read(files[0], columns) if files else [])
    return Splits(*parts)
