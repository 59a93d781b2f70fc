"""Draw docs/formula.png: a formula, the lines that compute it, and the numbers of one example.

    python docs/formula_picture.py

The lines are read from the source of the package and run one after the other. Each part of the
formula has the colour of the line that computes it. The last row is a centred difference.
"""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from albert_np.functional import layer_norm_forward
from albert_np.functional.sums import row_mean
from albert_np.gradcheck.equations import find_equations
from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE, save_figure

PICTURE = Path(__file__).resolve().parent / "formula.png"
LABEL = "LN.5"
FORMULA = ((r"$dx_j \;=\;$", "black", 23), (r"$\dfrac{1}{\sigma}\;$", GREEN, 23),
           ("$($", GREEN, 45),
           (r"$d\hat{x}_j - \dfrac{1}{H}\,\sum_i\, d\hat{x}_i$", BLUE, 23),
           (r"$\; -\; \hat{x}_j\; \dfrac{1}{H}\,\sum_i\, d\hat{x}_i\, \hat{x}_i$", ORANGE, 23),
           ("$)$", GREEN, 45))
COLOURS = BLUE, ORANGE, GREEN                       # of the lines of code, in their order
X, DY = np.array([[-2.0, -2.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 0.0, 0.0]])


def rows_of_numbers():
    """The lines of the equation with dx after each, and dx by centred differences.

    Returns
    -------
    list of (str, array (4,))
    """
    gamma, beta = np.ones(4), np.zeros(4)
    _, (x_hat, inv_std, _) = layer_norm_forward(X, gamma, beta)
    names = {"dx_hat": DY * gamma, "x_hat": x_hat, "inv_std": inv_std, "row_mean": row_mean}
    rows = []
    for line in lines_of_the_equation():
        exec(line, names)
        rows.append((line, names["dx"][0].copy()))

    def s(x):
        return (layer_norm_forward(x, gamma, beta)[0] * DY).sum()

    h = 1e-5
    check = np.array([(s(X + h * one) - s(X - h * one)) / (2 * h) for one in np.eye(4)])
    return [*rows, ("check: (s(x+h) - s(x-h)) / 2h, s = Σ y dy", check)]


def lines_of_the_equation():
    """The statements that compute the equation, without their comments."""
    equation, = (each for each in find_equations() if each.label == LABEL)
    line, = equation.lines
    return [each.partition("#")[0].rstrip() for each in line.block.splitlines()
            if each.partition("#")[0].strip()]


def draw():
    """The picture, a matplotlib Figure."""
    figure = Figure(figsize=(10, 4.6))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_axis_off()
    draw_formula(figure, axes)
    axes.text(0.97, 0.79, f"({LABEL})", ha="right", va="center", fontsize=17)
    axes.text(0.03, 0.55, f"x = {written(X[0])}     dy = {written(DY[0])}     γ = 1",
              color=GREY, fontsize=14, va="center")
    axes.text(0.97, 0.55, "dx after this line", color=GREY, fontsize=14, ha="right", va="center")
    for y, (code, values), colour in zip((0.43, 0.31, 0.19, 0.06), rows_of_numbers(),
                                         (*COLOURS, GREY)):
        axes.text(0.03, y, code, color=colour, fontsize=15, family="monospace", va="center")
        for x, value in zip((0.7, 0.79, 0.88, 0.97), values):
            axes.text(x, y, number(value), color=colour, fontsize=15, ha="right", va="center")
    axes.axhline(0.125, 0.03, 0.97, color=GREY, linewidth=1)
    return figure


def draw_formula(figure, axes):
    """The parts of the formula, each in its colour, one beside the other."""
    x, renderer = 0.03, FigureCanvasAgg(figure).get_renderer()
    for text, colour, size in FORMULA:
        part = axes.text(x, 0.79, text, color=colour, fontsize=size, va="center")
        x = axes.transData.inverted().transform(part.get_window_extent(renderer))[1, 0]


def number(value):
    """A number of the picture, such as −0.25."""
    return f"{value:.4g}".replace("-", "−") if abs(value) > 1e-9 else "0"


def written(values):
    return f"({', '.join(map(number, values))})"


if __name__ == "__main__":
    print(save_figure(draw(), PICTURE))
