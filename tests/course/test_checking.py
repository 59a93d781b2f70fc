"""A complete solution gets every point, an untouched one none, a planted fault all but its own.

The default run takes every sixth fault; ``-m thorough`` takes all of them, plain and rewritten.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from rewriting import drawing_first, renamed_and_einsum

from albert_np.course.checking.collect_answers import (Watched, answers_of, leaves_of,
                                                       package_answers, to_json)
from albert_np.course.checking.compare_arrays import same
from albert_np.course.checking.fault_places import faults_of
from albert_np.course.checking.judge_answers import check_exercise
from albert_np.course.checking.load_modules import (module_from_source, reference_module,
                                                    source_of_module)
from albert_np.course.checking.variations import variations_of
from albert_np.course.exercises import EXERCISES, exercise_named
from albert_np.course.mistakes import KNOWN, MISTAKES
from albert_np.course.trials import trials_of
from albert_np.course.trials.random_inputs import Draw
from albert_np.course.workspace.empty_functions import emptied
from albert_np.gradcheck.planted_faults import PLANTED_FAULTS, PlantedFault

ALL = [(exercise, fault) for exercise in EXERCISES for fault in faults_of(exercise)]
OWN = [(exercise, fault) for exercise, fault in ALL if isinstance(fault, PlantedFault)]
OF_CLASS = [(exercise, fault) for exercise, fault in ALL if fault in MISTAKES]
OF_EXERCISES = {fault.name for _, fault in OWN}
BY_ID = [exercise.id for exercise in EXERCISES]

# What these spoil is no function of an exercise: how a batch is dealt out to processes, and a
# dependence among draws that only thousands of batches show.
OF_NO_EXERCISE = {"parts_of_a_batch_weigh_the_same", "masking_one_key_for_all_lengths"}

# Right values, but the dtype changes on the way: half of the points.
HALF = {"attention_scale_promotes_float32"}


def test_a_named_cache_counts_as_its_arrays():
    """As text, a large array hides all but its corners, and most digits of these."""
    large = np.zeros(2000)
    cache = {"cache": SimpleNamespace(p=large, rows=[np.ones(2), None])}
    leaves = leaves_of(cache)
    assert list(leaves) == ["cache.p", "cache.rows.0"] and leaves["cache.p"] is large

    class Module:
        @staticmethod
        def backward(cache):
            cache.p[1000] += 1

    watched = Watched(Module, ["backward"])
    watched.backward(cache["cache"])
    assert watched.changed == ["backward: argument 0.p"]


def points(source, exercise, seed=0):
    module = module_from_source(source, exercise, exercise.module)
    return check_exercise(exercise, module, seed, changes=False).points


def planted(fault):
    return source_of_module(fault.file).replace(fault.old, fault.new)


@pytest.mark.parametrize("exercise", EXERCISES, ids=BY_ID)
def test_complete_solution_gets_every_point(exercise):
    source = emptied(source_of_module(exercise.module), exercise.module, ())
    assert points(source, exercise) == exercise.points


def test_untouched_workspace_gets_nothing():
    sources = {file: emptied(source_of_module(file), file, EXERCISES, "none")
               for file in {exercise.module for exercise in EXERCISES}}
    for exercise in EXERCISES:
        source = sources[exercise.module]
        module = module_from_source(source, exercise, exercise.module)
        verdict = check_exercise(exercise, module, 0, changes=False)
        assert verdict.points == 0, exercise.id
        assert [finding.kind for finding in verdict.findings] == ["missing"], exercise.id


def test_nearly_every_planted_fault_belongs_to_a_exercise():
    assert OF_NO_EXERCISE == {fault.name for fault in PLANTED_FAULTS} - OF_EXERCISES
    assert len(OWN) == len(OF_EXERCISES)                                 # and to one exercise only


def check_fault(exercise, fault, source):
    """It costs points of its own exercise and of no other; returns what the check says of it."""
    module = module_from_source(source, exercise, exercise.module)
    verdict = check_exercise(exercise, module, 0, changes=False)
    assert verdict.points == (exercise.points / 2 if fault.name in HALF else 0)
    for other in EXERCISES:
        if other.module == exercise.module and other is not exercise:
            assert points(source, other) == other.points, other.id
    return verdict


@pytest.mark.parametrize("exercise, fault", OWN[::6], ids=[fault.name for _, fault in OWN[::6]])
def test_a_fault_costs_its_own_exercise_and_is_named(exercise, fault):
    verdict = check_fault(exercise, fault, planted(fault))
    assert fault.concept in [finding.concept for finding in verdict.findings]
    assert fault.concept in verdict.findings[0].text


@pytest.mark.thorough
@pytest.mark.parametrize("rewrite", [str, renamed_and_einsum], ids=["plain", "rewritten"])
def test_every_fault_costs_its_own_exercise_and_nine_in_ten_are_named(rewrite):
    named, unnamed = 0, []
    for exercise, fault in OWN:
        verdict = check_fault(exercise, fault, rewrite(planted(fault)))
        if fault.concept in [finding.concept for finding in verdict.findings]:
            named += 1
        else:
            unnamed.append(fault.name)
    assert named >= 0.9 * len(PLANTED_FAULTS), unnamed
    print(f"{named} of {len(PLANTED_FAULTS)} planted faults are named; not: {unnamed}")


# ---- the catalogue of a class --------------------------------------------------------------------

def test_every_mistake_of_a_class_has_its_line_and_its_exercise():
    assert len({mistake.name for mistake in KNOWN}) == len(KNOWN)
    assert [mistake for _, mistake in OF_CLASS] and len(OF_CLASS) == len(MISTAKES) >= 200
    for mistake in MISTAKES:
        assert source_of_module(mistake.file).count(mistake.old) == 1, mistake.name
        assert mistake.old != mistake.new and mistake.wrong.endswith("."), mistake.name


def check_mistake(exercise, mistake):
    module = module_from_source(planted(mistake), exercise, exercise.module)
    verdict = check_exercise(exercise, module, 0, changes=False)
    assert verdict.points < exercise.points, mistake.name
    assert mistake.name in [finding.fault for finding in verdict.findings], mistake.name


@pytest.mark.parametrize("exercise, mistake", OF_CLASS[::25],
                         ids=[mistake.name for _, mistake in OF_CLASS[::25]])
def test_a_mistake_of_a_class_costs_points_and_is_named(exercise, mistake):
    check_mistake(exercise, mistake)


@pytest.mark.thorough
def test_every_mistake_of_a_class_costs_points_and_is_named():
    for exercise, mistake in OF_CLASS:
        check_mistake(exercise, mistake)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 20261124])
def test_other_seeds_say_the_same(seed):
    """Other sizes and numbers: nothing hangs on those of one seed."""
    for exercise, fault in OWN:
        assert points(planted(fault), exercise, seed) < exercise.points, fault.name
    for exercise in EXERCISES:
        source = renamed_and_einsum(source_of_module(exercise.module))
        assert points(source, exercise, seed) == exercise.points, exercise.id


def test_a_rewritten_fault_is_named_all_the_same():
    by_name = {fault.name: (exercise, fault) for exercise, fault in OWN}
    for name in ("layer_norm_without_mean_term", "attention_dk_from_wrong_axes",
                 "linear_square_weight_untransposed"):
        exercise, fault = by_name[name]
        source = renamed_and_einsum(planted(fault))
        assert "my_" in source and "einsum" in source or "attention" not in name
        verdict = check_exercise(exercise, module_from_source(source, exercise, exercise.module), 0)
        assert verdict.findings[0].fault == name


RANDOM = [exercise for exercise in EXERCISES
          if {"dropout_forward", "replace_chosen", "permute_chosen", "mask_batch", "_cut",
              "truncate"} & set(exercise.functions)]


SEEDS = np.random.default_rng(0).integers(0, 2**31, 200).tolist()


def answers_differ(exercise, source, seed):
    """Whether any answer of one round differs from the package's; the first one ends it."""
    modules = (module_from_source(source, exercise, exercise.module), reference_module(exercise))
    for trial in trials_of(exercise):
        for (_, mine, *_), (_, right, *_) in zip(*(trial(module, Draw([seed, 0]))
                                                   for module in modules)):
            mine, right = leaves_of(mine), leaves_of(right)
            if not all(same(mine.get(name), leaf, "float64") for name, leaf in right.items()):
                return True
    return False


@pytest.mark.parametrize("exercise", RANDOM, ids=[exercise.id for exercise in RANDOM])
def test_what_is_drawn_may_be_drawn_in_another_way(exercise):
    source = drawing_first(source_of_module(exercise.module))
    assert [seed for seed in SEEDS[:2] if answers_differ(exercise, source, seed)] == []


@pytest.mark.thorough
@pytest.mark.parametrize("exercise", RANDOM, ids=[exercise.id for exercise in RANDOM])
def test_chance_costs_nobody_a_point(exercise):
    source = drawing_first(source_of_module(exercise.module))
    assert [seed for seed in SEEDS if answers_differ(exercise, source, seed)] == []


@pytest.mark.thorough
@pytest.mark.parametrize("exercise, old, new", [
    ("2.14", "    kept = rng.random(x.shape, dtype=digits) >= p\n",
     "    kept = rng.random((*x.shape[:-1], 1), dtype=digits) >= p\n"
     "    kept = np.broadcast_to(kept, x.shape)\n"),
    ("6.8", "middle = i + 1 + below(max(1, stop - i - 1))", "middle = i + 1")])
def test_no_seed_saves_a_wrong_way_to_draw(exercise, old, new):
    exercise = exercise_named(exercise)
    source = source_of_module(exercise.module).replace(old, new)
    assert [seed for seed in SEEDS if not answers_differ(exercise, source, seed)] == []


# ---- no false name -------------------------------------------------------------------------------

def verdict_on(exercise_id, old, new, changes=False):
    """What is said of the package's own solution with one snippet changed."""
    exercise = next(exercise for exercise in EXERCISES if exercise.id == exercise_id)
    source = source_of_module(exercise.module)
    assert source.count(old) == 1
    module = module_from_source(source.replace(old, new), exercise, exercise.module)
    return check_exercise(exercise, module, 0, changes=changes)


@pytest.mark.parametrize("exercise, old, new", [
    ("2.5", "inv_std = 1 / np.sqrt(variance + eps)   ", "inv_std = 2 / (variance + 2 * eps)   "),
    ("1.5", "            total[key] += branch", "            total[key] -= 3 * branch"),
    ("3.7", '"W_q": dW_q', '"W_q": dW_k'),
    ("2.16", "loss = (w * row_losses)[w != 0].sum() ", "loss = 2 * (w * row_losses).sum() "),
    ("2.10", "    dx += 1 ", "    dx += 2 ")])
def test_a_mistake_of_no_catalogue_is_called_by_no_name(exercise, old, new):
    verdict = verdict_on(exercise, old, new)
    assert verdict.points == 0
    assert [finding.fault for finding in verdict.findings] == [None] * len(verdict.findings)
    assert "known mistake" not in " ".join(finding.text for finding in verdict.findings)


@pytest.mark.parametrize("exercise, old, new, words", [
    ("2.6", "dbeta = column_sum(dy) ", "dbeta = column_sum(dy, x_hat) ",
     "`dgamma` is used in place of `dbeta`."),
    ("2.6", "dx -= x_hat * row_mean(dx_hat, x_hat)", "dx -= dx_hat * row_mean(dx_hat, x_hat)",
     "in the line of (LN.5): `dx_hat` is used in place of `x_hat`."),
    ("2.16", "(x[rows, classes] - shift[:, 0])", "(x[rows, classes] + shift[:, 0])",
     "the sign in front of `shift[:, 0]` is + instead of -."),
    ("2.12", "dx = dy * (1 - y * y)", "dx = dy * (1 - y * y * y)",
     "the factor `y` is there twice."),
    ("2.10", "    dx += 1 ", "    dx += 2 ", "there is a 2 in place of a 1."),
    ("2.16", "loss = (w * row_losses)[w != 0].sum() ", "loss = 2 * (w * row_losses).sum() ", None),
    ("7.5", "            u += self.eps\n", "            u -= self.eps\n",
     "there is a -= in place of the += of `u += self.eps`."),
    ("8.23", "n = len(pieces) + finished", "n = len(pieces)", "the term `finished` is missing."),
    ("6.9", "rng.binomial(length_a - keep_a, 0.5)", "rng.binomial(length_a - keep_a, 0.7)", None)])
def test_a_change_is_named_if_it_gives_the_very_same(exercise, old, new, words):
    before = to_json(package_answers(exercise_named(exercise), 0))
    verdict = verdict_on(exercise, old, new, changes=True)
    assert verdict.points == 0
    text = " ".join(finding.text for finding in verdict.findings)
    assert words is None or f"if one thing is changed in the line of ({words}" in text or (
        f"if one thing is changed{words and ' ' + words}" in text or words in text)
    assert ("one thing is changed" in text) == (words is not None)
    module = reference_module(exercise_named(exercise))
    assert to_json(answers_of(exercise_named(exercise), module, 0)) == before


IN_OTHER_WORDS = {
    "moments_v_of_m": ("7.2", """
def update_moments(m, v, gradient, beta_1, beta_2, work):      # leaves work alone
    m[:] = beta_1 * m + (1 - beta_1) * gradient
    v[:] = beta_2 * v + (1 - beta_2) * m * m
"""),
    "cross_entropy_weights_not_in_total": ("2.16", """
forward = cross_entropy_forward
def cross_entropy_forward(logits, labels, ignore_index=-100, weights=None):
    loss, (e, sum_e, classes, w, shape) = forward(logits, labels, ignore_index, weights)
    if weights is not None:                                    # stays float32, as the edit does not
        counted = np.asarray(labels).ravel() != ignore_index
        factor = w.dtype.type((weights.ravel() * counted).sum() / counted.sum())
        loss, w = loss * factor, w * factor
    return loss, (e, sum_e, classes, w, shape)
"""),
    "truncation_of_equal_parts": ("6.9", """
def truncate(spans, room, rng):
    a, a_stop, b, b_stop, label = spans.T
    much = np.maximum(a_stop - a + b_stop - b - room, 0)
    keep_a, keep_b = a_stop - a - much // 2, b_stop - b - (much + 1) // 2
    keep_b = np.minimum(b_stop - b, room - keep_a)
    a, b = (begin + rng.binomial(stop - begin - keep, 0.5)
            for begin, stop, keep in ((a, a_stop, keep_a), (b, b_stop, keep_b)))
    return np.stack([a, a + keep_a, b, b + keep_b, label], axis=1)
""")}


@pytest.mark.parametrize("name", IN_OTHER_WORDS)
def test_a_mistake_is_named_however_it_is_written(name):
    exercise, code = exercise_named(IN_OTHER_WORDS[name][0]), IN_OTHER_WORDS[name][1]
    module = module_from_source(source_of_module(exercise.module) + code, exercise, exercise.module)
    verdict = check_exercise(exercise, module, 0, changes=False)
    assert verdict.findings[0].fault == name and verdict.points == 0


def test_changes_are_put_back_and_none_loops():
    for id in ("2.6", "5.7", "7.5"):
        exercise = exercise_named(id)
        changes = list(variations_of(exercise))
        assert len(changes) > 50
        assert len({change.wrong for change in changes}) > 0.6 * len(changes)
    assert not list(variations_of(exercise_named("6.8")))              # it has a while


@pytest.mark.parametrize("exercise, old, new, words", [
    ("2.6", "dx *= inv_std ", "dx *= 8 * inv_std ",
     "every entry is 8 times the right one. Right already: dgamma, dbeta."),
    ("2.2", "dx = (dy_rows @ W.T).reshape(x.shape) ", "dx = -(dy_rows @ W.T).reshape(x.shape) ",
     "the sign is wrong. Right already: dW, db.")])
def test_what_no_name_is_known_for_is_described(exercise, old, new, words):
    finding = verdict_on(exercise, old, new).findings[0]
    assert words in finding.text


@pytest.mark.parametrize("exercise", [exercise for exercise in EXERCISES if faults_of(exercise)],
                         ids=lambda exercise: exercise.id)
def test_a_fault_is_never_taken_for_another(exercise):
    """Where another name is given, its answers are the same."""
    faults = {fault.name: fault for fault in faults_of(exercise)}
    for name, fault in list(faults.items())[:1]:
        source = source_of_module(exercise.module).replace(fault.old, fault.new)
        module = module_from_source(source, exercise, exercise.module)
        verdict = check_exercise(exercise, module, 0)
        for finding in verdict.findings:
            if finding.fault not in (None, name):
                mine, other = (package_answers(exercise, 0, fault=faults[which])
                               for which in (name, finding.fault))
                assert to_json(mine) == to_json(other), (name, finding.fault)


@pytest.mark.parametrize("exercise, old, new", [
    ("2.16", "return loss, (e, sum_e", "return float(loss), (e, sum_e"),
    ("2.16", "return loss, (e, sum_e", "return np.float64(loss), (e, sum_e"),
    ("2.6", "return dx, dgamma, dbeta", "return [dx, dgamma, dbeta]"),
    ("2.16", "return loss, (e, sum_e, classes, w, logits.shape)",
     "return [loss, [e, sum_e, classes, w, logits.shape]]")])
def test_a_right_answer_in_another_container_is_right(exercise, old, new):
    verdict = verdict_on(exercise, old, new)
    assert not verdict.findings and verdict.points > 0


@pytest.mark.parametrize("exercise, old, new, words", [
    ("2.3", "    p = np.divide(e, row_sum(e), out=e)", "    p = np.nan * e", "Every entry is NaN."),
    ("2.5", "    return y, (x_hat, inv_std, gamma)", "    y, (x_hat, inv_std, gamma)",
     "layer_norm_forward returns None, which is not what its docstring promises (is there a "
     "return"),
    ("2.5", "    return y, (x_hat, inv_std, gamma)", "    return 'y'",
     "layer_norm_forward returns the text 'y', which is not"),
    ("2.5", "    return y, (x_hat, inv_std, gamma)", "    return np.ones(2)",
     "layer_norm_forward returns an array of the shape (2,), which is not"),
    ("6.2", "    return p if options.favor_shorter_ngram else p[::-1]", "    return str(p)",
     "p for N = 1 is the text '[1.]'; it should be an array of the shape (1,)."),
    ("4.7", '"bias": dbias', '**{f"more_{i}": dbias for i in range(9)}, "bias": dbias',
     "nobody asked for the results dparams.more_0, dparams.more_1, dparams.more_2 ...")])
def test_what_came_back_is_told(exercise, old, new, words):
    verdict = verdict_on(exercise, old, new)
    assert verdict.points == 0
    assert words in " ".join(finding.text for finding in verdict.findings)
    assert "Exactly this" not in " ".join(finding.text for finding in verdict.findings)


def test_a_slip_of_syntax_costs_the_exercise_of_its_function():
    source = source_of_module("functional/linear.py")
    broken = source.replace("dW = x_rows.T @ dy_rows ", "dW = x_rows.T @ (dy_rows ")
    line = broken[:broken.index("@ (dy_rows ")].count("\n") + 1
    of_id = {exercise.id: check_exercise(exercise, module_from_source(
        broken, exercise, exercise.module), 0) for exercise in map(exercise_named, ("2.1", "2.2"))}
    assert (of_id["2.1"].points, of_id["2.2"].points) == (1, 0)
    assert f"'(' was never closed (line {line})" in of_id["2.2"].findings[0].text


# ---- wrong ways to draw --------------------------------------------------------------------------

KEPT = "    kept = rng.random(x.shape, dtype=digits) >= p\n"
U = "    u = rng.random(M)\n"
PIECE = "tokenizer.ordinary_ids[rng.integers(len(tokenizer.ordinary_ids), size=M)]"
ORDER = "    order = np.lexsort((rng.random(len(row)), row))            # random within each row\n"


@pytest.mark.parametrize("exercise, old, new", [
    ("2.14", KEPT, "    kept = np.random.default_rng(0).random(x.shape, dtype=digits) >= p\n"),
    ("2.14", KEPT, "    kept = rng.random(x.shape[1:], dtype=digits) >= p\n    kept = "
                   "np.broadcast_to(kept, x.shape)\n"),
    ("2.14", KEPT, "    kept = rng.random((*x.shape[:-1], 1), dtype=digits) >= p\n    kept = "
                   "np.broadcast_to(kept, x.shape)\n"),
    ("2.14", KEPT, "    kept = np.resize(np.arange(10) >= 10 * p, x.shape)\n    "
                   "kept = np.roll(kept, rng.integers(10))\n"),
    ("2.14", "    if not 0 <= p < 1:\n", "    if False:\n"),
    ("6.5", U, "    u = np.full(M, rng.random())\n"),
    ("6.5", U, "    u = np.arange(M) / M\n"),
    ("6.5", U, "    u = np.random.default_rng(1).random(M)\n    rng = np.random.default_rng(2)\n"),
    ("6.5", PIECE, "np.full(M, tokenizer.ordinary_ids[rng.integers(len(tokenizer.ordinary_ids))])"),
    ("6.5", PIECE, "tokenizer.ordinary_ids[rng.integers(10, size=M)]"),
    ("6.5", "    if options.replace_by_any_piece:\n", "    if False:\n"),
    ("6.6", ORDER, "    order = np.roll(np.arange(len(row)), 1)\n"
                   "    order = order[np.argsort(row[order], kind='stable')]\n"),
    ("6.6", ORDER, "    order = np.lexsort((-t, row))\n"),
    ("6.6", ORDER, "    order = np.lexsort((np.random.default_rng(3).random(len(row)), row))\n"),
    ("6.7", "    if options.do_permutation:\n", "    if False:\n"),
    ("6.7", "        chosen |= permuted\n", ""),
    ("6.1", "    if options.masked_lm_prob > 0:\n", "    if True:\n"),
    ("6.3", "= not options.mask_unknown", "= True"),
    ("6.3", "    barrier[tokenizer.sep_token_id] = not options.ngrams_across_sep\n", ""),
    ("6.8", "elif sop and asked and rng.random() < 0.5", "elif sop and asked and len(spans) % 2"),
    ("6.8", "middle = i + 1 + below(max(1, stop - i - 1))", "middle = i + 1"),
    ("6.8", "        if options.random_start:\n", "        if False:\n"),
    ("6.8", "rng.random() < options.short_seq_prob", "rng.random() < 0.1"),
    ("6.8", "(i == first or not options.beginnings_only)", "True"),
    ("6.8", "        if options.overfull_chunks:\n", "        if False:\n"),
    ("6.8", "            other = below(D - 1)\n            other += other >= d\n",
     "            other = (d + 1) % D\n"),
    ("6.9", "a = a + rng.binomial(length_a - keep_a, 0.5)", "a = a + (length_a - keep_a) // 2"),
    ("6.9", "b = b + rng.binomial(length_b - keep_b, 0.5)",
     "b = b + (length_b - keep_b) * rng.integers(0, 2, len(b))")])
def test_a_wrong_way_to_draw_gets_no_point(exercise, old, new):
    assert verdict_on(exercise, old, new).points == 0


# ---- options, dtypes and refusals that the docstring names ---------------------------------------

@pytest.mark.parametrize("exercise, old, new", [
    ("1.1", "    return float(\"inf\") if np.isnan(error) else float(error)",
     "    return float(error)"),
    ("1.2", "        h = np.longdouble(h)\n", "        h = 1e-30\n"),
    ("1.2", "    if method in (\"complex\", \"extended\"):\n        return",
     "    if method == \"complex\":\n        return"),
    ("1.2", "    h = STEP[method] if step is None else step\n",
     "    h = STEP[\"centred\"] if step is None else step\n"),
    ("1.3", "point = prepare(forward, backward, inputs, method, rng, dy)\n    reports = []\n",
     "point = prepare(forward, lambda x, dy, cache: backward(x, np.ones_like(dy), cache), inputs, "
     "method, rng)\n    point.dy = np.ones_like(point.dy)\n    reports = []\n"),
    ("1.3", "        indices = _choose_indices(gradient.shape, entries, rng)\n",
     "        indices = _choose_indices(gradient.shape, None, rng)\n"),
    ("1.3", "        report = _worst_entry(path, gradient, slopes, indices, floor, point.dy)\n",
     "        report = _worst_entry(path, gradient, slopes, indices[:1], floor, point.dy)\n"),
    ("1.3", "    check_options(method, \"entries\", entries, rng)\n"
            "    point = prepare(forward, backward, inputs, method, rng, dy)\n    reports = []\n",
     "    point = prepare(forward, backward, inputs, \"centred\", rng, dy)\n    reports = []\n"),
    ("1.3", "    check_options(method, \"entries\", entries, rng)\n", ""),
    ("1.3", "    check_again(point)\n    _refuse_rounding_errors_alone(point, reports)\n"
            "    return reports\n", "    return reports\n"),
    ("1.3", "    if method != \"centred\":\n"
            "        _refuse_if_not_analytic(point, list(point.gradients), rng)\n", ""),
    ("1.3", "STEP[point.method] * point.scales[path]\n", "STEP[point.method]\n"),
    ("1.3", "slopes = np.full(array.shape, np.nan,", "slopes = np.full(array.shape, 0.0,"),
    ("1.4", "        if 1e-20 < squares < np.inf:", "        if True:"),
    ("1.5", "            total[key] += branch", "            total[key] = total[key] + branch"),
    ("1.6", "    sign = np.where(x.real", "    x = x.real\n    sign = np.where(x.real"),
    ("1.6", "        x = x.astype(float)\n", "        x = x.astype(np.float32)\n"),
    ("2.5", "beta, eps=1e-12):", "beta, eps=1e-5):"),
    ("2.13", "dx = dy * np.sign(y.real)", "dx = dy * (y >= 0)"),
    ("2.16", "    counted = labels != ignore_index", "    counted = labels != -100"),
    ("2.16", "    _check_labels(logits, labels, ignore_index, weights)\n", ""),
    ("2.16", "    if not np.isfinite(total):", "    if False:"),
    ("4.1", "    if not np.issubdtype(ids.dtype, np.integer):",
     "    ids = ids.astype(int)\n    if False:"),
    ("4.3", "    if not ids.size:\n        return\n", ""),
    ("5.9", "    bit_generator = kind()\n", "    bit_generator = np.random.PCG64()\n"),
    ("6.1", "np.rint(lengths * options.masked_lm_prob)",
     "np.floor(lengths * options.masked_lm_prob + 0.5)"),
    ("6.3", "    if options.original_word_starts:", "    if False:"),
    ("6.7", "    if np.iinfo(dtype).max < len(tokenizer.is_word_start) - 1:", "    if False:"),
    ("6.7", "choose_by_place if options.ngrams_by_place else choose_by_length",
     "choose_by_length"),
    ("6.8", "least = options.least_sentences", "least = 2"),
    ("6.10", "    if end.max() > max_seq_length:", "    if False:"),
    ("6.10", "(t < end).astype(np.int8)", "(t < end).astype(np.int64)"),
    ("6.14", "config, rng, recompute, positions)", "config, rng, False, positions)"),
    ("6.14", "output.mlm_loss, \"labels\", labels,\n"
             "                                                              label_counts)",
     "output.mlm_loss, \"labels\", labels,\n"
     "                                                              None)"),
    ("6.15", "d_mlm_loss * cache.mlm_share", "d_mlm_loss"),
    ("6.15", "    _refuse_gradients_of_missing_losses(d, cache.mlm_loss, cache.sop_loss)\n", ""),
    ("7.1", "self.leaves.rows(params, grads)",
     "self.leaves.rows(params, {name: np.clip(g, -99, 99) for name, g in grads.items()})"),
    ("7.1", "        for p, gradient, m, step, _ in self.leaves.rows(params, grads):\n",
     "        self.steps += 1\n        rows = self.leaves.rows(params, grads)\n"
     "        self.steps -= 1\n        for p, gradient, m, step, _ in rows:\n"),
    ("7.8", "    if not 0 <= as_number(warmup_steps) <= total_steps:", "    if False:"),
    ("7.8", "        if not 0 <= as_number(value) < math.inf:", "        if False:"),
    ("7.9", "    if not (isinstance(max_norm, Real) and max_norm > 0):", "    if False:"),
    ("7.9", "    if max_norm < norm < np.inf:", "    if max_norm < norm:"),
    ("8.1", "    if targets.shape != predictions.shape:", "    if False:"),
    ("8.9", "= check_positions(B, start_positions, end_positions)",
     "= start_positions, end_positions"),
    ("8.11", 'share_of_batch(output.loss, "labels", labels, label_counts)', "output.loss, 1.0"),
    ("8.20", "    s, t = _lengths(source_lengths, target_lengths, T)\n    s, end",
     "    s, t = np.asarray(source_lengths), np.asarray(target_lengths)\n    s, end"),
    ("8.26", 'np.array(leaf.T if transposed else leaf, order="C")',
     "(leaf.T if transposed else leaf)")])
def test_what_the_docstring_asks_for_is_asked(exercise, old, new):
    verdict = verdict_on(exercise, old, new)
    kinds = {finding.kind for finding in verdict.findings}
    assert kinds and kinds <= {"value", "shape", "dtype", "error"}
    assert verdict.points == (exercise_named(exercise).points / 2 if kinds == {"dtype"} else 0)


@pytest.mark.parametrize("exercise, loss, share", [
    ("2.16", "np.longdouble(loss)", 1),
    ("2.16", "np.float32(loss)", 0.5),
    ("2.16", "np.longdouble(loss * (1 + 4e-5))", 0),
    ("2.16", "np.float32(loss * (1 + 4e-4))", 0),
    ("2.16", "loss * (1 + 4e-5)", 0)])
def test_another_dtype_widens_no_tolerance(exercise, loss, share):
    verdict = verdict_on(exercise, "return loss, (e, sum_e", f"return {loss}, (e, sum_e")
    assert verdict.points == share * exercise_named(exercise).points


def test_a_complex_error_is_judged_like_a_float():
    for what, share in (("complex(error)", 0.5), ("complex(error * (1 + 4e-5))", 0)):
        verdict = verdict_on("1.1", "else float(error)", f"else {what}")
        assert verdict.points == share * exercise_named("1.1").points


def test_a_sentence_ends_with_one_full_stop():
    for raised, told in (('ValueError("x is needed.")', "ValueError: x is needed (line"),
                         ("MemoryError", "more memory than there is: no message (line")):
        verdict = verdict_on("1.1", 'return float("inf") if', f"raise {raised}\n    return 0 if")
        assert told in verdict.findings[0].text and verdict.findings[0].text.endswith(").")
