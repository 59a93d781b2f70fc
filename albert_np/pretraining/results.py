"""What a run came to, in its folder and in words."""

import platform
from dataclasses import asdict

import numpy as np

from .. import __version__
from ..files import write_whole
from ..files.json_objects import json_file
from ..plotting import plot_losses
from ..text.tokenizing.tokenizer_json import FILE_NAME
from .metrics import to_csv

_FILES = ("config.json", "model.safetensors", "spiece.model", "vocab.txt", "tokenizer_config.json",
          FILE_NAME, "metrics.csv", "results.json", "losses.png", "options.json", "checkpoints")
_NOTHING_LEARNT = """\
This ALBERT is no better than the unigram model: it knows at most how frequent the pieces are.
Train for more --steps. If they are few, use a lower --learning-rate or more --warmup-steps."""


def write_results(output, options, metrics, baselines, config):
    """Write ``metrics.csv``, ``results.json`` and ``losses.png``.

    Parameters
    ----------
    output : Path
        The run folder.
    options : PretrainingOptions
    metrics : list of dict
        The last row is that of the last evaluation.
    baselines : dict
    config : AlbertConfig

    Returns
    -------
    dict
        What ``results.json`` holds.
    """
    final = {key: value for key, value in metrics[-1].items() if key not in ("step", "split")}
    results = {"held_out": final, "baselines": baselines,
               "blind_guess": float(np.log(config.vocab_size)), "options": asdict(options),
               "versions": {"albert_np": __version__, "numpy": np.__version__,
                            "python": platform.python_version()}}
    write_whole(output / "metrics.csv", to_csv(metrics))
    write_whole(output / "results.json", json_file(results))
    plot_losses(metrics, output / "losses.png",
                {name: figures["mlm_loss"] for name, figures in baselines.items()},
                config.vocab_size, config.sop_weight)
    return results


def summary(results, output):
    """The results in a few lines, beside the baselines.

    Parameters
    ----------
    results : dict
    output : Path

    Returns
    -------
    str
    """
    final, baselines = results["held_out"], results["baselines"]
    rows = [("guessing blindly", results["blind_guess"], None),
            *[(f"{name} model", figures["mlm_loss"], figures["mlm_accuracy"])
              for name, figures in baselines.items()],
            ("this ALBERT", final["mlm_loss"], final["mlm_accuracy"])]
    lines = [""]
    if final["mlm_loss"] is not None:
        lines.append("held-out text         MLM loss   accuracy")
        lines += [f"  {name:18s} {loss:9.3f}   {'' if accuracy is None else f'{accuracy:8.1%}'}"
                  for name, loss, accuracy in rows]
        unigram = baselines.get("unigram")
        if (unigram is not None and final["mlm_loss"] >= unigram["mlm_loss"]
                and final["mlm_accuracy"] <= unigram["mlm_accuracy"]):    # else it has overfitted
            lines.append(_NOTHING_LEARNT)
    if final["sop_accuracy"] is not None:
        lines.append(f"sentence order        {final['sop_accuracy']:.1%} right, where tossing a "
                     f"coin gives 50.0%")
    files = [name for name in _FILES if (output / name).exists()]
    return "\n".join([*lines, "", f"The run is in {output}: {', '.join(files)}."])
