"""The figures of a run: rows while it goes on, a matrix in a checkpoint, CSV in its folder."""

import csv
import io
from pathlib import Path

import numpy as np

from ..files import read_text
from .run_checkpoints import FOLDER_NAME as CHECKPOINTS

COLUMNS = ("step", "split", "loss", "mlm_loss", "sop_loss", "mlm_accuracy", "sop_accuracy",
           "learning_rate", "gradient_norm", "tokens", "tokens_per_second", "seconds")
SPLITS = ("train", "held-out")
_WHOLE_NUMBERS = ("step", "tokens")


def to_matrix(rows):
    """The rows as numbers, exactly.

    Parameters
    ----------
    rows : list of dict
        Each with some of `COLUMNS`.

    Returns
    -------
    float64 array (N, 12)
        NaN where a row lacks the figure; the split by its place in `SPLITS`.
    """
    def number(row, column):
        value = row.get(column)
        if column == "split":
            return SPLITS.index(value)
        return np.nan if value is None else value

    return np.array([[number(row, column) for column in COLUMNS] for row in rows],
                    np.float64).reshape(-1, len(COLUMNS))


def from_matrix(matrix):
    """The rows that `to_matrix` made a matrix of; a figure that is missing is None.

    Parameters
    ----------
    matrix : float64 array (N, 12)

    Returns
    -------
    list of dict
    """
    def value(column, number):
        if column == "split":
            return SPLITS[int(number)]
        if np.isnan(number):
            return None
        return int(number) if column in _WHOLE_NUMBERS else float(number)

    return [{column: value(column, number) for column, number in zip(COLUMNS, row)}
            for row in matrix]


def to_csv(rows):
    """The rows as the bytes of a CSV file; a figure that a row lacks is left empty.

    Parameters
    ----------
    rows : list of dict

    Returns
    -------
    bytes
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value
                         for key, value in row.items()})
    return text.getvalue().encode()


def read_csv(path):
    """The rows of a ``metrics.csv``.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of dict

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, or it is not one that `to_csv` wrote.
    """
    lines = csv.DictReader(io.StringIO(read_text(path)))
    missing = [column for column in ("step", "split", "loss") if column not in
               (lines.fieldnames or ())]
    if missing:
        raise ValueError(f"{path} is not the metrics of a run: it has no column {missing[0]}.")
    rows = []
    for line in lines:
        where = f"{path}, line {lines.line_num}"
        if None in line or None in line.values():
            raise ValueError(f"{where}: it does not have as many values as there are columns.")
        try:
            row = {column: None if line.get(column) in (None, "") else float(line[column])
                   for column in COLUMNS if column != "split"}
        except ValueError as error:
            raise ValueError(f"{where}: {error}.") from None
        if row["step"] is None or row["step"] % 1 != 0:         # inf and nan leave nan
            raise ValueError(f"{where}: the step is {line['step']!r}; it must be a whole number.")
        if line["split"] not in SPLITS:
            raise ValueError(f"{where}: the split is {line['split']!r}; it must be one of "
                             f"{', '.join(SPLITS)}.")
        rows.append({**row, "step": int(row["step"]), "split": line["split"]})
    return rows


def read_run(folder):
    """The rows of a run, finished or not.

    Parameters
    ----------
    folder : str or Path
        The run folder. While a run goes on, its ``metrics.csv`` is as new as its last evaluation.

    Returns
    -------
    list of dict
        At least one.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such folder, it holds no run, or nothing of the run can be read yet.
    """
    folder = Path(folder)
    path = folder / "metrics.csv"
    if not folder.exists():
        raise FileNotFoundError(f"There is no folder {folder}.")
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file, where a run folder is needed.")
    if not path.exists():
        if any((folder / CHECKPOINTS).glob("step-*.safetensors")):
            raise ValueError(f"The run {folder} has checkpoints but no metrics.csv yet, which is "
                             f"written at each evaluation (--evaluate-every).")
        raise ValueError(f"{folder} is not the folder of a run that has been evaluated: it has no "
                         f"metrics.csv.")
    rows = read_csv(path)
    if not rows:
        raise ValueError(f"{path} holds no figures.")
    return rows
