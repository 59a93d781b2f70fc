"""Self-training: a model labels texts, and is trained again on the answers that it is sure of.

The first round is a fine-tuning run of its own, on the labelled rows alone; it has the folder
``labels-alone`` in the folder of the whole run. Its model labels the texts. The second round begins
with the same weights as the first and learns from both: the labelled rows and the pseudo-labels.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

import numpy as np

from ...files import write_whole
from ...files.json_objects import json_file, json_text, read_object
from ...files.threads import one_thread_each
from ...pretraining.state import refuse_changed_options
from ..datasets import Classification, read_json_lines
from .predicting import load_for_task
from .prepare import rows_and_settings
from .pseudo_labels import choose_pseudo_labels
from .unlabelled import in_words, read_unlabelled

LABELS_ALONE = "labels-alone"             # the folder of the first round
STATE, PSEUDO_LABELS, TOKENIZER = "self-training.json", "pseudo-labels.jsonl", "spiece.model"


@dataclass(frozen=True)
class FirstRound:
    """What a first round leaves to the second.

    Attributes
    ----------
    rows : list of Classification
        The texts that are kept, with their pseudo-labels.
    record : dict
        What ``results.json`` holds about them.
    """

    rows: list
    record: dict


def first_round(options, output, resuming, teach, say):
    """Train on the labelled rows alone, and label the texts that have no label.

    Parameters
    ----------
    options : FinetuningOptions
        With ``unlabelled``.
    output : Path
        The folder of the whole run. It gets ``labels-alone``, ``pseudo-labels.jsonl`` and, if one
        was trained, the tokenizer.
    resuming : bool
        Whether the run goes on. What was done before is then not done again.
    teach : callable
        ``teach(folder, options)`` begins a run, or goes on with it, or returns at once if it is
        finished.
    say : callable

    Returns
    -------
    FirstRound

    Raises
    ------
    FileNotFoundError, ValueError
        The data, the texts or the model are unsuitable, or other than those that the run began
        with; or no text is predicted with that much confidence.
    """
    splits, settings = rows_and_settings(options)
    texts = read_unlabelled(options.unlabelled, splits, settings, options.header)
    _keep_state(output / STATE, options, texts, resuming)
    left_out = in_words(texts.left_out)
    say(f"{'unlabelled':10} {len(texts.rows):,} texts of {options.unlabelled}"
        + f"; left out: {left_out}" * bool(left_out))
    say(f"{'round 1':10} the labelled rows alone")
    folder = output / LABELS_ALONE
    teach(folder, replace(options, unlabelled=None, confidence=None))
    if not (resuming and (output / PSEUDO_LABELS).exists()):
        if (folder / TOKENIZER).exists():          # both rounds begin with the same weights
            write_whole(output / TOKENIZER, (folder / TOKENIZER).read_bytes())
        write_whole(output / PSEUDO_LABELS, _pseudo_labels(texts.rows, folder, options))
    rows = _read_pseudo_labels(output / PSEUDO_LABELS)
    kept = Counter(row.label for row in rows)
    kept = {label: kept[label] for label in splits.labels}
    say(f"{'kept':10} {len(rows):,} of {len(texts.rows):,} texts, predicted with a probability of "
        f"at least {options.confidence}: "
        + ", ".join(f"{label} {count:,}" for label, count in kept.items()))
    say(f"{'':10} {len(texts.rows) - len(rows):,} are left out; the kept ones are in "
        f"{output / PSEUDO_LABELS}")
    say(f"{'round 2':10} the labelled rows and the kept texts, from the beginning")
    before = read_object(folder / "results.json")
    return FirstRound(rows, {
        "unlabelled": options.unlabelled, "confidence": options.confidence,
        "texts": len(texts.rows), "left_out": texts.left_out, "kept": kept,
        "not_sure": len(texts.rows) - len(rows),
        "rounds": [{"folder": LABELS_ALONE, "rows": len(splits.train),
                    "validation": before["validation"], "test": before["test"]}]})


def with_second_round(record, results, rows):
    """The record of both rounds.

    Parameters
    ----------
    record : dict
        From :func:`first_round`.
    results : dict
        Of the second round, with ``validation`` and ``test``.
    rows : int
        That the second round learnt from.

    Returns
    -------
    dict
    """
    second = {"folder": ".", "rows": rows,
              "validation": results["validation"], "test": results["test"]}
    return {**record, "rounds": [*record["rounds"], second]}


def before_and_after(rounds, part, metric):
    """A figure of both rounds, with its intervals, in words."""
    numbers = ("{value:.3f} [{low:.3f}, {high:.3f}]".format(**each[part][metric])
               for each in rounds)
    return "{} with the labels alone, {} with the pseudo-labels too".format(*numbers)


def _keep_state(path, options, texts, resuming):
    """Write with what a run began; if it goes on, refuse other options or texts."""
    now = {"options": options.lasting(), "texts": texts.digest()}
    if not (resuming and path.exists()):
        write_whole(path, json_file(now, ensure_ascii=False))
        return
    before = read_object(path)
    refuse_changed_options(0, before["options"], now["options"])
    if before["texts"] != now["texts"]:
        raise ValueError(f"the texts of {options.unlabelled} are not those that this run began "
                         f"with; bring them back, or begin a new run")


def _pseudo_labels(texts, folder, options):
    """The texts that are kept, as JSON lines with a label and its probability."""
    loaded = load_for_task(folder)
    with one_thread_each(), ThreadPoolExecutor(options.workers) as pool:
        predictions = loaded.task.predict(loaded.model, loaded.tokenizer, texts, loaded.settings,
                                          pool)
    names = loaded.model.config.label_names
    p = np.array([[prediction["probabilities"][name] for name in names]
                  for prediction in predictions])                                    # (N, K)
    rows, classes, _ = choose_pseudo_labels(p, options.confidence)
    if not len(rows):
        raise ValueError(f"none of the {len(texts):,} texts of {options.unlabelled} is predicted "
                         f"with a probability of at least {options.confidence}; the highest "
                         f"is {p.max():.3g}. Begin a new run with a lower --confidence, or use the "
                         f"model of the labelled rows alone, which is in {folder}")
    return "".join(json_text({**asdict(texts[row]), "label": names[k], "confidence": p[row, k]},
                             ensure_ascii=False) + "\n" for row, k in zip(rows, classes)).encode()


def _read_pseudo_labels(path):
    """The rows of a file that `_pseudo_labels` made."""
    return [Classification(fields["text"], fields["text_pair"], fields["label"])
            for fields in read_json_lines(path, {"text": str, "label": str})]
