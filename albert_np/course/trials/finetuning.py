"""Trials of fine-tuning: heads, task models, and translation by one encoder."""

import numpy as np

from ... import layers, models
from ...config import AlbertConfig
from ...models import AlbertModel, albert_forward
from ...models.outputs import AlbertOutput
from ...parameters import flatten
from .encoder import DROPOUT as ENCODER_DROPOUT
from .forward_backward import again, layer_pair, output_and_cache
from .objectives import model_caches, model_inputs, model_of, named_inputs
from .random_inputs import one_is, refused, slopes


def _classification_head(draw):
    config = draw.config(classifier_dropout_prob=0.3, num_labels=3)
    params = draw.params(config, "classification_head")["classification_head"]
    yield "", {"params": params, "x": draw.normal(draw.B, draw.T, draw.H)}, (config,)
    yield " with dropout", {"params": params, "x": draw.normal(draw.B, draw.T, draw.H)}, (
        config, "rng")


classification_head_forward, classification_head_backward = layer_pair(
    "classification_head", layers.classification_head_forward,
    layers.classification_head_backward, _classification_head)


def _span_head(draw):
    params = draw.params(draw.config(), "span_head")["span_head"]
    yield "", {"params": params, "x": draw.normal(draw.B, draw.T, draw.H)}, ()


span_head_forward, span_head_backward = layer_pair(
    "span_head", layers.span_head_forward, layers.span_head_backward, _span_head)


def _squad_params(draw, config):
    return draw.params(config, "squad_head")["squad_head"]


def _squad_end(draw):
    starts = np.array([[1, 1, 3]] * draw.B)               # the same start twice
    yield "", {"params": _squad_params(draw, draw.config())["end"],
               "x": draw.normal(draw.B, draw.T, draw.H)}, (starts, 0.1)


squad_end_forward, squad_end_backward = layer_pair(
    "squad_end", layers.squad_end_forward, layers.squad_end_backward, _squad_end)


def _squad_answer(draw):
    config = draw.config(classifier_dropout_prob=0.3)
    yield "", {"params": _squad_params(draw, config)["answer"],
               "x": draw.normal(draw.B, draw.T, draw.H),
               "start": draw.normal(draw.B, draw.T)}, (config, "rng")


squad_answer_forward, squad_answer_backward = layer_pair(
    "squad_answer", layers.squad_answer_forward, layers.squad_answer_backward, _squad_answer)


def _squad_head(draw):
    config = draw.config()
    may_answer = draw.rng.random((draw.B, draw.T)) < 0.6
    may_answer[:, :2] = True
    may_answer[:, -1] = False
    inputs = {"params": _squad_params(draw, config), "x": draw.normal(draw.B, draw.T, draw.H)}
    yield " given starts", inputs, (may_answer, np.array([[1]] * draw.B), config)
    yield " of the best starts", inputs, (may_answer, None, config, None, 2)
    most = np.arange(draw.T) < draw.T - 1 + np.zeros((draw.B, 1), int)
    yield " of as many starts as usual", inputs, (most, None, config)
    yield " with dropout", inputs, (may_answer, np.array([[1]] * draw.B), draw.config(
        classifier_dropout_prob=0.3), "rng")


_squad_head_forward, squad_head_backward = layer_pair(
    "squad_head", layers.squad_head_forward, layers.squad_head_backward, _squad_head)


def squad_head_forward(f, draw):
    """Every case, and the starts in the cache."""
    yield from _squad_head_forward(f, draw)
    for what, inputs, others in _squad_head(draw):
        _, cache = output_and_cache(f.squad_head_forward(*inputs.values(), *again(others)))
        yield f"the starts, the last part of the cache{what}", cache[-1]


# ---- task models ---------------------------------------------------------------------------------

def _both(name, f, draw, **changes):
    """The model of f and the package's, with the same parameters."""
    model = model_of(getattr(f, name), draw, **changes)
    reference = getattr(models, name)(model.config, dtype=draw.dtype)
    reference.params = model.params
    return model, reference


def _gradients(model, reference, given, counts, outputs):
    """Of the loss, of outputs alone, of both together, and of a part of a batch."""
    def run(**more):
        return reference.forward(**given, **more)

    _, cache = run()
    params = model.params

    def loss(**nudged):
        reference.params = nudged
        value = run()[0].loss
        reference.params = params
        return [value]

    yield "gradients of the loss", model.backward(cache), slopes(loss, params, [np.float64(1.0)])
    yield "gradients of loss and outputs", model.backward(cache, {"loss": 0.7, **outputs})
    contributions = []
    yield "gradients of the outputs alone", model.backward(cache, outputs, contributions)
    yield "what each depth adds", contributions
    yield "gradients of a part of a batch", model.backward(run(label_counts=counts)[1])


DROPOUT = ENCODER_DROPOUT | dict(classifier_dropout_prob=0.25)


def question_answering_forward(f, draw):
    """The loss, with an answer that was cut off."""
    model, _ = _both("AlbertForQuestionAnswering", f, draw, **DROPOUT)
    inputs = model_inputs(draw)
    start, end = np.full(draw.B, 3), np.full(draw.B, 4)
    output, _ = model.forward(*inputs, start_positions=start, end_positions=end)
    yield "the logits", {"start": output.start_logits, "end": output.end_logits}
    yield "the loss", {"loss": output.loss}
    end[0] = start[0] = draw.T + 2
    output, _ = model.forward(*inputs, start_positions=start, end_positions=end)
    yield "the loss where an answer lies outside", {"loss": output.loss}
    start[-1] = -3
    output, _ = model.forward(*inputs, start_positions=start, end_positions=end)
    yield "the loss where an answer begins below 0", {"loss": output.loss}
    output, _ = model.forward(*inputs, start_positions=start, end_positions=end,
                              label_counts={"start_positions": 7, "end_positions": 9})
    yield "the loss of a part of a batch", {"loss": output.loss}
    yield from model_caches(model, draw, dict(start_positions=start, end_positions=np.full(
        draw.B, 3)), {"start_positions": 7, "end_positions": 9}, ("start_logits", "end_logits"))
    yield "whether there is a loss without positions", (
        model.forward(*inputs)[0].loss is not None)
    yield "whether a start without an end is refused", refused(
        model.forward, *inputs, start_positions=start)


def question_answering_backward(f, draw):
    """Of the loss, and of the logits on top."""
    model, reference = _both("AlbertForQuestionAnswering", f, draw)
    given = named_inputs(draw) | {"start_positions": np.full(draw.B, 1),
                                  "end_positions": np.full(draw.B, 3)}
    given["end_positions"][0] = draw.T + 2               # so the shares of both differ
    yield from _gradients(model, reference, given, {"start_positions": 7, "end_positions": 9}, {
        name: draw.normal(draw.B, draw.T) for name in ("start_logits", "end_logits")})


def squad2_backward(f, draw):
    """With answers and without."""
    model, reference = _both("AlbertForSquad2", f, draw)
    inputs, place = named_inputs(draw), np.full(draw.B, 1)
    given = inputs | {"start_positions": place, "end_positions": place}
    logits = {name: draw.normal(draw.B, draw.T) for name in ("start_logits", "end_logits")}
    yield from _gradients(
        model, reference, given | {"is_impossible": np.arange(draw.B) % 2},
        {"start_positions": 7, "end_positions": 7}, {"cls_logits": draw.normal(draw.B), **logits})
    yield "gradients without is_impossible", model.backward(reference.forward(**given)[1])
    output, cache = reference.forward(**inputs, start_n_top=3)
    yield "gradients of the outputs without positions", model.backward(cache, {
        "start_logits": logits["start_logits"], "end_logits": draw.like(output.end_logits)})


def may_answer(f, draw):
    """By the attention mask, and by a mask of its own."""
    shape, mask = (draw.B, draw.T), draw.padding()
    yield "where, by the attention mask", f._may_answer(shape, mask, None)
    yield "where, without any mask", f._may_answer(shape, None, None)
    p_mask = draw.integers(0, 2, draw.B, draw.T)
    p_mask[:, 0] = 0
    yield "where, by p_mask", f._may_answer(shape, mask, p_mask)
    pairs = np.tril(np.ones((draw.T, draw.T), int)) * mask[:, None]
    yield "where, by a mask of pairs", f._may_answer(shape, pairs, None)
    for what, closed in (("closes a whole sequence", one_is(p_mask, 1)),
                         ("has a 2", np.where(np.arange(draw.T) == 1, 2, p_mask)),
                         ("has another shape", p_mask[:, 1:])):
        yield f"whether a p_mask is refused that {what}", refused(
            f._may_answer, shape, mask, closed)


def multiple_choice_forward(f, draw):
    """Scores and loss."""
    model, _ = _both("AlbertForMultipleChoice", f, draw, **DROPOUT)
    C = draw.M
    ids = draw.integers(5, draw.V, draw.B, C, draw.T)
    labels = draw.integers(0, C, draw.B)
    output, _ = model.forward(ids, labels=labels)
    yield "the logits", {"logits": output.logits}
    yield "the loss", {"loss": output.loss}
    mask = draw.padding()[:, None].repeat(C, axis=1)
    output, _ = model.forward(ids, mask, draw.integers(0, 2, draw.B, C, draw.T))
    yield "the logits with a mask and segments", {"logits": output.logits}
    yield "whether there is a loss without labels", output.loss is not None
    pairs = mask[:, :, None] * np.tril(np.ones((draw.T, draw.T), int))
    yield "the logits with a mask of pairs", {"logits": model.forward(ids, pairs)[0].logits}
    output, _ = model.forward(ids, labels=labels, label_counts={"labels": 7})
    yield "the loss of a part of a batch", {"loss": output.loss}
    labels[0] = -100
    output, _ = model.forward(ids, labels=labels)
    yield "the loss where a question does not count", {"loss": output.loss}
    yield from model_caches(model, draw, {"labels": labels}, {"labels": 7}, ("logits",),
                            {"input_ids": ids})
    yield "whether each is refused", {
        what: refused(model.forward, given, labels=labels) for what, given, labels in [
            ("ids (B C, T)", ids.reshape(-1, draw.T), None), ("no choices", ids[:, :0], None),
            ("a label of C", ids, np.full(draw.B, C))]}


def masked_lm_backward(f, draw):
    """The two uses of the word table."""
    model, reference = _both("AlbertForMaskedLM", f, draw)
    labels = np.full((draw.B, draw.T), -100)
    labels[0, 2], labels[0, draw.T - 1], labels[-1, 1] = 7, 9, 5
    yield from _gradients(model, reference, named_inputs(draw) | {"labels": labels}, {"labels": 7},
                          {"logits": draw.normal(3, draw.V)})
    _, cache = reference.forward(**named_inputs(draw))
    yield "whether a gradient is refused of a loss that had no labels", refused(
        model.backward, cache)


def add_gradients(f, draw):
    """Of one shape, of another shape, and None."""
    a, b = draw.normal(draw.B, draw.T), draw.normal(draw.B * draw.T)
    yield "the sum", f.add((draw.B * draw.T, 1), draw.dtype, a, None, b)
    yield "the sum of nothing", f.add((draw.B,), draw.dtype, None)


def trunk_backward(f, draw):
    """What a head hands down is added to what was asked for."""
    model, (ids, mask, types) = model_of(AlbertModel, draw), model_inputs(draw)
    output, cache = albert_forward(model.params, ids, mask, types, model.config)
    for name, key in (("sequence_output", "sequence"), ("pooled_output", "pooled")):
        array = getattr(output, name)
        d = AlbertOutput(**{name: draw.like(array)})
        yield (f"gradients of the {key} output, from two sides",
               f.trunk_backward(model.params, d, cache, None, **{key: draw.like(array)}))
    d = AlbertOutput(sequence_output=draw.like(output.sequence_output),
                     pooled_output=draw.like(output.pooled_output))
    contributions = []
    yield "gradients of both outputs without a head", f.trunk_backward(
        model.params, d, cache, contributions)
    yield "what each depth adds", contributions


def problem_of(f, draw):
    """Which problem it is."""
    for what, changes, labels in [
            ("a number for each text", dict(num_labels=1), [0.5, 1.5]),
            ("one class of three", dict(num_labels=3), [0, 2]),
            ("several of three classes", dict(num_labels=3), [[0.0, 1.0, 1.0]]),
            ("a problem_type", dict(num_labels=3, problem_type="regression"), [0, 2])]:
        yield f"the problem with {what}", str(f.problem_of(AlbertConfig(**changes), labels))


def check_problem_labels(f, draw):
    """Shapes that are brought into order, and those that are refused."""
    numbers = draw.normal(draw.B)
    config = AlbertConfig(num_labels=1)
    yield "labels of a regression", f.check_problem_labels(config, "regression", draw.B, numbers)
    yield "labels (B, 1) of a regression", f.check_problem_labels(
        config, "regression", draw.B, numbers[:, None])
    yield "labels of one class", f.check_problem_labels(
        AlbertConfig(num_labels=4), "single_label_classification", draw.B,
        draw.integers(0, 4, draw.B, 1))
    classes = one_is(draw.integers(0, 4, draw.B), -100)
    yield "labels of one class, where a text has none", f.check_problem_labels(
        AlbertConfig(num_labels=4), "single_label_classification", draw.B, classes)
    yield "labels of several classes", f.check_problem_labels(
        AlbertConfig(num_labels=4), "multi_label_classification", draw.B,
        draw.integers(0, 2, draw.B, 4))
    many, B, several = AlbertConfig(num_labels=4), draw.B, np.ones((draw.B, 4))
    yield "whether each is refused", {
        what: refused(f.check_problem_labels, config_of, problem, B, labels)
        for what, config_of, problem, labels in [
            ("a label of 2 of several", many, "multi_label_classification", one_is(several, 2)),
            ("one of -0.5", many, "multi_label_classification", one_is(several, -0.5)),
            ("a class of 4", many, "single_label_classification", one_is(classes, 4)),
            ("a row for a single label", many, "single_label_classification", np.ones((B, 4), int)),
            ("a target of NaN", config, "regression", one_is(numbers, np.nan)),
            ("targets of another shape", many, "regression", np.ones(B))]}


# ---- translation ---------------------------------------------------------------------------------

def _lengths(draw):
    s, t = draw.integers(2, 5, draw.B), draw.integers(1, 4, draw.B)
    s[0] = 3
    return s, t, int((s + t).max()) + 1


def prefix_lm_mask(f, draw):
    """Who sees whom."""
    s, t, T = _lengths(draw)
    mask = f.prefix_lm_mask(s, t, T)
    yield "the mask", mask
    yield "whether it is of integers", np.issubdtype(mask.dtype, np.integer)
    yield "the mask without a target", f.prefix_lm_mask(s, 0 * t, T)
    yield "whether each is refused", {
        "an empty source": refused(f.prefix_lm_mask, 0 * s, t, T),
        "a negative target": refused(f.prefix_lm_mask, s, -1 - t, T),
        "more than T tokens": refused(f.prefix_lm_mask, s, t, 3)}


def next_piece_labels(f, draw):
    """What each token has to predict."""
    s, t, T = _lengths(draw)
    yield "the labels", f.next_piece_labels(draw.integers(5, 60, draw.B, T), s, t)
    yield "the labels of unsigned ids", f.next_piece_labels(
        draw.integers(5, 60, draw.B, T).astype(np.uint8), s, t)


def _search(f, draw, room=4):
    config = AlbertConfig(vocab_size=draw.V, hidden_size=draw.H, num_attention_heads=draw.A)
    return f.BeamSearch(0, [6, 7, 8], config, 2, room, 0.8)


def hypothesis(f, draw):
    """Finished and cut off."""
    search = _search(f, draw)
    for finished in (True, False):
        found = search.hypothesis([5, 6, 7], -2.5, finished)
        yield f"the hypothesis (finished: {finished})", {
            "pieces": found.pieces, "log_probability": found.log_probability,
            "score": found.score}
        pieces = draw.integers(5, draw.V, int(draw.integers(1, 9))).tolist()
        found = search.hypothesis(pieces, -float(draw.rng.uniform(1, 9)), finished)
        yield f"the hypothesis of random pieces (finished: {finished})", {
            "pieces": found.pieces, "log_probability": found.log_probability,
            "score": found.score}


def _log_softmax(z):
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def advance(f, draw):
    """Searches to their ends: [SEP] is unlikely or likely, or most pieces are impossible."""
    for what, of_end, possible, of_last in (
            ("", 0.0, draw.V, 0.0), (" if [SEP] is likely", 3.0, draw.V, 0.0),
            (" if three pieces are possible", 1.0, 3, 0.0),
            (" if [SEP] alone is possible", 0.0, 1, 0.0),
            (" if [SEP] is likely at the last step", -9.0, draw.V, [[18.0], [0.0]]),
            (" if [SEP] is likely behind the second at last", -9.0, draw.V, [[0.0], [18.0]])):
        search = _search(f, draw)
        for step in range(1, search.room + 2):
            if not search.live:
                break
            z = 2 * draw.rng.standard_normal((len(search.live), draw.V))
            z[:, search.end] += of_end
            if step > search.room:
                z[:, [search.end]] += of_last
            z[:, [piece for piece in range(draw.V) if piece != search.end][possible - 1:]] = -np.inf
            search.advance(_log_softmax(z))
            yield from _translations(f"go on after step {step}{what}", *zip(*search.live))
            done = [(one.pieces, one.log_probability) for one in search.finished]
            yield from _translations(f"have ended by step {step}{what}", *zip(*done))
        best = search.results()
        yield from _translations(f"are found in all{what}", [one.pieces for one in best],
                                 [one.score for one in best])
    search, z = _search(f, draw), draw.rng.standard_normal((1, draw.V))
    z[0, search.end] = np.sort(np.delete(z[0], search.end))[-3:-1].mean()
    search.advance(_log_softmax(z))
    yield "how many have ended if [SEP] is the third best of all", len(search.finished)


def _translations(which, pieces=(), numbers=()):
    """How many there are, and what: a list of another length would only have other names."""
    yield f"how many {which}", len(pieces)
    yield f"the pieces of those that {which}", {f"no. {number}": np.array(row, int) for number, row
                                                in enumerate(pieces, 1)}
    yield f"the log-probabilities or scores of those that {which}", np.array(numbers, float)


def settled(f, draw):
    """Whether anything better can come."""
    search = _search(f, draw, room=9)
    live = [([5], -1.0)]
    yield "with nothing finished", bool(search.settled(live))
    yield "with nothing live", bool(search.settled([]))
    # Reachable are -1 / 10**0.8 = -0.158 at the end, and -1 / 2**0.8 = -0.574 at once.
    for score in (-0.1, -0.3, -0.9):
        search.finished = [search.hypothesis([5] * 3, score * 4**0.8, True)] * 2
        yield f"with two finished of score {score}", bool(search.settled(live))
    search.finished = [search.hypothesis([5] * 3, score * 4**0.8, True) for score in (-0.1, -0.3)]
    yield "with one of score -0.1 and one of -0.3", bool(search.settled(live))
    yield "with two finished and nothing live", bool(search.settled([]))
    decisions = []
    for reached, best, worse in draw.rng.uniform((0.5, 0.0, 0.1), (3.0, 0.1, 0.6), (40, 3)):
        search.finished = [search.hypothesis([5] * 3, -score * 4**0.8, True)
                           for score in (best, worse)]
        decisions.append(bool(search.settled([([5], -reached), ([6], -2 * reached)])))
    yield "with random scores", np.array(decisions)


def next_log_probabilities(f, draw):
    """Rows of several lengths."""
    model = model_of(models.AlbertForMaskedLM, draw)
    allowed = np.ones(draw.V, bool)
    allowed[:3] = False
    sources, targets = [[2, 7, 3], [2, 9, 8, 3], [2, 6, 3]], [[5, 6], [], [8]]
    result = f.next_log_probabilities(model, sources, targets, allowed)
    yield "the log-probabilities", np.where(allowed, result, 0)
    yield "whether a forbidden piece has probability 0", bool(np.isneginf(result[:, :3]).all())
    yield "the log-probabilities of all pieces", f.next_log_probabilities(model, sources, targets)
    model.params["mlm_head"]["bias"] += 2000
    yield "the log-probabilities for logits in the thousands", f.next_log_probabilities(
        model, sources, targets)


def to_state_dict(f, draw):
    """Every matrix in the other library's layout."""
    config = draw.config()
    params = draw.params(config)
    for what, more in (("", ()), (" without a prefix", ("",))):
        yield f"the weights{what}", {name.replace(".", "/"): array for name, array in
                                     f.to_state_dict(config, params, *more).items()}
    copies = f.to_state_dict(config, params).values()
    yield "whether they are copies, in C order", {
        "copies": not any(np.shares_memory(copy, leaf) for copy in copies
                          for leaf in flatten(params).values()),
        "C order": all(copy.flags.c_contiguous for copy in copies)}
