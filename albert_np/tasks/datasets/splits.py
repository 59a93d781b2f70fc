"""Dividing a data set, so that no text stands in two parts."""

import hashlib
import re


def text_key(text):
    """What two texts must share to count as one: their letters; every digit counts as 0.

    Messages that differ in a telephone number only, or in capitals and full stops, are copies.

    >>> text_key("Call 07123 NOW!") == text_key("call 07999 now")
    True
    """
    words = re.findall(r"\w+", re.sub(r"\d", "0", text.casefold()))
    return " ".join(words) or text.strip()


def shuffled(keys, seed):
    """The keys in an order that depends on them and on the seed alone.

    They are sorted by the SHA-256 of seed and key: unlike a random generator's, that order is the
    same on every machine and in every version, and stays so for the others when one is added.

    Parameters
    ----------
    keys : iterable of str
    seed : int

    Returns
    -------
    list of str
    """
    return sorted(keys, key=lambda key: hashlib.sha256(f"{seed}\t{key}".encode()).digest())


def split_by_key(rows, key, seed=0, shares=(0.8, 0.1, 0.1), stratum=None):
    """Divide rows into parts; rows with the same key stay together.

    Parameters
    ----------
    rows : list
    key : callable
        From a row to a str.
    seed : int
    shares : tuple of float
        Of each part, in rows; met as closely as whole groups allow.
    stratum : callable, optional
        From a row to its label: every part then has about the same share of each label. A group
        counts with the label of its first row.

    Returns
    -------
    list of lists
        One for each share, the rows in the order they had.
    """
    groups, strata = {}, {}
    for number, row in enumerate(rows):
        groups.setdefault(key(row), []).append(number)
    for name, numbers in groups.items():
        strata.setdefault(stratum(rows[numbers[0]]) if stratum else None, []).append(name)
    parts = [[] for _ in shares]
    for names in strata.values():
        total, taken = sum(len(groups[name]) for name in names), 0
        for name in shuffled(names, seed):
            # A group goes where its middle lies on the way from the first row to the last.
            middle = (taken + len(groups[name]) / 2) / total * sum(shares)
            ends = [sum(shares[:i + 1]) for i in range(len(shares) - 1)]
            parts[sum(middle > end for end in ends)] += groups[name]
            taken += len(groups[name])
    return [[rows[number] for number in sorted(part)] for part in parts]
