"""Check the labels of the tasks, so that every error names the argument."""

import numpy as np

from ..functional import IGNORED
from .inputs import as_array, as_integers


def problem_of(config, labels):
    """Which of the three kinds of sequence classification this is.

    Parameters
    ----------
    config : AlbertConfig
    labels : array

    Returns
    -------
    str
        ``config.problem_type``. Where that is None: "regression" with one label,
        "single_label_classification" with integers, "multi_label_classification" otherwise, as
        transformers decides.
    """
    if config.problem_type is not None:
        return config.problem_type
    if config.num_labels == 1:
        return "regression"
    whole = np.issubdtype(as_array("labels", labels).dtype, np.integer)
    return "single_label_classification" if whole else "multi_label_classification"


def problem_answered(config):
    """Which of the three kinds of sequence classification a model answers, without labels.

    Parameters
    ----------
    config : AlbertConfig

    Returns
    -------
    str
        ``config.problem_type``. Where that is None: "multi_label_classification", a sigmoid, with
        one label, otherwise "single_label_classification", as transformers' pipelines decide.
    """
    if config.problem_type is not None:
        return config.problem_type
    return ("multi_label_classification" if config.num_labels == 1 else
            "single_label_classification")


def check_problem_labels(config, problem, B, labels):
    """Labels of whole sequences, in the shape that their loss wants.

    Parameters
    ----------
    config : AlbertConfig
    problem : str
        From :func:`problem_of`.
    B : int
        Sequences.
    labels : array
        Single label: integers (B,), -100 where none. Several labels: (B, K), each in [0, 1].
        Regression: numbers (B, K), or (B,) for K = 1.

    Returns
    -------
    integers (B,), or floating-point numbers (B, K), of which every one counts

    Raises
    ------
    ValueError
        In one sentence.
    """
    K = config.num_labels
    labels = as_array("labels", labels)
    if problem == "single_label_classification":
        if labels.shape == (B, K) and K > 1:
            raise ValueError(f"labels have shape {labels.shape}, and integers are single labels of "
                             f"shape {(B,)}; set problem_type to multi_label_classification for "
                             f"several labels at once")
        labels = labels[:, 0] if labels.shape == (B, 1) else labels
        return as_integers("labels", labels, (B,), K, "num_labels", ignored=IGNORED)
    if K == 1 and labels.shape == (B,):
        labels = labels[:, None]
    if labels.shape != (B, K):
        raise ValueError(f"labels have shape {labels.shape}; {problem} with num_labels {K} needs "
                         f"{(B, K)}")
    if not (np.issubdtype(labels.dtype, np.number) or labels.dtype == bool):
        raise ValueError(f"labels have dtype {labels.dtype}; they must be numbers")
    if not np.isfinite(labels).all():
        row = int(np.argwhere(~np.isfinite(labels))[0, 0])
        raise ValueError(f"labels[{row}] is {labels[row].tolist()}; labels must be finite numbers, "
                         f"so leave out a sequence that has none")
    if problem == "multi_label_classification" and not ((labels >= 0) & (labels <= 1)).all():
        row = int(np.argwhere((labels < 0) | (labels > 1))[0, 0])
        raise ValueError(f"labels[{row}] is {labels[row].tolist()}; each must lie in [0, 1], where "
                         f"1 says that this class applies")
    # As integers, -100 would mean "no label"; here it is a number like any other.
    return labels if np.issubdtype(labels.dtype, np.inexact) else labels.astype(np.float64)


def check_label_weights(problem, B, weights):
    """Refuse weights of labels that do not fit.

    Parameters
    ----------
    problem : str or None
        From :func:`problem_of`; None without labels.
    B : int
        Sequences.
    weights : array (B,) or None

    Raises
    ------
    ValueError
        The labels are not single labels, or the weights are not B finite numbers of at least 0.
    """
    if weights is None:
        return
    if problem != "single_label_classification":
        raise ValueError(f"label_weights are weights of single labels, but "
                         f"{'there are no labels' if problem is None else f'this is {problem}'}")
    weights = as_array("label_weights", weights)
    if weights.shape != (B,):
        raise ValueError(f"label_weights have shape {weights.shape}; they must have shape {(B,)}")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"label_weights must be finite numbers of at least 0, but they are "
                         f"{weights.tolist()}")


def check_positions(B, start_positions, end_positions):
    """Where answers begin and end, as two integer arrays (B,), or None where neither is given.

    Raises
    ------
    ValueError
        Where one is given without the other, or they are no integers (B,).
    """
    if start_positions is None and end_positions is None:
        return None, None
    checked = []
    for name, positions in (("start_positions", start_positions), ("end_positions", end_positions)):
        if positions is None:
            raise ValueError(f"{name} are missing: an answer has a start and an end")
        positions = as_array(name, positions)
        positions = positions[:, 0] if positions.shape == (B, 1) else positions
        if positions.size and not np.issubdtype(positions.dtype, np.integer):
            raise ValueError(f"{name} have dtype {positions.dtype}; they must be integers")
        if positions.shape != (B,):
            raise ValueError(f"{name} have shape {positions.shape}; they must have shape {(B,)}")
        checked.append(positions)
    return checked


def answer_labels(positions, T):
    """Where answers begin or end, as labels of T tokens.

    Parameters
    ----------
    positions : integers (B,)
    T : int

    Returns
    -------
    int64 array (B,)
        -100 if an answer is behind the last token; 0 if it is before the first.
    """
    positions = np.clip(np.asarray(positions).astype(np.int64), 0, T)
    return np.where(positions < T, positions, IGNORED)
