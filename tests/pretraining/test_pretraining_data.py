"""Batches of a run: from shards in memory or in files, from any position, and what they cost."""

from types import SimpleNamespace

import numpy as np
import pytest
from small_corpus import write_corpus
from test_resume import OPTIONS, assert_same_run, stop_after

from albert_np.pretraining import PretrainingData, held_out_batches, pretrain, resume
from albert_np.text import AlbertTokenizer, DataOptions, train_tokenizer
from albert_np.text.corpus.prepare import prepare_corpus
from albert_np.text.corpus.tokenized_documents import TokenizedDocuments

pytest.importorskip("sentencepiece")

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    file = tmp_path_factory.mktemp("tokenizer") / "spiece.model"
    train_tokenizer(["the cat sees a dog; my bird likes our cow. every river follows the moon"] * 3,
                    41, file)
    return AlbertTokenizer(file)


def some_shards(count, documents=6, seed=0):
    """Shards whose pieces name their document, so that every batch tells where it comes from."""
    rng = np.random.default_rng(seed)
    return [TokenizedDocuments.from_lists(
        [[[13 + d + documents * s] * int(rng.integers(2, 6)) for _ in range(8)]
         for d in range(documents)]) for s in range(count)]


def data_of(shards, tokenizer, batch_size=4, seed=0, **options):
    options = DataOptions(**{"max_seq_length": 16, **options})
    return PretrainingData(shards, some_shards(1, seed=9), tokenizer, options, batch_size, seed)


@pytest.mark.parametrize("options", [
    {}, {"masking": "fixed"}, {"masking": "fixed", "dupe_factor": 2}, {"sentence_task": "nsp"}],
    ids=str)
def test_batches_go_on_from_any_position(tokenizer, options):
    data = data_of(some_shards(3), tokenizer, **options)
    whole, batches, positions = data.training_batches(), [], [(0, 0, 0)]
    while whole.position[0] < 3:
        batches.append(next(whole))
        positions.append(whole.position)
    for k in range(0, len(batches), 7):
        again = data.training_batches(positions[k])
        for expected in batches[k:k + 5]:
            batch = next(again)
            assert batch.keys() == expected.keys()
            assert all(array.dtype == np.int64 for array in batch.values())
            assert all((batch[name] == expected[name]).all() for name in batch)


def originals(data, epochs):
    """The batches of each epoch with the masked pieces put back."""
    batches = data.training_batches()
    found = [[] for _ in range(epochs)]
    while batches.position[0] < epochs:
        epoch = batches.position[0]
        batch = next(batches)
        found[epoch].append((batch, np.where(batch["labels"] != -100, batch["labels"],
                                             batch["input_ids"])))
    return found


def test_every_epoch_reads_all_shards_in_its_own_order(tokenizer):
    epochs = originals(data_of(some_shards(3), tokenizer), 4)
    pieces = [{int(piece) for _, text in epoch for piece in np.unique(text) if piece >= 13}
              for epoch in epochs]
    assert all(found == set(range(13, 31)) for found in pieces)
    firsts = [[int(text[0, 1] - 13) // 6 for _, text in epoch] for epoch in epochs]
    orders = {tuple(dict.fromkeys(row)) for row in firsts}
    assert len(orders) > 1 and all(len(order) == 3 for order in orders)


def as_set(epoch):
    return {(tuple(row), tuple(labels)) for batch, _ in epoch
            for row, labels in zip(batch["input_ids"], batch["labels"])}


def test_dynamic_masks_are_new_in_each_epoch_and_fixed_ones_come_again(tokenizer):
    shards = some_shards(2)
    dynamic = [as_set(epoch) for epoch in originals(data_of(shards, tokenizer), 2)]
    assert len(dynamic[0] & dynamic[1]) < 0.2 * len(dynamic[0])
    two = [as_set(epoch) for epoch in
           originals(data_of(shards, tokenizer, masking="fixed", dupe_factor=2), 4)]
    assert two[0] == two[2] and two[1] == two[3]
    assert len(two[0] & two[1]) < 0.2 * len(two[0])
    one = originals(data_of(shards, tokenizer, masking="fixed"), 2)
    assert as_set(one[0]) == as_set(one[1])
    assert (one[0][0][0]["input_ids"] != one[1][0][0]["input_ids"]).any()     # in another order


def test_fixed_masks_of_more_than_a_thousand_sequences(tokenizer):
    """They are drawn a thousand at a time; each row keeps its own labels."""
    shard = some_shards(1, documents=28, seed=3)[0]
    many = TokenizedDocuments.from_lists([list(shard[d % 28]) for d in range(500)])
    data = data_of([many], tokenizer, batch_size=300, masking="fixed")
    instances = data.instances(0, 0)
    N = len(instances["input_ids"])
    assert 1000 < N < 2000
    batches = data.training_batches()
    epoch = [next(batches) for _ in range(-(-N // 300))]
    assert batches.position == (1, 0, 0)
    found = {name: np.concatenate([batch[name] for batch in epoch]) for name in epoch[0]}
    labelled = found["labels"] != -100
    assert 0.02 < labelled.mean() < 0.2
    text = np.where(labelled, found["labels"], found["input_ids"])
    rows = [tuple(np.concatenate(row)) for row in zip(text, found["token_type_ids"])]
    expected = zip(instances["input_ids"], instances["token_type_ids"])
    assert sorted(rows) == sorted(tuple(np.concatenate(row)) for row in expected)
    assert 0.7 < (found["input_ids"] == tokenizer.mask_token_id)[labelled].mean() < 0.9


def test_held_out_batches_are_limited_and_the_same_every_time(tokenizer):
    shards, options = some_shards(3), DataOptions(max_seq_length=16)
    batches = held_out_batches(shards, tokenizer, options, 4, seed=1, max_sequences=22)
    assert [len(batch["input_ids"]) for batch in batches][-1] != 4
    assert sum(len(batch["input_ids"]) for batch in batches) == 22
    again = held_out_batches(shards, tokenizer, options, 4, seed=1, max_sequences=22)
    assert all((one[name] == two[name]).all() for one, two in zip(batches, again) for name in one)


def test_held_out_documents_are_cut_from_their_beginning(tokenizer):
    """Only training text may begin somewhere else in each epoch."""
    shards, options = some_shards(2), DataOptions(max_seq_length=16, random_start=True)
    from_the_first = DataOptions(max_seq_length=16, random_start=False)
    for seed in range(4):
        cut, expected = (held_out_batches(shards, tokenizer, one, 4, seed)
                         for one in (options, from_the_first))
        assert len(cut) == len(expected) > 4
        for ours, theirs in zip(cut, expected):
            assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
        anywhere, first = (data_of(shards, tokenizer, seed=seed, random_start=start).instances(0, 0)
                           for start in (True, False))
        assert not np.array_equal(anywhere["input_ids"], first["input_ids"])


def unmasked(batches):
    """The rows of all batches with the true pieces."""
    return [row for batch in batches for row in np.where(
        batch["labels"] != -100, batch["labels"], batch["input_ids"]).tolist()]


def test_the_first_sequences_of_all_shards_are_held_out(tokenizer):
    """So many and no more, from one shard after the other; each shard is masked in its own way."""
    shards, options = some_shards(3), DataOptions(max_seq_length=16, sentence_task="none")

    def held_out(shards, seed=1, *count):
        return held_out_batches(shards, tokenizer, options, 4, seed, *count)

    rows = unmasked(held_out(shards))
    size, two = len(unmasked(held_out(shards[:1]))), len(unmasked(held_out(shards[:2])))
    assert 8 < size < two < len(rows)
    for count in (1, 4, size, size + 1, two + 2, len(rows) + 9):
        limited = held_out(shards, 1, count)
        assert unmasked(limited) == rows[:count]
        assert max(len(batch["input_ids"]) for batch in limited) <= 4
    masks = [batch["labels"] for batch in held_out(shards[:1] * 2)]        # the same shard twice
    assert len(masks) % 2 == 0
    assert any((a != b).any() for a, b in zip(masks, masks[len(masks) // 2:]))
    assert any((a != b["labels"]).any() for a, b in zip(masks, held_out(shards[:1], seed=2)))


def test_a_small_shard_without_a_pair_is_passed_over(tokenizer):
    single = TokenizedDocuments.from_lists([[[13, 14]]])
    data = data_of([*some_shards(2), single], tokenizer)
    assert len(originals(data, 3)) == 3
    assert len(held_out_batches([single, *some_shards(1)], tokenizer, data.options, 4)) > 0
    with pytest.raises(ValueError, match="there is nothing to evaluate on: no shard gives a singl"):
        held_out_batches([single, single], tokenizer, data.options, 4)
    with pytest.raises(ValueError, match="there is nothing to train on"):
        next(data_of([single, single], tokenizer).training_batches())
    with pytest.raises(ValueError, match="None of the 1 documents has two sentences"):
        next(data_of([single], tokenizer).training_batches())


@pytest.mark.parametrize("masking", ["dynamic", "fixed"])
@pytest.mark.parametrize("useful", [0, 2])
def test_a_single_shard_has_all_the_text(tokenizer, masking, useful):
    """The others, without a pair, may all come before it, or after it, in any two epochs."""
    single = TokenizedDocuments.from_lists([[[13, 14]]])
    shards = [single] * 3
    shards[useful], = some_shards(1)
    data = data_of(shards, tokenizer, masking=masking)
    batches, found = data.training_batches(), [0] * 12
    while len(rows := next(batches)["labels"]) and batches.taken[0] < 12:
        found[batches.taken[0]] += len(rows)
    assert found == [len(data.instances(epoch, useful)["input_ids"]) for epoch in range(12)]
    assert np.array_equal(data.training_text(), data.instances(0, useful)["input_ids"])
    with pytest.raises(ValueError, match="there is nothing to train on"):
        next(data_of([single] * 3, tokenizer, masking=masking).training_batches())


def test_bad_batch_size_is_refused(tokenizer):
    with pytest.raises(ValueError, match="batch_size is 0; it must be at least 1"):
        data_of(some_shards(1), tokenizer, batch_size=0)


def test_batches_of_one_sequence(tokenizer):
    data = data_of(some_shards(1), tokenizer, batch_size=1)
    N = len(data.instances(0, 0)["input_ids"])
    batches = data.training_batches()
    assert [len(next(batches)["labels"]) for _ in range(N)] == [1] * N
    assert batches.position == (1, 0, 0) and batches.taken == (0, 0, N - 1)


@pytest.mark.parametrize("masking", ["dynamic", "fixed"])
def test_no_two_batches_shards_or_epochs_have_the_same_draws(tokenizer, masking):
    """Two shards of the same 28 documents, each of one sequence, in two epochs."""
    shard = TokenizedDocuments.from_lists([[[13 + d] * 5] * 2 for d in range(28)])
    data = data_of([shard, shard], tokenizer, batch_size=14, masking=masking, dupe_factor=2,
                   do_whole_word_mask=False, short_seq_prob=0)
    batches, orders, swaps, masks, parts = data.training_batches(), [], [], [], []
    for _ in range(4):
        two = [next(batches) for _ in range(2)]
        parts += [batch["labels"] != -100 for batch in two]
        whole = {name: np.concatenate([batch[name] for batch in two]) for name in two[0]}
        text = np.where(whole["labels"] != -100, whole["labels"], whole["input_ids"])
        order = text[:, 1].argsort()                       # of the documents, before shuffling
        orders.append(order)
        swaps.append(whole["sentence_order_label"][order])
        masks.append(whole["labels"][order] != -100)
    for drawn in (orders, swaps, masks, parts):
        assert len({array.tobytes() for array in drawn}) == len(drawn)


class Counted(list):
    """Shards that note which of them are read."""

    def __init__(self, shards):
        super().__init__(shards)
        self.read = []

    def __getitem__(self, number):
        self.read.append(number)
        return super().__getitem__(number)


def test_each_shard_is_read_once_in_an_epoch(tokenizer):
    shards = Counted(some_shards(3))
    data = data_of(shards, tokenizer)
    originals(data, 3)
    assert shards.read == [number for epoch in range(3) for number in data.order(epoch)]


def test_data_of_documents_that_are_str(tokenizer):
    """One shard of the text to train on; all that is said beside it counts."""
    train, held_out = ([[f"a {word}", "a dog", "my bird"]] * 9 for word in ("cow", "moon"))
    options = DataOptions(max_seq_length=16)
    data = PretrainingData.from_text(train, held_out, tokenizer, options, 4, seed=3,
                                     held_out_sequences=7)
    shard, = data.shards
    assert len(shard) == 9 and tokenizer.decode(shard[8][0]) == "a cow"
    assert (data.batch_size, data.seed, data.options) == (4, 3, options)
    assert [len(batch["labels"]) for batch in data.held_out] == [4, 3]
    texts = " ".join(map(tokenizer.decode, unmasked(data.held_out)))
    assert "moon" in texts and "cow" not in texts


def test_held_out_shards_are_read_until_there_are_enough_sequences(tokenizer):
    options = DataOptions(max_seq_length=16)
    documents = [list(document) for document in some_shards(1, 28)[0]]
    shards = [TokenizedDocuments.from_lists(4 * documents) for _ in range(3)]
    read = Counted(shards)
    held_out_batches(read, tokenizer, options, 50)
    assert read.read == [0, 1, 2]
    batches = held_out_batches(shards[:1], tokenizer, options, 50)
    first = sum(len(batch["labels"]) for batch in batches)
    assert first > 256
    for count, expected in ((first - 1, [0]), (first, [0]), (first + 1, [0, 1])):
        read = Counted(shards)
        held_out_batches(read, tokenizer, options, 50, max_sequences=count)
        assert read.read == expected


def test_the_text_to_count_in_is_that_of_the_first_epoch_until_there_is_enough(tokenizer):
    """Padding is not text."""
    data = data_of(some_shards(3), tokenizer, short_seq_prob=0.5)
    parts = [data.instances(0, number)["input_ids"] for number in range(3)]
    whole = data.training_text()
    assert np.array_equal(whole, np.concatenate(parts))
    assert not (whole == tokenizer.mask_token_id).any()
    one, two, _ = np.cumsum([np.count_nonzero(part) for part in parts])
    assert one < parts[0].size                                  # some of it is padding
    for limit, count in ((1, 1), (one, 1), (one + 1, 2), (two, 2), (two + 1, 3)):
        assert np.array_equal(data.training_text(limit), np.concatenate(parts[:count])), limit
    data.tokenizer = SimpleNamespace(vocab_size=tokenizer.vocab_size, pad_token_id=14)
    data.instances = lambda epoch, number: {"input_ids": np.array([[0, 0, 0, 14]])}
    assert [len(data.training_text(limit)) for limit in (3, 4, 6, 7)] == [1, 2, 2, 3]


def test_the_defaults_of_the_data_are_those_of_a_run():
    """The seed is 0, and 4000 sequences are held out."""
    from inspect import signature

    from albert_np.pretraining.options import PretrainingOptions

    run = PretrainingOptions()
    for function, name in ((PretrainingData, "held_out_sequences"),
                           (held_out_batches, "max_sequences")):
        defaults = signature(function).parameters
        assert defaults[name].default == run.held_out_sequences
        assert defaults["seed"].default == run.seed
    assert signature(PretrainingData.training_text).parameters["max_pieces"].default == 10_000_000
    data = PretrainingData([], [], None, DataOptions(), 4)
    assert data.seed == run.seed and data.training_batches().position == (0, 0, 0)
    assert held_out_batches([], None, DataOptions(), 4) == []


def test_everything_drawn_depends_on_the_seed(tokenizer):
    """Cuts, order, masks and the held-out masks; the same seed draws them again."""
    def drawn(seed, **options):
        data = data_of(some_shards(2), tokenizer, seed=seed, **options)
        batches = data.training_batches()
        return [data.instances(0, 0)["input_ids"], data.order(2), data.order(3), data.order(5),
                next(batches)["labels"], next(batches)["input_ids"], data.held_out[0]["labels"]]

    for options in ({}, {"masking": "fixed"}):
        one, again, others = drawn(1, **options), drawn(1, **options), [drawn(2, **options)]
        others += [drawn(seed, **options) for seed in (3, 4)]
        for i, array in enumerate(one):
            assert np.array_equal(array, again[i])
            assert not all(np.array_equal(array, other[i]) for other in others), i


# ---- prepared corpora ----------------------------------------------------------------------------

PREPARED = {name: value for name, value in OPTIONS.items() if name != "vocab_size"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    write_corpus(folder / "corpus.txt")
    prepare_corpus(folder / "corpus.txt", folder / "prepared", vocab_size=45, held_out=0.1,
                   shard_pieces=1500, processes=1, progress=False)
    return folder / "prepared"


def test_a_run_on_a_prepared_corpus_goes_on_too(prepared, tmp_path, monkeypatch):
    whole = pretrain(tmp_path / "whole", prepared, **PREPARED, progress=False)
    assert len(whole["data"].shards) > 2
    stop_after(tmp_path / "parts", prepared, 21, monkeypatch, **PREPARED)
    resume(tmp_path / "parts", progress=False)
    assert_same_run(tmp_path / "parts", tmp_path / "whole")


def test_another_tokenizer_than_the_prepared_one_is_refused(prepared, tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    with pytest.raises(ValueError, match="does not match .*prepared with another one"):
        pretrain(tmp_path / "run", prepared, tokenizer=tmp_path, **PREPARED, progress=False)


def test_a_changed_or_cut_corpus_is_noticed(prepared, tmp_path):
    import shutil

    for name in ("prepared", "corpus.txt"):
        source, target = prepared.parent / name, tmp_path / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    manifest = tmp_path / "prepared" / "manifest.json"
    manifest.write_text(manifest.read_text().replace(str(prepared.parent), str(tmp_path)))
    corpus = tmp_path / "corpus.txt"
    corpus.write_text(corpus.read_text() + "\nOne more line.\n")
    with pytest.raises(ValueError, match="corpus.txt.* changed"):
        pretrain(tmp_path / "run", tmp_path / "prepared", **PREPARED, progress=False)
    corpus.unlink()
    shard = next((tmp_path / "prepared").glob("train-00001.pieces.npy"))
    shard.write_bytes(shard.read_bytes()[:-10])
    with pytest.raises(ValueError, match="train-00001.pieces.npy is cut short"):
        pretrain(tmp_path / "run", tmp_path / "prepared", **PREPARED, progress=False)
