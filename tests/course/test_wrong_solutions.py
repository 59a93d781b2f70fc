"""Wrong solutions get no full points: wrong ways to draw, and what a docstring asks for.

Each changes one snippet of the package's own solution.
"""

import ast

import pytest
from solutions import points, verdict_on

from albert_np.config import AlbertConfig
from albert_np.course.checking.collect_answers import InSinglePrecision, answers_of
from albert_np.course.checking.judge_answers import judge
from albert_np.course.checking.load_modules import reference_module, source_of_module
from albert_np.course.exercises import EXERCISES, exercise_named
from albert_np.text.data_options import DataOptions

pytestmark = pytest.mark.slow

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
    ("1.3", "prepare(forward, backward, inputs, method, rng, dy)",
     "prepare(forward, backward, inputs, method, rng)"),
    ("1.3", "default_rng(0) if rng is None else rng\n    check_options(method, \"entries\"",
     "default_rng() if rng is None else rng\n    check_options(method, \"entries\""),
    ("1.3", "default_rng(0) if rng is None else rng\n    check_options(method, \"entries\"",
     "default_rng(1) if rng is None else rng\n    check_options(method, \"entries\""),
    ("1.3", "default_rng(0) if rng is None else rng\n    check_options(method, \"entries\"",
     "default_rng(0)\n    check_options(method, \"entries\""),
    ("1.3", "    _refuse_rounding_errors_alone(point, reports)\n    return reports",
     "    return reports"),
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
    ("4.3", "table[sorted_ids[run_starts]] += ", "table[sorted_ids[run_starts]] = "),
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
    ("6.14", "input_ids.shape, pooler=True)", "input_ids.shape, pooler=False)"),
    ("6.14", "albert_forward(params, input_ids, attention_mask, token_type_ids,\n"
             "                                              config, rng,",
     "albert_forward(params, input_ids, attention_mask, token_type_ids,\n"
     "                                              config, None,"),
    ("6.14", "mlm=mlm_cache, sop=sop_cache", "mlm=None, sop=sop_cache"),
    ("6.15", "if cache.sop_loss is not None:", "if True:"),
    ("6.15", "if cache.mlm_loss is not None:", "if True:"),
    ("6.15", "d.sop_logits, from_loss", "from_loss"),
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
    ("8.9", "config, rng, recompute)", "config, None, recompute)"),
    ("8.9", "(start_cache, start_share), (end_cache, end_share)",
     "(start_cache, 1.0), (end_cache, 1.0)"),
    ("8.10", "cross_entropy_backward(half * share, entropy_cache)",
     "cross_entropy_backward(half, entropy_cache)"),
    ("8.10", "d.end_logits, end)", "end)"),
    ("8.10", "        if d.loss is not None:", "        if True:"),
    ("8.10", "albert_cache, contributions, sequence", "albert_cache, None, sequence"),
    ("8.11", "loss_cache = entropy_cache, share", "loss_cache = entropy_cache, 1.0"),
    ("8.11", "output.pooled_output, config, rng)", "output.pooled_output, config, None)"),
    ("8.12", "float(d.loss) * share", "float(d.loss)"),
    ("8.18", "half = float(d.loss) * share / 2", "half = float(d.loss) / 2"),
    ("8.18", "end_shape if loss_caches is None else (B, T)", "(B, T)"),
    ("8.18", "None if cls_cache is None else binary", "binary"),
    ("8.11", 'share_of_batch(output.loss, "labels", labels, label_counts)', "output.loss, 1.0"),
    ("8.24", " if row not in ended]", "]"),
    ("8.20", "    s, t = _lengths(source_lengths, target_lengths, T)\n    s, end",
     "    s, t = np.asarray(source_lengths), np.asarray(target_lengths)\n    s, end"),
    ("8.26", 'np.array(leaf.T if transposed else leaf, order="C")',
     "(leaf.T if transposed else leaf)")])
def test_what_the_docstring_asks_for_is_asked(exercise, old, new):
    verdict = verdict_on(exercise, old, new)
    kinds = {finding.kind for finding in verdict.findings}
    assert kinds and kinds <= {"value", "shape", "dtype", "error"}
    assert verdict.points == (exercise_named(exercise).points / 2 if kinds == {"dtype"} else 0)


@pytest.mark.parametrize("exercise, old, new", [
    ("1.4", "np.max([np.abs(vector)", "np.min([np.abs(vector)"),
    ("2.1", " rows = x.reshape(-1, W.shape[0])", " B, T, I = x.shape; rows = x.reshape(B * T, I)"),
    ("2.2", "x_rows = x.reshape(-1, W.shape[0])",
     "B, T, I = x.shape; x_rows = x.reshape(B * T, I)"),
    ("2.7", "            y = x * Phi", "            y = np.clip(x, -FAR, FAR) * Phi"),
    *(("2.14", "rng.random(x.shape, dtype=digits) >= p",
       f"np.array([rng.permutation(n) >= round(n * p) for n in [{n}] * (x.size // ({n}))])"
       f".reshape(x.shape)") for n in ("x.size", "x.shape[-1]")),
    ("2.3", "np.exp(x - shift)", "np.exp(x - shift.max())"),
    ("2.9", "(_, s) = gelu_new_forward(np.clip(x, -FAR, FAR))\n"
            "        y = np.where(x.real > FAR, x, y)",
     "(_, s) = gelu_new_forward(np.clip(x, -FAR, FAR))"),
    ("2.16", "shift = x.real.max(axis=1, keepdims=True)", "shift = x.real.max(keepdims=True)"),
    ("3.4", "scores -= np.where(shift == -np.inf, 0, shift)", "scores -= 0"),
    ("4.1", "(0 <= ids.min() and", "(0 <= ids.max() and"),
    ("4.2", "    return dtable\n", "    dtable[0] = 0\n    return dtable\n"),
    ("5.7", "inputs = (x_q, x, seen", "inputs = (x, x, seen"),
    ("5.7", "x = x_q + y if", "x = x + y if"),
    ("5.8", "layer, x_q, x_kv, keep", "layer, x_kv, x_kv, keep"),
    ("6.1", "masked_lm_prob).astype(int)", "masked_lm_prob)"),
    ("6.7", "tokenizer, options, continues)\n    choose", "tokenizer, options)\n    choose"),
    ("6.7", "len(tokenizer.is_word_start) - 1:", "len(tokenizer.is_word_start):"),
    ("6.8", "target = 2 + below(options.room - 1)", "target = 1 + below(options.room - 1)"),
    ("6.8", "target = 2 + below(options.room - 1)", "target = 2 + below(options.room - 2)"),
    ("6.8", "        if D > 1:", "        if D > 2:"),
    ("6.8", "other = below(D - 1)", "other = below(D - 2)"),
    ("6.8", "end_of(j, last, length, 1)", "end_of(j, last, length, 2)"),
    ("6.8", "last - first - 1)))", "last - first - 2)))"),
    ("6.8", "target - (a[1] - a[0])", "target"),
    ("6.10", "if end.max() > max_seq_length", "if end.max() >= max_seq_length"),
    ("7.6", "p_norm > 0 and", "p_norm > 1 and"),
    ("7.8", "as_number(total_steps) >= 1", "as_number(total_steps) > 1"),
    ("7.8", "as_number(warmup_steps) <= total_steps", "as_number(warmup_steps) < total_steps"),
    ("7.9", "and max_norm > 0)", "and max_norm > 1)"),
    ("8.1", "targets.shape != predictions.shape", "targets.shape < predictions.shape"),
    ("8.7", "    if sequence is not None:", "    if True:"),
    ("8.7", "params, d, albert_cache, contributions)", "params, d, albert_cache)"),
    ("8.8", '"num_labels", ignored=IGNORED)', '"num_labels")'),
    ("8.8", "if K == 1 and labels.shape", "if K == 1 or labels.shape"),
    ("8.8", "np.isfinite(labels).all()", "np.isfinite(labels).any()"),
    ("8.9", "answer_labels(start_positions, T)", "answer_labels(start_positions, B)"),
    ("8.11", "[(B, C, T), (B, C, T, T)]", "[(B, C, T)]"),
    ("8.16", "n_top=5)", "n_top=4)"),
    ("8.16", "x, start_logits, config, rng)", "x, start_logits, config)"),
    ("8.16", "                may_answer, starts)", "                may_answer, start_logits)"),
    ("8.19", "np.isin(p_mask, (0, 1)).all()", "np.isin(p_mask, (0, 1)).any()"),
    ("8.19", "(p_mask == 1).all(axis=1)", "(p_mask == 1).all()"),
    ("8.20", ".astype(np.int8) ", ""),
    ("8.22", "    z -= z.max(axis=-1, keepdims=True)\n", ""),
    ("8.24", "if log_probability == -np.inf:", "if False:"),
    ("8.24", "elif rank < self.beams:", "elif rank <= self.beams:"),
    ("8.24", "ended.add(int(row))", "ended.add(rank)"),
    ("8.25", "live[0][1] /", "live[-1][1] /"),
    ("8.25", "if not live or len", "if len"),
    ("9.3", "(np.asarray(scale) > 0)).all()", "(np.asarray(scale) > 0)).any()"),
    ("9.6", "if not 0 <= float(largest)", "if not 0 < float(largest)"),
    ("9.8", "if p < 1 or", "if p < 0 or"),
    ("9.11", "(0 <= ids.min() and", "(0 <= ids.max() and")])
def test_a_slip_in_a_rare_case_costs_the_points(exercise, old, new):
    assert verdict_on(exercise, old, new).points == 0


@pytest.mark.parametrize("exercise, loss, share", [
    ("2.16", "np.longdouble(loss)", 1),
    ("2.16", "np.float32(loss)", 0.5),
    ("2.16", "np.longdouble(loss * (1 + 4e-5))", 0),
    ("2.16", "np.float32(loss * (1 + 4e-4))", 0),
    ("2.16", "np.float32(loss * (1 + 4e-5))", 0),
    ("2.16", "loss * (1 + 4e-5)", 0)])
def test_another_dtype_widens_no_tolerance(exercise, loss, share):
    verdict = verdict_on(exercise, "return loss, (e, sum_e", f"return {loss}, (e, sum_e")
    assert verdict.points == share * exercise_named(exercise).points


@pytest.mark.parametrize("id", ["2.3", "2.6", "3.6", "5.3"])
def test_single_precision_throughout_is_a_wrong_dtype_and_no_wrong_value(id):
    exercise = exercise_named(id)
    module = InSinglePrecision(reference_module(exercise), exercise.functions)
    verdict = judge(exercise, answers_of(exercise, module, 0), 0, changes=False)
    assert {finding.kind for finding in verdict.findings} == {"dtype"}
    assert verdict.points == exercise.points / 2


# ---- options -------------------------------------------------------------------------------------

DEFAULTS = {"config": AlbertConfig(), "options": DataOptions()}


def options_read(exercise):
    """(line, first byte, last byte, default) of each option that its functions read."""
    names = {name.rpartition(".")[2] for name in exercise.functions}
    for function in ast.walk(ast.parse(source_of_module(exercise.module))):
        if isinstance(function, ast.FunctionDef) and function.name in names:
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute):
                    holder = getattr(node.value, "attr", getattr(node.value, "id", ""))
                    default = getattr(DEFAULTS.get(holder), node.attr, len)
                    if not callable(default):
                        yield node.lineno, node.col_offset, node.end_col_offset, default


@pytest.mark.parametrize("exercise", [one for one in EXERCISES if any(options_read(one))],
                         ids=lambda exercise: exercise.id)
def test_an_option_that_is_not_read_costs_the_points(exercise):
    for line, first, last, default in options_read(exercise):
        lines = source_of_module(exercise.module).encode().splitlines(keepends=True)
        text = lines[line - 1]
        lines[line - 1] = text[:first] + repr(default).encode() + text[last:]
        assert points(b"".join(lines).decode(), exercise) == 0, (text, default)


def test_a_complex_error_is_judged_like_a_float():
    for what, share in (("complex(error)", 0.5), ("complex(error * (1 + 4e-5))", 0)):
        verdict = verdict_on("1.1", "else float(error)", f"else {what}")
        assert verdict.points == share * exercise_named("1.1").points


def test_a_sentence_ends_with_one_full_stop():
    for raised, told in (('ValueError("x is needed.")', "ValueError: x is needed (line"),
                         ("MemoryError", "more memory than there is: no message (line")):
        verdict = verdict_on("1.1", 'return float("inf") if', f"raise {raised}\n    return 0 if")
        assert told in verdict.findings[0].text and verdict.findings[0].text.endswith(").")
