"""The table of parameters as a picture."""

from .figures import BLUE, ORANGE, label_axes, save_figure


def plot_parameters(table, path, title):
    """Draw the parameters of each component, and its share, beside those of BERT.

    Parameters
    ----------
    table : list
        Rows with the attributes ``name``, ``parameters`` and ``bert``, as from
        :func:`~albert_np.inference.parameter_table`.
    path : str or Path
        Where the PNG goes.
    title : str

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure

    columns = [row.parameters for row in table], [row.bert for row in table]
    totals = [sum(column) for column in columns]
    unit, size = ("millions", 1e6) if max(totals) >= 1e6 else ("thousands", 1e3)
    figure = Figure(figsize=(13, 1.8 + 0.75 * len(table)), layout="constrained")
    numbers, shares = figure.subplots(1, 2, sharey=True)
    _bars(numbers, [[n / size for n in column] for column in columns],
          [[f"{n:,}" for n in column] for column in columns], f"parameters ({unit})")
    percent = [[100 * n / total for n in column] for column, total in zip(columns, totals)]
    _bars(shares, percent, [[f"{share:.1f} %" for share in column] for column in percent],
          "share of the model (%)")
    numbers.set_yticks(range(len(table)), [row.name for row in table], fontsize=13)
    numbers.invert_yaxis()
    # A number in float32 takes 4 bytes.
    names = [f"{name}: {total:,} parameters, {4 * total / 1e6:,.1f} MB"
             for name, total in zip(("this model", "BERT of the same shape"), totals)]
    figure.legend(numbers.containers, names, fontsize=13, loc="outside lower center", ncols=2,
                  frameon=False)
    figure.suptitle(title, fontsize=14)
    return save_figure(figure, path)


def _bars(axes, groups, labels, name):
    """Two bars for each component, the number at the end of each."""
    for values, texts, colour, shift in zip(groups, labels, (BLUE, ORANGE), (-0.2, 0.2)):
        bars = axes.barh([i + shift for i in range(len(values))], values, 0.38, color=colour)
        axes.bar_label(bars, texts, padding=4, fontsize=11)
    axes.set_xlim(0, 1.35 * max(map(max, groups)))
    label_axes(axes, name, grid="x")
