"""BLEU and chrF, from sacrebleu."""

import numpy as np

from .bootstrap import bootstrap
from .checks import check_alike, library


def bleu(translations, references, tokenize="zh", rng=None, **options):
    """BLEU of a whole test set: matching sequences of up to four words, with a penalty for brevity.

    Parameters
    ----------
    translations : sequence of N str
    references : sequence of N sequences of str
        All translations of each sentence that count as right, at least one.
    tokenize : str
        How sacrebleu cuts words: "zh" takes every Chinese character as one; "13a" is for English.
    rng, **options
        As in :func:`~albert_np.tasks.metrics.bootstrap.bootstrap`, which makes the Figure.
        From 0 to 100.

    Raises
    ------
    ValueError
        The lengths differ or are 0, a sentence has no reference, or sacrebleu is not installed.

    References
    ----------
    Papineni et al. 2002; Post 2018 (sacrebleu).
    """
    return _corpus_score("BLEU", translations, references, rng, options, tokenize=tokenize)


def chrf(translations, references, rng=None, **options):
    """chrF of a whole test set: F2 of matching sequences of up to six characters.

    Parameters
    ----------
    translations, references, rng, options : as in `bleu`

    Returns
    -------
    Figure
        From 0 to 100.

    Raises
    ------
    ValueError
        As in `bleu`.

    References
    ----------
    Popović 2015; Post 2018 (sacrebleu).
    """
    return _corpus_score("CHRF", translations, references, rng, options)


def bleu_by_length(lengths, translations, references, tokenize="zh", rng=None, least=20, **options):
    """BLEU of groups of sentences of about the same length.

    Parameters
    ----------
    lengths : sequence of N integers
        Of the source sentences, such as their numbers of words.
    translations, references, tokenize, rng, options : as in `bleu`
    least : int
        The fewest sentences of a group, see `group_lengths`.

    Returns
    -------
    list of (shortest, longest, sentences, Figure)

    Raises
    ------
    ValueError
        As in `bleu`.
    """
    check_alike(lengths, translations, ("lengths", "translations"))
    check_alike(translations, references, ("translations", "sentences with references"))
    lengths, rows = np.asarray(lengths), []
    for low, high in group_lengths(lengths, least):
        inside = np.flatnonzero((lengths >= low) & (lengths <= high))
        rows.append((low, high, len(inside),
                     bleu([translations[i] for i in inside], [references[i] for i in inside],
                          tokenize, rng, **options)))
    return rows


def group_lengths(lengths, least):
    """Put neighbouring lengths together until a group has enough sentences.

    Parameters
    ----------
    lengths : sequence of N integers
    least : int
        The fewest sentences of a group. Those left over at the end join the last group.

    Returns
    -------
    list of (shortest, longest) lengths

    Examples
    --------
    >>> group_lengths([3, 3, 4, 5, 5, 6], least=2)
    [(3, 3), (4, 6)]
    """
    groups, first, waiting = [], None, 0
    values, counts = np.unique(np.asarray(lengths), return_counts=True)
    for value, count in zip(values.tolist(), counts):
        first = value if first is None else first
        waiting += count
        if waiting >= least:
            groups.append((first, value))
            first, waiting = None, 0
    if waiting:
        groups[-1:] = [(groups[-1][0] if groups else first, int(values[-1]))]
    return groups


def _corpus_score(name, translations, references, rng, options, **settings):
    check_alike(translations, references, ("translations", "sentences with references"))
    for number, targets in enumerate(references):
        if isinstance(targets, str) or not len(targets):
            raise ValueError(f"references[{number}] must be a list of at least one str, not "
                             f"{targets!r}.")
    metric = getattr(library("sacrebleu.metrics", "sacrebleu"), name)
    seen = []

    class Watched(metric):
        """The figure of the library, whose counts for each sentence are kept on the way."""

        def _aggregate_and_compute(self, stats):
            seen.append(stats)
            return super()._aggregate_and_compute(stats)

    watched = Watched(**settings)
    # The library wants all first references, then all second ones; None where there is none.
    most = max(map(len, references))
    columns = [[targets[i] if i < len(targets) else None for targets in references]
               for i in range(most)]
    value = watched.corpus_score(list(translations), columns).score
    return bootstrap(value, np.array(seen[0], float), lambda sums: np.array(
        [watched._compute_score_from_stats(list(row)).score for row in sums]), rng, **options)
