"""Write ``reference.npz``: what transformers computes in float64 on three small configurations.

With the file, ``test_reference.py`` can hold the package to transformers' results on a machine
that has neither torch nor transformers. To write it anew (it only changes where this script or
the mathematics of transformers does), install the extra "parity" and run ::

    python tests/parity/make_reference.py

Everything random comes from NumPy with a fixed seed, and one thread adds up in one order, so the
same versions on the same kind of machine write the same bytes. Nothing of this package is used:
the reference must not know what it is to judge.

What is in the file, for each case NAME:

========================  =======================================================================
names                     the cases
NAME/config               the configuration, JSON in an array of one string
NAME/input_ids, ...       attention_mask, token_type_ids, labels, sentence_order_label
NAME/weights/...          float32 arrays under the names of transformers, tied ones once
NAME/outputs/...          loss, mlm_loss, sop_loss, prediction_logits (B, T, V), sop_logits,
                          pooled_output, hidden_states.0 and so on, attentions.0 and so on
NAME/gradients/...        of the loss, under the names of the weights
========================  =======================================================================

The weights are float32 numbers, which float64 holds exactly and which need half the space. The
gradient of row 0 of the word table is the true one: PyTorch leaves the look-up of the padding
token out of it, the original does not.
"""

import json
from pathlib import Path

import numpy as np
import torch
import transformers

PATH = Path(__file__).with_name("reference.npz")

COMMON = dict(embedding_size=8, num_hidden_layers=3, num_attention_heads=2, type_vocab_size=2,
              max_position_embeddings=12, initializer_range=0.1, layer_norm_eps=1e-12,
              hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
              classifier_dropout_prob=0.0, pad_token_id=0, bos_token_id=2, eos_token_id=3)
CASES = {
    # name: (configuration, shape of the batch, which tokens are hidden)
    "shared": (dict(vocab_size=37, hidden_size=12, intermediate_size=20, num_hidden_groups=1,
                    inner_group_num=1, hidden_act="gelu_new"), (3, 9), "padding"),
    "groups": (dict(vocab_size=31, hidden_size=9, intermediate_size=14, num_hidden_groups=2,
                    inner_group_num=2, num_attention_heads=3, hidden_act="gelu"), (2, 12), None),
    "square": (dict(vocab_size=29, hidden_size=8, intermediate_size=24, num_hidden_groups=1,
                    inner_group_num=1, num_attention_heads=1, hidden_act="relu",
                    layer_norm_eps=1e-3), (2, 7), "queries"),
}


def inputs_of(config, shape, hidden, rng):
    """A batch of random ids, a mask that hides padding or, for each query, random keys."""
    B, T = shape
    input_ids = rng.integers(1, config["vocab_size"], shape)
    attention_mask = np.ones(shape, dtype=np.int64)
    if hidden == "padding":
        for row, length in enumerate(range(T, T - 3 * B, -3)):
            attention_mask[row, length:] = 0
        input_ids *= attention_mask                       # <pad> is 0
    elif hidden == "queries":
        attention_mask = rng.integers(0, 2, (B, T, T)) | np.eye(T, dtype=np.int64)
    labels = np.where(rng.random(shape) < 0.4, rng.integers(0, config["vocab_size"], shape), -100)
    labels[0, 1] = 5                                      # at least one
    return {"input_ids": input_ids, "attention_mask": attention_mask,
            "token_type_ids": rng.integers(0, 2, shape), "labels": labels,
            "sentence_order_label": np.arange(B) % 2}


def weights_of(model, rng):
    """Random values for every parameter, biases and gammas too, as float32."""
    weights = {}
    for name, p in model.named_parameters():
        value = 0.2 * rng.standard_normal(tuple(p.shape))
        if "orm" in name and name.endswith("weight"):     # the gamma of a layer normalisation
            value += 1
        weights[name] = value.astype(np.float32)
    return weights


def compute(config, inputs, rng):
    """Weights, outputs and gradients of one case."""
    config = transformers.AlbertConfig(**config)
    config._attn_implementation = "eager"                 # the one that gives probabilities
    model = transformers.AlbertForPreTraining(config).double().eval()
    weights = weights_of(model, rng)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.tensor(weights[name]))
    model.albert.embeddings.word_embeddings.padding_idx = None

    arguments = {name: torch.tensor(value) for name, value in inputs.items()}
    mask = arguments["attention_mask"]
    if mask.ndim == 3:        # transformers takes one mask for each query only ready to be added
        lowest = torch.finfo(torch.float64).min
        arguments["attention_mask"] = (1 - mask[:, None]).double() * lowest
    pooled = []
    model.albert.pooler_activation.register_forward_hook(
        lambda module, arguments, output: pooled.append(output))
    output = model(**arguments, output_hidden_states=True, output_attentions=True)
    output.loss.backward()

    cross_entropy = torch.nn.functional.cross_entropy
    outputs = {
        "loss": output.loss,
        "mlm_loss": cross_entropy(output.prediction_logits.flatten(0, 1),
                                  arguments["labels"].flatten()),
        "sop_loss": cross_entropy(output.sop_logits, arguments["sentence_order_label"]),
        "prediction_logits": output.prediction_logits,
        "sop_logits": output.sop_logits,
        "pooled_output": pooled[0],
        **{f"hidden_states.{i}": h for i, h in enumerate(output.hidden_states)},
        **{f"attentions.{i}": p for i, p in enumerate(output.attentions)},
    }
    return (weights, {name: value.detach().numpy() for name, value in outputs.items()},
            {name: p.grad.numpy() for name, p in model.named_parameters()})


def make_reference():
    """All arrays of the file, by name."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    arrays = {"names": np.array(list(CASES)),
              "versions": np.array([f"torch {torch.__version__}",
                                    f"transformers {transformers.__version__}"])}
    for seed, (name, (changes, shape, hidden)) in enumerate(CASES.items()):
        rng = np.random.default_rng(seed)
        config = {**COMMON, **changes}
        inputs = inputs_of(config, shape, hidden, rng)
        weights, outputs, gradients = compute(config, inputs, rng)
        arrays[f"{name}/config"] = np.array([json.dumps(config, sort_keys=True)])
        arrays |= {f"{name}/{key}": value for key, value in inputs.items()}
        for kind, values in (("weights", weights), ("outputs", outputs), ("gradients", gradients)):
            arrays |= {f"{name}/{kind}/{key}": value for key, value in values.items()}
    torch.set_num_threads(threads)
    return arrays


if __name__ == "__main__":
    np.savez_compressed(PATH, **make_reference())
    print(f"wrote {PATH}, {PATH.stat().st_size} bytes")
