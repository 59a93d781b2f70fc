"""Tags of words: none at all, and what each word was tagged as before."""

from collections import Counter


def outside(train, rows):
    """``O`` for every word: by far the commonest tag.

    Parameters
    ----------
    train, rows : lists of Tagged

    Returns
    -------
    list of lists of str
    """
    return [["O"] * len(row.words) for row in rows]


def commonest_tags(train, rows):
    """For every word the tag it carries most often in the training rows; ``O`` for a new word.

    Parameters
    ----------
    train, rows : lists of Tagged

    Returns
    -------
    list of lists of str
    """
    counts = {}
    for row in train:
        for word, tag in zip(row.words, row.tags):
            counts.setdefault(word, Counter())[tag] += 1
    best = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
    return [[best.get(word, "O") for word in row.words] for row in rows]
