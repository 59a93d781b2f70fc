"""What is said of a wrong answer: its mistake or a true description, and never a false name."""

import warnings

import pytest
from solutions import ALL, planted, verdict_on

from albert_np.course.checking.collect_answers import answers_of, package_answers, to_json
from albert_np.course.checking.fault_places import faults_of, place_of
from albert_np.course.checking.judge_answers import check_exercise
from albert_np.course.checking.load_modules import (module_from_source, reference_module,
                                                    source_of_module)
from albert_np.course.checking.variations import variations_of
from albert_np.course.exercises import EXERCISES, exercise_named

pytestmark = pytest.mark.slow


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


def test_no_mistake_of_a_cache_is_told_where_the_backward_pass_may_have_made_it():
    """Both passes are the student's: the same numbers come out of a right cache."""
    finding = verdict_on("9.10", "-(dx * z).sum() / (tau * tau)",
                         "-(dz * z).sum() / (tau * tau)").findings[0]
    assert finding.fault == "temperature_of_scaled_logits" and "cache" not in finding.text
    for exercise, fault in ALL:
        if any(name.endswith("_forward") for name in exercise.functions):
            place, _ = place_of(fault)
            assert not (place.endswith("_backward") and "cache" in fault.wrong), fault.name


AT_ONCE = [
    ("1.4", """
def global_norm(tree):
    return float(sum(np.linalg.norm(leaf.ravel()) for leaf in flatten(tree).values()))
""", ("The norms of the arrays are added", "very large or small")),
    ("1.2", """
def derivative(y_of, dy, method, step=None):
    h = STEP[method] if step is None else step
    if method in ("complex", "extended"):
        h = np.longdouble(h) if method == "extended" else h
        return _weigh(dy, tree_map(np.imag, y_of(h * 1j))) / h
    near = _weigh(dy, tree_map(np.subtract, y_of(h), y_of(-h))) / h
    if method == "plain":
        return near
    far = _weigh(dy, tree_map(np.subtract, y_of(2 * h), y_of(-2 * h))) / (2 * h)
    return (4 * near - far) / 3
""", ("divided by h.", "divided by 2h.")),
    ("2.6", """
def layer_norm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    rows, d = tuple(range(dy.ndim - 1)), dy * gamma
    return inv_std * (d - d.mean(axis=-1, keepdims=True)), (dy * x_hat).sum(rows), dy.mean(rows)
""", ("(second mean term)", "dbeta is the mean"))]


@pytest.mark.parametrize("exercise, code, words", AT_ONCE, ids=[one[0] for one in AT_ONCE])
def test_two_mistakes_at_once_are_both_told(exercise, code, words):
    exercise = exercise_named(exercise)
    module = module_from_source(source_of_module(exercise.module) + code, exercise, exercise.module)
    findings = check_exercise(exercise, module, 0).findings
    text = " ".join(finding.text for finding in findings)
    assert "two known mistakes at once" in text and all(word in text for word in words)
    assert [finding.fault for finding in findings] == [None] * len(findings)


def test_two_mistakes_are_never_told_of_one():
    for name in ("layer_norm_without_mean_term", "norms_are_added"):
        exercise, fault = next(pair for pair in ALL if pair[1].name == name)
        module = module_from_source(planted(fault), exercise, exercise.module)
        text = " ".join(one.text for one in check_exercise(exercise, module, 0).findings)
        assert fault.wrong in text and "at once" not in text


@pytest.mark.parametrize("name, label", [
    ("one_cache_for_all_depths", ""), ("hidden_state_gradient_lost", ""),
    ("schedule_of_first_depth", ""), ("cross_layer_residual_dropped", "ENC.4"),
    ("shared_gradient_assigned", "ENC.3"), ("attention_softmax_backward_skipped", ""),
    ("layer_norm_without_mean_term", "LN.5"), ("layer_norm_root_missing", "LN.1"),
    ("adamw_without_decay", "ADAMW.1"), ("warmup_from_the_start", "LR.1"),
    ("mapping_bias_gradient_lost", "")])
def test_a_mistake_spoils_its_own_equation_or_none(name, label):
    fault = next(fault for _, fault in ALL if fault.name == name)
    assert place_of(fault)[1] == label


def test_what_a_change_explains_is_not_described_again():
    verdict = verdict_on("4.5", '"gamma": dgamma, "beta": dbeta', '"gamma": dbeta, "beta": dgamma',
                         changes=True)
    text = " ".join(finding.text for finding in verdict.findings)
    assert "are exchanged." in text and "(FE.3)" not in text
    assert "Right already" not in text and "Compared with" not in text


def test_infinity_in_an_answer_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = verdict_on("2.17", "    return dx.reshape(shape)",
                             "    return (dx + np.inf).reshape(shape)", changes=True)
    assert "is inf; it should be" in verdict.findings[0].text


@pytest.mark.parametrize("exercise, old, new", [
    ("9.6", "min(step, ramp_steps) / ramp_steps", "min(step, ramp_steps) / (ramp_steps + 1)"),
    ("9.9", "ds[hidden].sum(axis=0)", "2 * ds[hidden].sum(axis=0)")])
def test_what_is_compared_gives_no_warning(exercise, old, new):
    """Such as the mean of nothing, in a change that no longer refuses nothing."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        assert verdict_on(exercise, old, new, changes=True).points == 0
    assert [str(warning.message) for warning in given] == []


@pytest.mark.parametrize("exercise, old, new, words", [
    ("9.1", "    _check_teacher(logits, teacher_logits, temperature, teacher_weight)\n",
     "    if not 0 < temperature < np.inf or teacher_logits.shape != logits.shape:\n"
     "        raise ValueError\n", "a weight of 1.5 is not refused; it should be refused with"),
    ("9.7", "    if not 0 < confidence <= 1:\n", "    if confidence > 1:\n",
     "a threshold of 0 is not refused; it should be refused with"),
    ("2.14", "    if not 0 <= p < 1:\n", "    if p < 0 or p > 1:\n",
     "it should be refused with ValueError")])
def test_a_refusal_that_is_missing_is_told(exercise, old, new, words):
    texts = [finding.text for finding in verdict_on(exercise, old, new, changes=True).findings]
    assert words in " ".join(texts)


@pytest.mark.parametrize("factor, words", [
    ("(1 + 3e-6)", "So few digits are right"), ("(1 + 2e-5)", "times the right one")])
def test_a_wrong_number_has_the_digits_that_tell(factor, words):
    finding = verdict_on("2.12", "dx = dy * (1 - y * y)",
                         f"dx = dy * (1 - y * y) * {factor}").findings[0]
    got, _, right = finding.text.partition("; it should be ")
    assert got.rpartition(" ")[2] != right.partition(". ")[0]
    assert words in finding.text and "is 1 times" not in finding.text


def test_a_search_is_told_by_what_it_holds():
    finding = verdict_on("8.24", "elif rank < self.beams:", "elif rank <= self.beams:").findings[0]
    assert "how many have ended by step" in finding.text or "pieces of those that" in finding.text


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


def check_names(exercise, name, changes):
    """Where a fault is given another name, the answers of both are the same."""
    faults = {fault.name: fault for fault in faults_of(exercise)}
    module = module_from_source(planted(faults[name]), exercise, exercise.module)
    for finding in check_exercise(exercise, module, 0, changes=changes).findings:
        if finding.fault not in (None, name):
            mine, other = (package_answers(exercise, 0, fault=faults[which])
                           for which in (name, finding.fault))
            assert to_json(mine) == to_json(other), (name, finding.fault)


@pytest.mark.parametrize("exercise", [exercise for exercise in EXERCISES if faults_of(exercise)],
                         ids=lambda exercise: exercise.id)
def test_a_fault_is_never_taken_for_another(exercise):
    check_names(exercise, faults_of(exercise)[0].name, changes=True)


@pytest.mark.thorough
def test_no_fault_is_ever_taken_for_another():
    for exercise, fault in ALL:
        check_names(exercise, fault.name, changes=False)


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
