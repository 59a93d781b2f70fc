"""The table of a search: best first."""

import csv
import io

SHOWN = 20                     # rows on the screen; the files have all
_FIXED = ("rank", "trial", "status", "metric", "score", "low", "high", "seconds")
_PLACES = ("done", "pruned", "failed", "waiting")


def ranked(trials):
    """Trials, best first; then those that were stopped early, that failed, and that are to come.

    Parameters
    ----------
    trials : iterable of dict
        ``trial``, the number; ``status``, "done", "pruned", "failed" or "waiting"; ``parameters``;
        ``metric``, ``score``, ``low``, ``high``, ``seconds`` of one that is done; ``sentence`` of
        one that failed or was pruned.

    Returns
    -------
    list of dict

    Raises
    ------
    ValueError
        Scores of different metrics, which have no order.
    """
    trials = list(trials)
    metrics = sorted({trial["metric"] for trial in trials if trial["status"] == "done"})
    if len(metrics) > 1:
        raise ValueError(f"the trials are scored by different metrics ({', '.join(metrics)}), so "
                         f"none of them is best")
    return sorted(trials, key=lambda trial: (
        _PLACES.index(trial["status"]), -(trial.get("score") or 0), trial["trial"]))


def as_csv(trials, names):
    """All trials, best first; `names` are the hyperparameters."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    taken = {*_FIXED, "sentence"}
    writer.writerow([*_FIXED, *(f"option {name}" if name in taken else name for name in names),
                     "sentence"])
    for rank, trial in enumerate(ranked(trials), 1):
        row = {**trial, "rank": rank if trial["status"] == "done" else None}
        writer.writerow([*(row.get(key) for key in _FIXED),
                         *(trial["parameters"][name] for name in names), trial.get("sentence")])
    return text.getvalue()


def as_text(trials, names):
    """What is shown at the end, from the same arguments.

    Returns
    -------
    str
    """
    trials = ranked(trials)
    done = [trial for trial in trials if trial["status"] == "done"]
    lines = []
    if done:
        rows = [["", "trial", done[0]["metric"], "interval", *names, "seconds"]]
        rows += [[str(rank), str(trial["trial"]), f"{trial['score']:.4f}", _interval(trial),
                  *(in_words(trial["parameters"][name]) for name in names),
                  "" if trial["seconds"] is None else f"{trial['seconds']:,.0f}"]
                 for rank, trial in enumerate(done[:SHOWN], 1)]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines += ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]
        lines += [f"... and {len(done) - SHOWN} more"] * (len(done) > SHOWN)
    reasons = {}
    for trial in trials:
        if trial["status"] in ("pruned", "failed"):
            reasons.setdefault((trial["status"], trial["sentence"]), []).append(trial["trial"])
    lines += [f"{status}: trial{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}: "
              f"{sentence}" for (status, sentence), numbers in reasons.items()]
    if len(done) > 1:                    # how far the first place is to be believed
        near = sum(trial["high"] is not None and trial["high"] >= done[0]["score"]
                   for trial in done[1:])
        lines += ["", *[f"The intervals of {near} of the {len(done) - 1} others reach the best "
                        f"score."] * (near > 0),
                  "The best of many looks better than it is: measure it on text that no trial has "
                  "seen."]
    return "\n".join(lines)


def _interval(trial):
    ends = trial["low"], trial["high"]
    return "" if None in ends else "{:.3f}..{:.3f}".format(*ends)


def in_words(value):
    """A value as it would be written in a space.

    >>> in_words(True), in_words(0.00001), in_words("gelu")
    ('on', '1e-05', 'gelu')
    """
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
