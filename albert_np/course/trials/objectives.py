"""Trials of the two objectives: masking, segments, batches, the heads, and the model with both.

What is drawn at random may be drawn in many ways, all of them right. Such functions are asked for
shares of many draws, in steps coarse enough that chance does not matter, and for what must hold at
every draw.
"""

from types import SimpleNamespace

import numpy as np

from ... import layers
from ...models import AlbertForPreTraining, AlbertModel, albert_forward
from ...models.outputs import AlbertOutput
from ...text.data_options import DataOptions
from .forward_backward import layer_pair
from .random_inputs import depends_on_generator, generator, near, refused, slopes

PAD, UNK, CLS, SEP, MASK = range(5)
SPELLINGS = ("▁and", "ing", "'s", ",", "é", "<b", "n't")


def vocabulary(draw, size=60):
    """A stand-in for a tokenizer: five special pieces, and others of which half begin a word."""
    starts = draw.rng.random(size) < 0.5
    starts[5:10] = True
    starts[:5] = True
    return SimpleNamespace(
        is_word_start=starts, special_ids=np.array([PAD, CLS, SEP, MASK]), unk_token_id=UNK,
        ordinary_ids=np.arange(5, size), pad_token_id=PAD, cls_token_id=CLS, sep_token_id=SEP,
        mask_token_id=MASK, pieces=[SPELLINGS[number % len(SPELLINGS)] for number in range(size)])


def _texts(draw, rows=30, T=40):
    """Rows ``[CLS] A [SEP] B [SEP]``, half of them padded."""
    ids = draw.integers(5, 60, rows, T)
    ids[:, 0], ids[:, 12], ids[:, -1] = CLS, SEP, SEP
    ids[::2, 25:] = PAD
    ids[::2, 24] = SEP
    return ids


def _share(true, steps):
    """In steps of 1 / steps; -1 if there is nothing to take a share of."""
    return np.rint(np.mean(true) * steps) if np.size(true) else -1.0


def prediction_budget(f, draw):
    """Padding, the maximum, and the least."""
    ids, tokenizer = _texts(draw), vocabulary(draw)
    for what, options in [("", DataOptions()), (" with a maximum",
                                                DataOptions(max_predictions_per_seq=5)),
                          (" of a small share", DataOptions(masked_lm_prob=0.001)),
                          (" of a tenth", DataOptions(masked_lm_prob=0.1)),
                          (" of no share", DataOptions(masked_lm_prob=0.0))]:
        yield f"the budget{what}", f.prediction_budget(ids, tokenizer, options)


def ngram_probabilities(f, draw):
    """For several lengths, and the other way around."""
    for n in (1, 3, int(draw.integers(4, 8))):
        yield f"p for N = {n}", f.ngram_probabilities(DataOptions(ngram=n))
    yield "p, long ones first", f.ngram_probabilities(DataOptions(favor_shorter_ngram=False))


def piece_tables(f, draw):
    """What may be masked, and where words begin."""
    tokenizer = vocabulary(draw)
    for what, options in [("", DataOptions()),
                          (" for pieces in place of words", DataOptions(do_whole_word_mask=False)),
                          (" if unknown pieces may be hidden", DataOptions(mask_unknown=True)),
                          (" if n-grams may span [SEP]", DataOptions(ngrams_across_sep=True)),
                          (" for pieces if n-grams may span [SEP]", DataOptions(
                              do_whole_word_mask=False, ngrams_across_sep=True)),
                          (" with the original's rule of where words begin", DataOptions(
                              original_word_starts=True))]:
        tables = f._tables(tokenizer, options)
        yield f"the tables{what}", dict(zip(("barred", "barrier", "begins"), tables))


def strike_out(f, draw):
    """Which n-grams are still open once some were chosen."""
    ids, tokenizer = _texts(draw, rows=4), vocabulary(draw)
    ngrams = f.Ngrams(ids, tokenizer, DataOptions())
    W = ids.shape[1] + 1
    rows = np.arange(len(ids)) * W
    first = draw.integers(3, 9, len(ids))
    before = ngrams.open_sizes.copy()
    ngrams.strike_out(rows + first, np.where(np.arange(len(ids)) == 2, 0, rows + first + 3))
    yield "which n-grams are struck out", ngrams.open_sizes > ids.size
    kept = ngrams.open_sizes <= ids.size
    yield "whether the others keep their sizes", bool(
        (ngrams.open_sizes[kept] == before[kept]).all())


def replace_chosen(f, draw):
    """80, 10 and 10 per cent."""
    tokenizer, options = vocabulary(draw), DataOptions()
    ids = draw.integers(5, 60, 150, 200)
    before, chosen = ids.copy(), draw.rng.random(ids.shape) < 0.7
    rng = np.random.default_rng(int(draw.integers(0, 2**31)))
    masked = f.replace_chosen(ids, chosen, tokenizer, options, rng)
    picked, was = masked[chosen], before[chosen]
    yield "whether what was not chosen stays", bool((masked[~chosen] == before[~chosen]).all())
    yield "whether the input stays as it was", bool((ids == before).all())
    yield "the shares, in twentieths", {
        "[MASK]": _share(picked == MASK, 20),
        "the same": _share(picked == was, 20),
        "another piece": _share((picked != MASK) & (picked != was), 20)}
    yield ("whether another special piece was put in",
           bool(np.isin(picked, [PAD, UNK, CLS, SEP]).any()))
    half, M = len(picked) // 2, len(picked)
    yield "whether the shares hold in both halves of the batch", {
        name: [near(true.mean(), p, half) for true in (hit[:half], hit[half:])]
        for name, hit, p in [("[MASK]", picked == MASK, 0.8), ("the same", picked == was,
                                                              0.1 + 0.1 / 55)]}
    yield "whether neighbours are replaced independently of each other", near(
        ((picked[1:] == MASK) & (picked[:-1] == MASK)).mean(), 0.64, M / 3)
    drawn = picked[(picked != MASK) & (picked != was)]
    counts = np.bincount(drawn, minlength=60)[5:]
    yield "whether each ordinary piece is put in equally often", near(
        counts / max(len(drawn), 1), 1 / 55, max(len(drawn), 1))
    yield "whether the result depends on the generator", depends_on_generator(
        lambda rng: f.replace_chosen(ids, chosen, tokenizer, options, rng), draw)
    anything = DataOptions(replace_by_any_piece=True)
    picked = f.replace_chosen(ids, chosen, tokenizer, anything, generator(draw))[chosen]
    yield ("whether a special piece is put in where the options allow any piece",
           bool(np.isin(picked, [PAD, UNK, CLS, SEP]).any()))
    yield "the type of the ids", str(masked.dtype)
    yield "the ids if none is chosen", f.replace_chosen(
        ids[:3], np.zeros((3, 200), bool), tokenizer, options, generator(draw))


def permute_chosen(f, draw):
    """Every row keeps its pieces, and what was not chosen keeps its place."""
    ids = np.argsort(draw.rng.random((40, 30)), axis=1) + 5         # no two alike in a row
    ids += 100 * np.arange(40)[:, None]
    before, chosen = ids.copy(), draw.rng.random(ids.shape) < 0.5
    permuted = f.permute_chosen(ids, chosen, np.random.default_rng(int(draw.integers(0, 2**31))))
    yield "whether what was not chosen stays", bool((permuted[~chosen] == before[~chosen]).all())
    yield ("whether every row keeps its pieces",
           bool((np.sort(permuted, axis=1) == np.sort(before, axis=1)).all()))
    yield "the share of chosen pieces that moved, in quarters", _share(
        permuted[chosen] != before[chosen], 4)
    yield "whether the input stays as it was", bool((ids == before).all())
    rows = np.arange(5, 25) + np.zeros((4000, 1), int)
    all_chosen = np.ones_like(rows, bool)
    placed = f.permute_chosen(rows, all_chosen, generator(draw)) - 5
    yield "whether each piece comes to each place equally often", near(
        [(placed == piece).mean(axis=0) for piece in range(20)], 1 / 20, 4000)
    yield "whether rows are permuted independently of each other", near(
        (placed[1:] == placed[:-1]).mean(), 1 / 20, 40_000)
    yield "whether the order depends on the generator", depends_on_generator(
        lambda rng: f.permute_chosen(ids, chosen, rng), draw)


def mask_batch(f, draw):
    """The labels belong to what was hidden."""
    ids, tokenizer = _texts(draw, rows=80), vocabulary(draw)
    before = ids.copy()
    masked, labels = f.mask_batch(ids, tokenizer, DataOptions(),
                                  np.random.default_rng(int(draw.integers(0, 2**31))))
    asked = labels != -100
    yield "whether every label is the piece that stood there", bool(
        (labels[asked] == before[asked]).all())
    yield "whether only labelled pieces changed", bool((masked[~asked] == before[~asked]).all())
    yield "whether a special piece was chosen", bool((before[asked] < 5).any())
    yield "how much of the text is labelled, in twentieths", _share(asked[before != PAD], 20)
    yield "the type of the labels", str(labels.dtype)
    plain = DataOptions(do_permutation=True)
    masked, labels = f.mask_batch(ids, tokenizer, plain, generator(draw))
    asked, moved = labels != -100, (masked != before) & (masked != MASK)
    yield "with permutation, whether only labelled pieces changed", bool(
        (masked[~asked] == before[~asked]).all())
    yield "with permutation, whether a quarter of the labelled pieces are others", bool(
        moved[asked].mean() > 0.25)
    yield "whether ids of another shape or of another type are refused", [
        refused(f.mask_batch, wrong, tokenizer, plain, generator(draw))
        for wrong in (ids[0], ids.astype(float))]
    yield "whether the result depends on the generator", depends_on_generator(
        lambda rng: f.mask_batch(ids, tokenizer, plain, rng)[0], draw)
    large = vocabulary(draw, 300)
    yield "the types of ids and labels", {
        name: [str(array.dtype) for array in f.mask_batch(ids.astype(name), known, DataOptions(),
                                                          generator(draw))]
        for name, known in [("int32", large), ("uint16", large), ("uint8", large),
                            ("int8", tokenizer)]}
    _, labels = f.mask_batch(ids.astype(np.uint16), large, DataOptions(), generator(draw))
    yield "the labels of what was not chosen, for unsigned ids", np.unique(labels[labels < 0])
    everything = [f.mask_batch(ids, tokenizer, DataOptions(masked_lm_prob=1.0, ngrams_by_place=by),
                               generator(draw))[1] for by in (False, True)]
    yield "whether all words are chosen of a share of 1, by ngrams_by_place", [
        bool(np.mean(labels[before > SEP] != -100) > 0.97) for labels in everything]
    yield "the most labels of a row with max_predictions_per_seq=2", int((f.mask_batch(
        ids, tokenizer, DataOptions(max_predictions_per_seq=2), generator(draw))[1] != -100
    ).sum(axis=1).max())


# ---- segments and batches ------------------------------------------------------------------------

def _documents(draw, D=1600):
    """Places where sentences begin, and sentences with which documents begin."""
    sentences = draw.rng.integers(3, 9, D)
    document_starts = np.concatenate([[0], np.cumsum(sentences)]).tolist()
    lengths = draw.rng.integers(3, 9, document_starts[-1])
    return np.concatenate([[0], np.cumsum(lengths)]).tolist(), document_starts


def cut_segments(f, draw):
    """Shares of the classes, and what a label says of the places."""
    starts, document_starts = _documents(draw)
    for task in ("sop", "nsp"):
        options = DataOptions(max_seq_length=30, sentence_task=task, random_start=False)
        spans = np.array(f._cut(starts, document_starts, options,
                                np.random.default_rng(int(draw.integers(0, 2**31)))))
        a, a_stop, b, b_stop, label = spans.T
        yield f"the share of label 1 ({task}), in tenths", _share(label == 1, 10)
        yield f"among the pairs ({task}), in fifths", {
            "labelled 0 with B right behind A": _share((a_stop == b)[label == 0], 5),
            "labelled 1 with A right behind B": _share((b_stop == a)[label == 1], 5)}
        seen = np.zeros(starts[-1] + 1)
        np.add.at(seen, a, 1)
        np.add.at(seen, a_stop, -1)
        if task == "sop":
            np.add.at(seen, b, 1)
            np.add.at(seen, b_stop, -1)
        else:
            np.add.at(seen, b[label == 0], 1)
            np.add.at(seen, b_stop[label == 0], -1)
        yield f"the share of the text that is used ({task}), in eighths", _share(
            seen.cumsum()[:-1] > 0, 8)
    yield from _chances(f, draw, *_documents(draw, D=500))
    # With few documents, one that is its own "other" document is soon met.
    from_one = False
    for _ in range(40):
        starts, document_starts = _documents(draw, D=4)
        edges = [starts[sentence] for sentence in document_starts]
        spans = np.array(f._cut(starts, document_starts, options,
                                np.random.default_rng(int(draw.integers(0, 2**31)))))
        random = spans[spans[:, 4] == 1]
        from_one |= bool((np.searchsorted(edges, random[:, 0], side="right")
                          == np.searchsorted(edges, random[:, 2], side="right")).any())
    yield "whether a random B comes from the document of A", from_one


def _chances(f, draw, starts, document_starts):
    """What is drawn, and what each option changes."""
    places = np.array(starts)

    def spans_of(**changes):
        options = DataOptions(**{"max_seq_length": 30, "random_start": False, **changes})
        return np.array(f._cut(starts, document_starts, options, generator(draw)))

    def documents_of(column):
        return np.searchsorted(places[document_starts], column, side="right")

    spans = spans_of()
    in_order = spans[spans[:, 4] == 0]
    in_a, in_both = (np.searchsorted(places, in_order[:, end])
                     - np.searchsorted(places, in_order[:, 0]) for end in (1, 3))
    cut = in_a[in_both == 3]
    yield "whether a chunk is cut at each place equally often", near(
        np.mean(cut == 1), 1 / 2, len(cut))
    label = spans[:, 4]
    yield "whether each pair is swapped independently of the one before", near(
        np.mean(label[1:] == label[:-1]), 1 / 2, len(label))
    random = spans_of(sentence_task="nsp")
    random = random[random[:, 4] == 1]
    yield "whether a random B comes from all documents", bool(
        np.mean(np.abs(documents_of(random[:, 2]) - documents_of(random[:, 0])) > 9) > 0.9)
    yield "whether every document begins with its first sentence, by random_start", {
        str(what): bool(np.isin(places[document_starts[:-1]], spans_of(
            random_start=what, sentence_task="none")[:, 0]).mean() > 0.8)
        for what in (True, False)}
    lengths = [np.mean(found[:, 1] - found[:, 0] + found[:, 3] - found[:, 2])
               for found in (spans_of(short_seq_prob=1.0), spans_of(short_seq_prob=0.0))]
    yield "whether a short_seq_prob of 1 makes shorter pairs", bool(lengths[0] < 0.9 * lengths[1])
    asked = spans_of(beginnings_only=True)
    begins = np.isin(asked[:, [0, 2]], places[document_starts]).any(axis=1)
    yield "with beginnings_only, whether the others have the label -100", bool(
        ((asked[:, 4] == -100) == ~begins).all())
    room = DataOptions(max_seq_length=30).room
    overfull = spans_of(overfull_chunks=True, sentence_task="none")
    yield "with overfull_chunks, whether a fifth of the pairs are too long", bool(
        np.mean(overfull[:, 3] - overfull[:, 0] > room) > 0.2)
    yield "the labels without a sentence task", np.unique(spans_of(sentence_task="none")[:, 4])
    document_starts = np.arange(len(starts)).tolist()          # documents of one sentence
    for alone in (False, True):
        spans = f._cut(starts[:60], document_starts[:60], DataOptions(
            max_seq_length=30, single_sentence_negatives=alone), generator(draw))
        yield (f"the labels of documents of one sentence (single_sentence_negatives={alone})",
               [label for *_, label in spans])
    yield "whether the pairs depend on the generator", depends_on_generator(
        lambda rng: f._cut(starts, document_starts[::4], DataOptions(max_seq_length=30), rng), draw)


def truncate(f, draw):
    """Lengths are certain; which end is lost is not."""
    room = 21
    lengths = draw.rng.integers(1, 40, (3000, 2))
    a, b = np.full(3000, 100), np.full(3000, 500)
    spans = np.stack([a, a + lengths[:, 0], b, b + lengths[:, 1], np.arange(3000) % 2], axis=1)
    cut = f.truncate(spans.copy(), room, np.random.default_rng(int(draw.integers(0, 2**31))))
    yield "the lengths and labels", {"A": cut[:, 1] - cut[:, 0], "B": cut[:, 3] - cut[:, 2],
                                     "label": cut[:, 4]}
    for name, column in (("A", 0), ("B", 2)):
        lost = (spans[:, column + 1] - spans[:, column]) - (cut[:, column + 1] - cut[:, column])
        front = cut[:, column] - spans[:, column]
        yield (f"the share of what {name} lost that was lost in front, in quarters",
               np.rint(4 * front.sum() / lost.sum()))
        tossed = lost > 0
        yield (f"whether {name} loses as many pieces in front as coins show heads", bool(
            0.7 < np.mean((2 * front - lost)[tossed]**2 / lost[tossed]) < 1.3))
    yield "whether every segment lies inside the old one", bool(
        (cut[:, [0, 2]] >= spans[:, [0, 2]]).all() and (cut[:, [1, 3]] <= spans[:, [1, 3]]).all())


def lay_out(f, draw):
    """A few pairs."""
    pieces = draw.integers(5, 60, 60).astype(np.int32)
    spans = []
    for row in range(draw.B + 1):
        a, middle, b = np.sort(draw.rng.choice(np.arange(1, 14), 3, replace=False))
        spans.append((10 * row, 10 * row + a, 20 + a, 20 + middle + 1, row % 2))
    T = int(max(s[1] - s[0] + s[3] - s[2] for s in spans)) + 5
    batch = f.lay_out(pieces, np.array(spans), vocabulary(draw), T)
    for name, array in batch.items():
        yield name, {name: array}
    yield "the types", {name: str(array.dtype) for name, array in batch.items()}
    yield "whether each is refused", {
        "no pairs": refused(f.lay_out, pieces, np.zeros((0, 5), int), vocabulary(draw), T),
        "a pair that does not fit": refused(f.lay_out, pieces, np.array(spans), vocabulary(draw),
                                            T - 3)}


# ---- heads and models ----------------------------------------------------------------------------

def _pooler(draw):
    config = draw.config()
    yield "", {"params": draw.params(config)["pooler"], "x": draw.normal(draw.B, draw.T, draw.H)
               }, ()


pooler_forward, pooler_backward = layer_pair(
    "pooler", layers.pooler_forward, layers.pooler_backward, _pooler)


def _sentence_order_head(draw):
    params = draw.params(draw.config(), "sop_head")["sop_head"]
    yield "", {"params": params, "pooled": draw.normal(draw.B, draw.H)}, ()


sentence_order_head_forward, sentence_order_head_backward = layer_pair(
    "sentence_order_head", layers.sentence_order_head_forward,
    layers.sentence_order_head_backward, _sentence_order_head)


def model_inputs(draw):
    """Ids, a mask and segments."""
    ids = draw.integers(5, draw.V, draw.B, draw.T)
    return ids, draw.padding(), draw.integers(0, 2, draw.B, draw.T)


def model_of(model_class, draw, **changes):
    """A model whose biases are not 0, with that class's parameters."""
    config = draw.config(num_hidden_layers=2, **changes)
    model = model_class(config, dtype=draw.dtype)
    params = draw.params(config, *model.components)
    model.params = {name: params[name] for name in model.components}
    return model


def _labels(draw):
    labels = np.full((draw.B, draw.T), -100)
    labels[0, 1], labels[0, draw.T - 1], labels[-1, 0] = 7, 9, 5
    return labels, draw.integers(0, 2, draw.B)


def pretraining_forward(f, draw):
    """Losses and logits, with labels and without."""
    model, inputs = model_of(f.AlbertForPreTraining, draw, sop_weight=0.3), model_inputs(draw)
    output, _ = model.forward(*inputs, *_labels(draw))
    yield "the losses", {"mlm_loss": output.mlm_loss, "sop_loss": output.sop_loss,
                         "loss": output.loss}
    yield "the logits", {"prediction_logits": output.prediction_logits,
                         "sop_logits": output.sop_logits}
    output, _ = model.forward(*inputs)
    yield "the logits without labels", {"prediction_logits": output.prediction_logits}
    yield "whether there is a loss without labels", output.loss is not None
    labels, order = _labels(draw)
    output, _ = model.forward(inputs[0], None, None, None, order)
    yield "the loss of the order alone", {"loss": output.loss}
    yield "whether there is a loss of masked pieces then", output.mlm_loss is not None
    positions = np.tile([0, draw.T - 1, 1], (draw.B, 1))
    output, _ = model.forward(*inputs, labels, order, positions=positions)
    yield "the loss at some positions", {"loss": output.loss,
                                         "sequence_output": output.sequence_output}
    output, _ = model.forward(*inputs, labels, order, recompute=True)
    yield "the loss with recompute", {"loss": output.loss}
    yield "whether attentions are kept with recompute", any(
        one is not None for one in output.attentions or ())
    output, _ = model.forward(*inputs, labels, order,
                              label_counts={"labels": 7, "sentence_order_label": 9})
    yield "the losses of a part of a batch", {"mlm_loss": output.mlm_loss,
                                              "sop_loss": output.sop_loss, "loss": output.loss}
    yield "whether each is refused", {
        "an id of V": refused(model.forward, inputs[0] * 0 + draw.V),
        "a mask of another shape": refused(model.forward, inputs[0], inputs[1][:, 1:]),
        "a label of V": refused(model.forward, *inputs, np.full_like(labels, draw.V)),
        "labels of another shape": refused(model.forward, *inputs, labels[:, 1:])}


def pretraining_backward(f, draw):
    """Of the loss alone, and of every part at once."""
    inputs, labels = model_inputs(draw), _labels(draw)
    model = model_of(f.AlbertForPreTraining, draw, sop_weight=0.3)
    reference = AlbertForPreTraining(model.config, dtype=draw.dtype)
    reference.params = model.params
    output, cache = reference.forward(*inputs, *labels)

    def losses(**params):
        reference.params = params
        value = reference.forward(*inputs, *labels)[0].loss
        reference.params = model.params
        return [value]

    yield ("gradients of the loss", model.backward(cache),
           slopes(losses, model.params, [np.float64(1.0)]))
    d = {"loss": 0.7, "mlm_loss": 0.4, "sop_loss": -0.6,
         "pooled_output": draw.like(output.pooled_output),
         "prediction_logits": draw.like(output.prediction_logits)}
    contributions = []
    yield "gradients of every part", model.backward(cache, d, contributions)
    yield "what each depth adds", contributions
    _, cache = reference.forward(*inputs, *labels, label_counts={"labels": 7,
                                                                 "sentence_order_label": 9})
    yield "gradients of a part of a batch", model.backward(cache)
    _, cache = reference.forward(*inputs, labels[0])
    yield "whether a gradient is refused of a loss that had no labels", refused(
        model.backward, cache, {"sop_loss": 1.0})


def albert_backward(f, draw):
    """Gradients of every output of the trunk."""
    inputs = model_inputs(draw)
    model = model_of(AlbertModel, draw)
    ids, mask, types = inputs
    output, cache = albert_forward(model.params, ids, mask, types, model.config)
    d = AlbertOutput(sequence_output=draw.like(output.sequence_output),
                     pooled_output=draw.like(output.pooled_output),
                     hidden_states=draw.like(output.hidden_states),
                     attentions=draw.like(output.attentions))
    contributions = []
    yield "gradients of every output", f.albert_backward(model.params, d, cache, contributions)
    yield "what each depth adds", contributions
    yield "gradients of the pooled output", f.albert_backward(
        model.params, AlbertOutput(pooled_output=d.pooled_output), cache)
    yield "gradients of the sequence output", f.albert_backward(
        model.params, AlbertOutput(sequence_output=d.sequence_output), cache)
    params = {name: model.params[name] for name in ("embeddings", "encoder")}
    _, cache = albert_forward(params, ids, mask, types, model.config)
    yield "gradients of the sequence output without a pooler", f.albert_backward(
        params, AlbertOutput(sequence_output=d.sequence_output), cache)


def room(f, draw):
    """How many pieces fit beside the special ones."""
    T = int(draw.integers(12, 60))
    yield "the room", f.DataOptions(max_seq_length=T).room
