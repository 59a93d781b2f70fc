"""The data sets themselves: how many rows, which labels, and nothing in two parts."""

import functools
from collections import Counter

import pytest

from albert_np.tasks import datasets
from albert_np.tasks.datasets import Classification, split_by_key, text_key

SIZES = {"sms_spam": (4460, 556, 558), "polarity": (8530, 1066, 1066), "wnut17": (3394, 1009, 1287),
         "stsb": (5749, 1500, 1379), "squad_slice": (3429, 427, 428), "copa": (400, 100, 500),
         "mctest": (1480, 320, 840), "english_chinese": (28078, 500, 500)}


@functools.cache
def fetch(name, data_folder):
    return getattr(datasets, f"fetch_{name}")(folder=data_folder)


def test_every_data_set_is_looked_at():
    fetched = {name.removeprefix("fetch_") for name in datasets.__all__ if "fetch_" in name}
    assert fetched == {*SIZES, "xquad", "wikitext2"}                   # the last two are no splits


@pytest.mark.parametrize("name", SIZES)
def test_sizes(name, data_folder):
    splits = fetch(name, data_folder)
    assert tuple(map(len, (splits.train, splits.dev, splits.test))) == SIZES[name]


def test_test_sets(data_folder):
    english, chinese = (datasets.fetch_xquad(language, data_folder) for language in ("en", "zh"))
    assert [q.id for q in english] == [q.id for q in chinese] and len(english) == 1190
    assert len({q.context for q in english}) == 240 and len({q.title for q in english}) == 48
    for part in ("valid", "test"):
        documents = datasets.fetch_wikitext2(part, data_folder)
        assert len(documents) == 60 and min(map(len, documents)) > 1


@pytest.mark.parametrize("name, key, total", [("sms_spam", "text", 5574),
                                              ("polarity", "text", 10662),
                                              ("squad_slice", "context", 4284)])
def test_no_text_stands_in_two_parts(name, key, total, data_folder):
    splits = fetch(name, data_folder)
    parts = (splits.train, splits.dev, splits.test)
    assert sum(map(len, parts)) == total
    train, dev, test = ({text_key(text) for text in {getattr(row, key) for row in part}}
                        for part in parts)
    assert not train & dev and not test & (train | dev)


def test_no_question_of_copa_stands_in_two_parts(data_folder):
    splits = fetch("copa", data_folder)
    train, dev, test = ({(text_key(row.context), row.question) for row in part}
                        for part in (splits.train, splits.dev, splits.test))
    assert not train & dev and not test & (train | dev)
    assert not {premise for premise, _ in train} & {premise for premise, _ in dev}


def test_labels_have_the_same_share_in_every_part(data_folder):
    for name, label, share in (("sms_spam", "spam", 747 / 5574), ("polarity", "positive", 0.5)):
        splits = fetch(name, data_folder)
        for part in (splits.train, splits.dev, splits.test):
            counts = Counter(row.label for row in part)
            assert set(counts) == set(splits.labels)
            assert abs(counts[label] / len(part) - share) < 0.005


def test_the_slice_and_xquad_share_nothing(data_folder):
    splits = fetch("squad_slice", data_folder)
    seen, others = splits.train + splits.dev + splits.test, datasets.fetch_xquad("en", data_folder)
    for name in ("context", "question"):
        ours, theirs = ({text_key(text).replace(" ", "")
                         for text in {getattr(row, name) for row in part}}
                        for part in (seen, others))
        assert not ours & theirs


def test_answers_stand_where_they_are_said_to(data_folder):
    splits = fetch("squad_slice", data_folder)
    for row in splits.train + datasets.fetch_xquad("zh", data_folder):
        for answer in row.answers:
            assert row.context[answer.start:].startswith(answer.text)


def test_held_out_translations(data_folder):
    splits = fetch("english_chinese", data_folder)
    assert max(len(pair.source.split()) for pair in splits.test + splits.dev) <= 6
    assert all(len(pair.targets) == 1 for pair in splits.train)
    assert any(len(pair.targets) > 1 for pair in splits.test)
    train, dev, test = ({text_key(pair.source) for pair in part}
                        for part in (splits.train, splits.dev, splits.test))
    assert len(dev) == len(test) == 500 and not train & (dev | test) and not dev & test
    # Every translation of a held-out sentence is among its references.
    file = datasets.find_file(datasets.fetchers.english_chinese.FILE, data_folder)
    written = {}
    for pair in datasets.read_parallel(file, 3):
        written.setdefault(pair.source, set()).update(pair.targets)
    assert all(set(pair.targets) == written[pair.source] for pair in splits.test)


def test_another_seed_divides_otherwise_and_the_same_seed_alike(data_folder):
    first, again, other = (datasets.fetch_copa(data_folder, seed) for seed in (0, 0, 1))
    assert first == again and first.dev != other.dev


# ---------------------------------------------------------------------- dividing

def test_copies_stay_together_and_shares_are_met():
    rows = [Classification(f"{'abc'[i % 3]} {letter}{'!' * (i % 2)} {i % 7}", label="ab"[i % 2])
            for i, letter in enumerate("pqrstuvw" * 50)]
    parts = split_by_key(rows, lambda row: text_key(row.text), shares=(0.6, 0.4))
    keys = [{text_key(row.text) for row in part} for part in parts]
    assert sum(map(len, parts)) == 400 and not keys[0] & keys[1]
    assert abs(len(parts[0]) - 240) <= 20


def test_adding_a_row_moves_hardly_any_other():
    rows = [f"row {chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(600)]
    before, after = (split_by_key(part, text_key)[2] for part in (rows[:-1], rows))
    assert len(set(before) ^ set(after)) <= 3


@pytest.mark.parametrize("one, two, same", [
    ("Call 07123 now", "call 99999 NOW!!", True), (":)", ":(", False), ("", " ", True),
    ("café", "cafe", False), ("it's", "it is", False)])
def test_what_counts_as_a_copy(one, two, same):
    assert (text_key(one) == text_key(two)) == same
