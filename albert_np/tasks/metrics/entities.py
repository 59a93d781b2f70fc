"""Entity F1: an entity counts if its type and both its ends are right."""

import numpy as np

from .bootstrap import bootstrap, ratio
from .checks import check_alike, library


def entity_f1(tags, predictions, rng=None, **options):
    r"""F1 over all entities, whatever their type (as CoNLL reports it).

    .. math::

       F_1 = \frac{2\, \text{found}}{\text{entities} + \text{guessed}}

    Parameters
    ----------
    tags, predictions : sequences of N sequences of str
        BIO tags of the words of each sentence. An ``I-`` that continues nothing begins an entity.
    rng : numpy.random.Generator, optional
        Gives an interval (sentences are drawn); `options` as in `bootstrap`.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        The lengths differ, of the lists or of a sentence, or seqeval is not installed.

    References
    ----------
    Tjong Kim Sang, De Meulder 2003; Nakayama 2018 (seqeval).
    """
    tags, predictions = _both(tags, predictions)
    seqeval = library("seqeval.metrics", "seqeval")
    entities = library("seqeval.metrics.sequence_labeling", "seqeval").get_entities
    value = seqeval.f1_score(tags, predictions, zero_division=0)
    counts = []
    for true, guessed in zip(tags, predictions):
        true, guessed = set(entities(true)), set(entities(guessed))
        counts.append((len(true & guessed), len(true), len(guessed)))
    return bootstrap(value, np.array(counts),
                     lambda sums: ratio(2 * sums[:, 0], sums[:, 1] + sums[:, 2]), rng, **options)


def entity_scores(tags, predictions):
    """Precision, recall and F1 of all entities, and of those of each type.

    Parameters
    ----------
    tags, predictions : as in `entity_f1`

    Returns
    -------
    list of (type, precision, recall, F1, entities)
        "all", then the types, the most frequent first. A figure is 0 if its denominator is 0;
        `entities` counts those of the tags.

    Raises
    ------
    ValueError
        As in `entity_f1`, or there is no entity at all.
    """
    tags, predictions = _both(tags, predictions)
    seqeval = library("seqeval.metrics.sequence_labeling", "seqeval")
    types = sorted({found[0] for found in seqeval.get_entities(tags + predictions)})
    if not types:
        raise ValueError("There is no entity, neither in the tags nor in the predictions.")
    everything, single = (
        seqeval.precision_recall_fscore_support(tags, predictions, average=average, zero_division=0)
        for average in ("micro", None))
    # seqeval sorts the types too; by the sort's stability they stay so if they are as frequent.
    return [("all", *everything), *sorted(zip(types, *single), key=lambda row: -row[-1])]


def _both(tags, predictions):
    check_alike(tags, predictions, ("sentences with tags", "sentences with predictions"))
    tags, predictions = ([list(sentence) for sentence in part] for part in (tags, predictions))
    for number, (true, guessed) in enumerate(zip(tags, predictions)):
        if len(true) != len(guessed):
            raise ValueError(f"Sentence {number} has {len(true)} tags and {len(guessed)} "
                             f"predictions; there must be one for each word.")
    return tags, predictions
