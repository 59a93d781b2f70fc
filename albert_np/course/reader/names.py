r"""From names in code to symbols in formulas.

Most names need no entry: a letter is its own symbol, ``gamma`` is \gamma, ``W_q`` is W with the
index q, ``d`` in front of a name is the gradient, and a word is written as a word. The table has
the others, file by file. "1/" in front of a symbol says that the name holds its reciprocal.
"""

import re

SYMBOLS = {
    "functional/binary_cross_entropy.py": {
        "sigmoid": r"\sigma", "targets": "t", "row_losses": r"\ell"},
    "functional/consistency.py": {
        "logits": "x", "other_logits": "z", "largest": r"w_{\max}", "ramp_steps": "R",
        "share": "s", "step": "t"},
    "functional/cross_entropy.py": {
        "row_losses": r"\ell", "total": "W", "classes": "c", "shift": "s"},
    "functional/distillation.py": {
        "logits": "x", "teacher_logits": "t", "temperature": r"\tau", "teacher_weight": r"\alpha",
        "log_p": r"\log p", "log_q": r"\log q", "divergence": "D", "label_loss": r"\text{CE}"},
    "functional/dropout.py": {"mask": "m"},
    "functional/gelu.py": {
        "Phi": r"\Phi", "phi": r"\varphi", "SQRT_HALF": r"1/\sqrt{2}", "CUBIC": "0.044715",
        "SQRT_2_OVER_PI": r"\sqrt{2/\pi}", "INV_SQRT_2PI": r"1/\sqrt{2\pi}"},
    "functional/layer_norm.py": {
        "mean": r"\mu", "centred": r"x - \mu", "inv_std": r"1/\sigma", "x_hat": r"\hat{x}",
        "eps": r"\epsilon"},
    "functional/linear.py": {"rows": "x", "x_rows": "x", "dy_rows": "dy"},
    "functional/mean_squared_error.py": {"predictions": "x", "targets": "t"},
    "functional/quantization.py": {"scale": "s"},
    "functional/softmax.py": {"keep": "m", "shift": "c"},
    "functional/temperature.py": {"temperature": r"\tau"},
    "functional/trees.py": {"max_norm": r"\text{max}", "leaf": "g"},
    "layers/attention.py": {"p_dropped": r"\tilde{p}"},
    "layers/patch_embeddings.py": {"patches": "x", "masked": "m"},
    "layers/heads/masked_lm_head.py": {"word_embeddings": r"\text{word}"},
    "optim/adam.py": {"lr": r"\eta", "eps": r"\epsilon"},
    "optim/adamw.py": {"lr": r"\eta", "eps": r"\epsilon", "weight_decay": r"\lambda"},
    "optim/lamb.py": {
        "lr": r"\eta", "eps": r"\epsilon", "weight_decay": r"\lambda", "ratio": "r"},
    "optim/moments.py": {"gradient": "g"},
    "optim/sgd.py": {"lr": r"\eta", "momentum": r"\mu", "gradient": "g"},
}
GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "eta", "lambda", "mu", "sigma", "tau", "phi")


def symbol(name, file=""):
    r"""The LaTeX of a name, with "1/" in front if the name holds the reciprocal.

    Parameters
    ----------
    name : str
    file : str
        Of the source, relative to the package: its table is looked up first.

    Examples
    --------
    >>> symbol("dx_hat", "functional/layer_norm.py"), symbol("W_q"), symbol("dgamma")
    ('d\\hat{x}', 'W_{q}', 'd\\gamma')
    """
    table = SYMBOLS.get(file, {})
    if name in table:
        return table[name]
    if name in GREEK:
        return rf"\{name}"
    if len(name) == 1 and name != "_":
        return name
    if name[0] == "d" and not name.startswith("d_") and (
            name[1:] in table or name[1:] in GREEK or re.fullmatch(r"[A-Za-z](_\w+)?", name[1:])
            or name[1:] in ("loss", "table", "word", "pooled", "start", "end", "position")):
        return "d" + symbol(name[1:], file)
    if index := re.fullmatch(r"([A-Za-z])_([a-z]{1,2}|\d)", name):
        return f"{index[1]}_{{{index[2]}}}"
    return rf"\text{{{name.replace('_', '-')}}}"
