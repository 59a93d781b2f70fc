"""A trained model for tutorials that look at one: the reader's own, or a small one made here."""

import os
import platform
import sys
from pathlib import Path

import numpy as np

from .lecture import output_folder, quick

STEPS, STEPS_IN_QUICK_MODE = 3500, 60


def model_for_a_lecture():
    """A pretrained model, its tokenizer, and held-out text to ask it about.

    The folder (or the name on the hub) of a model can be given as the only argument of the script,
    or by the environment variable ``ALBERT_NP_MODEL``. Otherwise the default run of
    ``albert-np pretrain`` is made here, cut short, and kept under `output_folder` for the next
    tutorial that wants it.

    Returns
    -------
    model : AlbertForPreTraining
    tokenizer : AlbertTokenizer
    held_out : list of dict
        Masked batches, each with the keyword arguments of the model's forward pass. Text that the
        model made here was not trained on; what a model of the reader's has seen is not known.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such model, or its folder lacks something.
    """
    named = named_model()
    if named is None:
        run = _small_run()
        return run["model"], run["tokenizer"], run["data"].held_out

    from .inference import load
    model, tokenizer = load(named)
    print(f"The model is that of {named}.")
    return model, tokenizer, _embedded_text(model, tokenizer)


def small_model_folder():
    """Where `model_for_a_lecture` leaves the model that it makes.

    Returns
    -------
    Path
    """
    # The text is this Python's own documentation, which another version has in other words.
    steps = STEPS_IN_QUICK_MODE if quick() else STEPS
    return output_folder() / f"small-model-{steps}-python-{platform.python_version()}"


def named_model():
    """The model that the reader has named, or None.

    Returns
    -------
    str or None
    """
    # A notebook's kernel and pytest have arguments too, which begin with a hyphen.
    if len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        return sys.argv[1]
    return os.environ.get("ALBERT_NP_MODEL") or None


def _small_run():
    """The short default run: made, or finished, or read again. What `pretrain` returns."""
    from .memory import keep_freed_memory
    from .pretraining import pretrain, resume
    from .pretraining.options import OPTIONS_NAME

    keep_freed_memory()
    folder, steps = small_model_folder(), STEPS_IN_QUICK_MODE if quick() else STEPS
    if (folder / OPTIONS_NAME).exists():
        print(f"The model is that of {folder}, made here before.")
        return resume(folder, progress=False)
    print(f"No model was named, so a small one is trained here, for {steps:,} steps. (Name one of "
          f"yours by ALBERT_NP_MODEL.)")
    return pretrain(folder, steps=steps, evaluate_every=steps, checkpoint_every=steps,
                    keep_checkpoints=1, held_out_sequences=1000, progress=False)


def _embedded_text(model, tokenizer, documents=300):
    """Masked batches of the text that every Python brings along."""
    from .pretraining import held_out_batches
    from .text import DataOptions
    from .text.batches import tokenize_documents
    from .text.corpora import embedded_corpus
    from .text.tokenized import TokenizedDocuments

    text, _ = embedded_corpus()
    chosen = np.linspace(0, len(text) - 1, documents, dtype=int)
    shard = TokenizedDocuments.from_lists(tokenize_documents([text[i] for i in chosen], tokenizer))
    length = min(40, model.config.max_position_embeddings)
    return held_out_batches([shard], tokenizer, DataOptions(max_seq_length=length), 26)
