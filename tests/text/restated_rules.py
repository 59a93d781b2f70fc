"""The rules of the data pipeline once more, in plain Python and in other words than the package's.

Nothing here is quick, and nothing is shared with the package but the options, which are read as a
list of switches. The rules are those of google-research/albert, create_pretraining_data.py, as
facts; where a quirk is switched off, those of `DataOptions`.
"""

import string

PAD, UNK, CLS, SEP, MASK = range(5)


# ------------------------------------------------------------------ segments

def cut_document(number, documents, options, rng):
    """The pairs of one document: (pieces of A, pieces of B, label), each."""
    for a, b, label in whole_pairs(number, documents, options, rng):
        while len(a) + len(b) > options.max_seq_length - 3:
            longer = a if len(a) > len(b) else b
            longer.pop(0 if rng.random() < 0.5 else -1)
        yield a, b, label


def whole_pairs(number, documents, options, rng):
    """The same before they are truncated."""
    room = options.max_seq_length - 3
    target = rng.randint(2, room) if rng.random() < options.short_seq_prob else room
    fewest = 1 if options.single_sentence_negatives else 2
    waiting, at_beginning = list(documents[number]), True
    if options.random_start:
        held = len(take_sentences(waiting, target, fewest, options))
        skipped = rng.randrange(max(1, min(held, len(waiting) - 1)))
        waiting, at_beginning = waiting[skipped:], skipped == 0
    while len(waiting) >= fewest:
        chunk = take_sentences(waiting, target, fewest, options)
        in_a = 1 + rng.randrange(max(1, len(chunk) - 1))
        a, b = sum(chunk[:in_a], []), sum(chunk[in_a:], [])
        used, label = len(chunk), 0
        asked = options.sentence_task != "none" and (at_beginning or not options.beginnings_only)
        if not b or (asked and options.sentence_task == "nsp" and rng.random() < 0.5):
            b, used, label = foreign_text(number, documents, target - len(a), options, rng), in_a, 1
        elif asked and options.sentence_task == "sop" and rng.random() < 0.5:
            a, b, label = b, a, 1
        yield list(a), list(b), label if asked else -100
        waiting, at_beginning = waiting[used:], False


def take_sentences(sentences, target, fewest, options):
    """The sentences of a chunk, from the front of those that there are."""
    taken, length = [], 0
    for sentence in sentences:
        full = length >= target if options.overfull_chunks else length + len(sentence) > target
        if full and len(taken) >= fewest:
            break
        taken.append(sentence)
        length += len(sentence)
    return taken


def foreign_text(number, documents, length, options, rng):
    """Text from a random place of another document, about so long."""
    others = [document for other, document in enumerate(documents) if other != number]
    document = others[rng.randrange(len(others))] if others else documents[number]
    return sum(take_sentences(document[rng.randrange(len(document)):], length, 1, options), [])


# ------------------------------------------------------------------ words and n-grams

def begins_word(piece, options):
    """Whether this piece (a str) begins a word."""
    marks = "!\"#$%&()*+,-./:;?@[\\]^_`{|}~"
    if not options.original_word_starts:
        marks += "'<=>"
    if piece[0] in "▁<" or (len(piece) == 1 and piece in string.punctuation):
        return True
    return any(c.lower() not in string.ascii_lowercase + marks for c in piece)


def runs_of_words(ids, starts, options):
    """Words as lists of positions, in lists that no n-gram leaves."""
    runs, fresh = [[]], True
    for t, i in enumerate(ids):
        if i == SEP and options.ngrams_across_sep:
            continue
        if i in (CLS, SEP):
            runs.append([])
            fresh = True
        elif fresh or starts[i] or not options.do_whole_word_mask:
            runs[-1].append([t])
            fresh = False
        else:
            runs[-1][-1].append(t)
    if options.mask_unknown:
        return runs
    known = []
    for run in runs:
        known.append([])
        for word in run:
            if any(ids[t] == UNK for t in word):
                known.append([])
            else:
                known[-1].append(word)
    return known


def draw_n(options, rng):
    weights = [1 / n for n in range(1, options.ngram + 1)]
    if not options.favor_shorter_ngram:
        weights.reverse()
    return rng.choices(range(1, options.ngram + 1), weights)[0]


def choose_place_first(runs, budget, taken, options, rng):
    """The original's way: each word of the text once, in random order."""
    places = [(run, w) for run in runs for w in range(len(run))]
    rng.shuffle(places)
    left, chosen = budget, []
    for run, w in places:
        if left == 0:
            break
        n = min(draw_n(options, rng), len(run) - w)
        while n and sum(map(len, run[w:w + n])) > left:
            n -= 1
        ngram = sum(run[w:w + n], [])
        if n and not taken.intersection(ngram):
            taken.update(ngram)
            left -= len(ngram)
            chosen.append((n, ngram))
    return chosen


def choose_length_first(runs, budget, taken, options, rng):
    """The default: n as its probability says, then a place where n words are left that fit."""
    ngrams = {1: [word for run in runs for word in run]}
    for n in range(2, options.ngram + 1):
        ngrams[n] = [sum(run[w:w + n], []) for run in runs for w in range(len(run) - n + 1)]
    left, chosen = budget, []
    while left > 0:
        for n in range(draw_n(options, rng), 0, -1):
            places = [ngram for ngram in ngrams[n]
                      if len(ngram) <= left and taken.isdisjoint(ngram)]
            if places:
                break
        if not places:
            break
        ngram = rng.choice(places)
        taken.update(ngram)
        left -= len(ngram)
        chosen.append((n, ngram))
    return chosen


# ------------------------------------------------------------------ masks

def mask(ids, starts, options, rng):
    """Mask one sequence without padding.

    Returns
    -------
    hidden : list of ids
    labels : list of ids, -100 where nothing is asked
    ngrams : list of (n, positions)
        Those to be replaced, without those permuted.
    """
    budget = 0
    if options.masked_lm_prob > 0:
        budget = max(1, round(len(ids) * options.masked_lm_prob))
    if options.max_predictions_per_seq:
        budget = min(budget, options.max_predictions_per_seq)
    choose = choose_place_first if options.ngrams_by_place else choose_length_first
    runs, taken = runs_of_words(ids, starts, options), set()
    ngrams = choose(runs, budget, taken, options, rng)
    hidden, labels = list(ids), [-100] * len(ids)
    for _, ngram in ngrams:
        for t in ngram:
            labels[t] = ids[t]
            if rng.random() < 0.8:
                hidden[t] = MASK
            elif rng.random() < 0.5:
                hidden[t] = rng.randrange(0 if options.replace_by_any_piece else MASK + 1,
                                          len(starts))
    permuted = choose(runs, budget, taken, options, rng) if options.do_permutation else []
    places = [t for _, ngram in permuted for t in ngram]
    for t, source in zip(places, rng.sample(places, len(places))):
        hidden[t], labels[t] = ids[source], ids[t]
    return hidden, labels, ngrams
