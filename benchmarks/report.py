"""The table, the picture and the JSON file of a benchmark."""

import importlib.metadata
import json
import os
import platform
from pathlib import Path


def machine():
    """The processor and the versions of what was measured."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    versions = {"python": platform.python_version()}
    for name in ("numpy", "torch", "transformers", "onnxruntime"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return {"processor": model, "processors": os.cpu_count(), "system": platform.system(),
            "versions": versions}


def summary(row):
    """The ratios of a row.

    Parameters
    ----------
    row : Row

    Returns
    -------
    dict
    """
    ours, floor = row.best("ours"), row.best("floor")
    return {"name": row.name, "seconds": row.seconds, "others": row.others,
            "ours": ours, "ours_seconds": row.median(ours), "torch_seconds": row.median("torch"),
            "torch / ours": row.ratio("torch", ours),
            "compiled / ours": row.ratio("torch, compiled", ours),
            "onnx / ours": row.ratio("onnx", ours), "ours / floor": row.ratio(ours, floor)}


COLUMNS = ("torch / ours", "compiled / ours", "onnx / ours", "ours / floor")


def table(rows):
    """The rows as lines of text.

    Parameters
    ----------
    rows : list of dict
        From :func:`summary`.

    Returns
    -------
    str
    """
    columns = [name for name in COLUMNS if any(row[name] for row in rows)]
    width = max(len(row["name"]) for row in rows)
    lines = [f"{'':{width}}  {'ours, ms':>9}  " + "  ".join(f"{name:>15}" for name in columns)
             + "   the better of ours"]
    for row in rows:
        values = "  ".join(f"{row[name]:15.2f}" if row[name] else f"{'':15}" for name in columns)
        lines.append(f"{row['name']:{width}}  {1000 * row['ours_seconds']:9.1f}  {values}   "
                     f"{row['ours']}")
    return "\n".join(lines)


def draw(rows, path, title):
    """Bars: how many times our time the others take, and what part of it the products are.

    Parameters
    ----------
    rows : list of dict
        From :func:`summary`.
    path : str or Path
        Where the PNG goes.
    title : str
    """
    from matplotlib.figure import Figure

    from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE, save_figure

    bars = [("PyTorch eager", ORANGE, lambda row: row["torch / ours"]),
            ("PyTorch compiled", "#E69F00", lambda row: row["compiled / ours"]),
            ("ONNX Runtime", GREEN, lambda row: row["onnx / ours"]),
            ("ours", BLUE, lambda row: 1.0),
            ("matrix products alone", GREY, lambda row: 1 / row["ours / floor"])]
    bars = [(label, colour, value) for label, colour, value in bars
            if any(value(row) for row in rows)]
    height = 0.8 / len(bars)
    figure = Figure(figsize=(9, 1.2 + 0.24 * len(bars) * len(rows)), layout="constrained")
    axes = figure.subplots()
    for number, (label, colour, value) in enumerate(bars):
        places = [i + (number - (len(bars) - 1) / 2) * height for i in range(len(rows))]
        values = [value(row) or 0 for row in rows]
        axes.barh(places, values, height * 0.9, color=colour, label=label)
        for place, number in zip(places, values):
            if number and label != "ours":
                axes.annotate(f"{number:.2f}", (number, place), (3, 0), va="center", fontsize=9,
                              textcoords="offset points")
    axes.axvline(1, color=BLUE, linewidth=1, zorder=0)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=11)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1 * max(value(row) or 0 for _, _, value in bars for row in rows))
    axes.set_xlabel("time, as a multiple of ours", fontsize=12)
    axes.set_title(title, fontsize=13)
    figure.legend(loc="outside lower center", ncols=len(bars), fontsize=11)
    save_figure(figure, path)


def write_json(path, results):
    """Write whole or not at all."""
    from albert_np.files import write_whole

    write_whole(Path(path), (json.dumps(results, indent=1) + "\n").encode())
