"""How much of the package one training step enters: its Python calls and its files.

``python benchmarks/step_calls.py`` takes a step of a small pretraining model with two layers
(forward, backward, clipping, AdamW; one part, no dropout), counts with a profile function, and
prints the calls by file.
"""

import collections
import sys
from pathlib import Path

import numpy as np

import albert_np
from albert_np import AdamW, AlbertConfig, AlbertForPreTraining
from albert_np.functional import IGNORED
from albert_np.models.inputs import labelled_positions
from albert_np.optim import clip_by_global_norm

PACKAGE = str(Path(albert_np.__file__).parent)


def small_batch(config, B=4, T=16):
    """Random ids with a few labels."""
    rng = np.random.default_rng(0)
    input_ids = rng.integers(5, config.vocab_size, (B, T))
    labels = np.where(rng.random((B, T)) < 0.15, input_ids, IGNORED)
    return {"input_ids": input_ids, "attention_mask": np.ones((B, T), np.int64),
            "token_type_ids": np.zeros((B, T), np.int64), "labels": labels,
            "sentence_order_label": rng.integers(0, 2, B)}


def count_calls(function):
    """Calls into the package by file, while ``function`` runs.

    Returns
    -------
    collections.Counter
    """
    calls = collections.Counter()

    def profile(frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            calls[frame.f_code.co_filename.removeprefix(PACKAGE + "/")] += 1

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def one_step(config):
    """A function that takes one training step."""
    model = AlbertForPreTraining(config)
    optimizer, batch = AdamW(model.params, lr=1e-3), small_batch(config)

    positions = labelled_positions(batch["labels"])

    def step():
        output, cache = model.forward(**batch, positions=positions)
        grads = model.backward(cache)
        clip_by_global_norm(grads, 1.0)
        optimizer.step(model.params, grads)

    step()                          # what is imported late is imported now
    return step


if __name__ == "__main__":
    calls = count_calls(one_step(AlbertConfig(
        vocab_size=100, embedding_size=16, hidden_size=32, num_hidden_layers=2,
        num_attention_heads=4, intermediate_size=64, max_position_embeddings=16)))
    for file, count in calls.most_common():
        print(f"{count:6d}  {file}")
    print(f"{sum(calls.values()):6d}  calls in {len(calls)} files")
