"""From the runs of an ablation to its table and to plain sentences about it."""

import numpy as np


def summarize(ablation, done, seeds):
    """Means and deviations.

    Parameters
    ----------
    ablation : Ablation
    done : dict of (variant, seed) to dict
        The runs.
    seeds : int

    Returns
    -------
    list of dict
        One for each variant: ``variant``, ``place``, ``group``, ``parameters``, ``paper``,
        ``ms_a_step`` (mean), and ``figures``, which maps a heading to ``values`` (one for each
        seed), ``mean`` and ``sd``.
    """
    rows = []
    for variant in ablation.variants:
        runs = [done[variant.name, seed] for seed in range(seeds)]
        figures = {column.heading: _mean_and_sd([run["held_out"][column.batches][column.key]
                                                 for run in runs])
                   for column in ablation.columns}
        rows.append({"variant": variant.name, "place": variant.place, "group": variant.group,
                     "parameters": runs[0]["parameters"], "figures": figures,
                     "ms_a_step": float(np.mean([run["ms_a_step"] for run in runs])),
                     "paper": list(variant.paper)})
    return rows


def _mean_and_sd(values):
    """The deviation is that of single runs (n - 1 in the denominator); one run has none."""
    if any(value is None for value in values):          # nothing was asked
        return {"values": values, "mean": None, "sd": None}
    return {"values": values, "mean": float(np.mean(values)),
            "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None}


def findings(ablation, rows):
    """Whether what the paper says is seen here.

    Runs of one seed are compared with each other, which gives one difference for each seed. The
    order of the claim appears if the mean of these differences is larger than their standard
    deviation, and does not appear if it is as far on the other side; in between, nothing is seen.

    Parameters
    ----------
    ablation : Ablation
    rows : list of dict
        From `summarize`.

    Returns
    -------
    list of dict
        ``claim``, ``source``, ``difference`` and ``sd`` (None for one seed), ``verdict``
        ("appears", "does not appear", "within the deviation", "cannot be told"), ``sentence``.
    """
    by_name = {row["variant"]: row["figures"] for row in rows}
    columns = {column.heading: column for column in ablation.columns}
    found = []
    for claim in ablation.claims:
        column = columns[claim.column]
        higher, lower = (by_name[name][claim.column] for name in (claim.higher, claim.lower))
        if higher["mean"] is None:
            continue
        differences = _mean_and_sd(np.subtract(higher["values"], lower["values"]).tolist())
        verdict, words = _verdict(differences["mean"], differences["sd"], claim)
        unit = " points" if column.is_share else ""
        sentence = (
            f"{claim.words} ({claim.source}): {words}. {claim.column}: {claim.higher} "
            f"{_number(higher, column)}, {claim.lower} {_number(lower, column)}; seed by seed the "
            f"difference is {_number(differences, column, sign='+')}{unit}.")
        found.append({"claim": claim.words, "source": claim.source, "verdict": verdict,
                      "difference": differences["mean"], "sd": differences["sd"],
                      "sentence": sentence})
    return found


def _verdict(difference, sd, claim):
    if sd is None:
        return "cannot be told", "cannot be told from one seed"
    if abs(difference) <= sd:
        return (("appears", "appears, in that the two differ by no more than the deviation")
                if claim.level else
                ("within the deviation", "the difference is within the deviation"))
    if claim.level:
        higher = claim.higher if difference > 0 else claim.lower
        return "does not appear", f"does not appear, {higher} is higher"
    if difference > 0:
        return "appears", "appears"
    return "does not appear", "does not appear, the order is the other way round"


def table(ablation, rows, found, steps, seeds, asked):
    """The table and the sentences, as Markdown that reads well as plain text too.

    Parameters
    ----------
    ablation : Ablation
    rows, found : as `summarize` and `findings` return them
    steps, seeds : int
    asked : dict of str to (int, int)
        How many pieces and how many pairs each of the held-out batches ask about.

    Returns
    -------
    str
    """
    headings = [ablation.name, "parameters", *(column.heading for column in ablation.columns),
                "ms a step", *ablation.paper_columns]
    lines = [[row["variant"], f"{row['parameters']:,}",
              *(_number(row["figures"][column.heading], column, "%")
                for column in ablation.columns),
              f"{row['ms_a_step']:.1f}", *row["paper"]] for row in rows]
    deviation = ("mean ± standard deviation of single runs" if seeds > 1
                 else "one run each, so no deviation is known")
    questions = "; ".join(
        f"{column.heading}: {asked[column.batches][column.key.startswith('sop')]:,} "
        f"{'pairs' if column.key.startswith('sop') else 'pieces'}"
        for column in ablation.columns if column.is_share)
    parts = [f"# {ablation.title}",
             f"{seeds} seed{'s' * (seeds > 1)}, {steps:,} steps each; {deviation}, on held-out "
             f"text ({questions}). Time: the median of the steps, as the runs went, several side "
             f"by side.",
             _markdown(headings, lines), *ablation.notes]
    if found:
        parts += ["## Does the order appear?", "\n".join(f"- {one['sentence']}" for one in found)]
        if seeds > 1:
            parts.append("An order appears where the mean of the differences, seed by seed, is "
                         "larger than their standard deviation. The held-out text is the same for "
                         "all runs, so what another text would change is not in the deviation: a "
                         "share p of N answers has a standard error of sqrt(p (1 - p) / N).")
    return "\n\n".join(parts) + "\n"


def _number(figure, column, percent="", sign=""):
    if figure["mean"] is None:
        return "–"
    scale, digits = (100, 1) if column.is_share else (1, 3)
    text = f"{scale * figure['mean']:{sign}.{digits}f}"
    if figure["sd"] is not None:
        text += f" ± {scale * figure['sd']:.{digits}f}"
    return text + (f" {percent}" if percent and column.is_share else "")


def _markdown(headings, lines):
    widths = [max(map(len, column)) for column in zip(headings, *lines)]

    def row(cells):
        first, *others = cells
        return "| " + " | ".join([first.ljust(widths[0]),
                                  *map(str.rjust, others, widths[1:])]) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2),
                           *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([row(headings), rule, *map(row, lines)])


def in_words(run, columns):
    """One run in a few words.

    Parameters
    ----------
    run : dict
    columns : tuple of Column

    Returns
    -------
    str
    """
    figures = [(column.heading, run["held_out"][column.batches][column.key])
               for column in columns if column.is_share]
    parts = [f"{heading} {value:.1%}" for heading, value in figures if value is not None]
    return f"{', '.join(parts)}; {run['ms_a_step']:.1f} ms a step, {run['seconds']:.0f} s"
