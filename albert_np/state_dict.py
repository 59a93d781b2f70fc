"""Names and layouts of the published weights.

Here W is stored (in, out), so that the code reads ``x @ W + b``. PyTorch stores the transposed
matrix. That, and the names, are all that lies between the two.
"""

import numpy as np

from .parameters import flatten

# ours · Hugging Face · transposed?
_EMBEDDINGS = (
    ("word", "word_embeddings.weight", False),
    ("position", "position_embeddings.weight", False),
    ("token_type", "token_type_embeddings.weight", False),
    ("layer_norm.gamma", "LayerNorm.weight", False),
    ("layer_norm.beta", "LayerNorm.bias", False),
)
_ATTENTION = (
    ("self_attention.W_q", "attention.query.weight", True),
    ("self_attention.b_q", "attention.query.bias", False),
    ("self_attention.W_k", "attention.key.weight", True),
    ("self_attention.b_k", "attention.key.bias", False),
    ("self_attention.W_v", "attention.value.weight", True),
    ("self_attention.b_v", "attention.value.bias", False),
    ("self_attention.W_o", "attention.dense.weight", True),
    ("self_attention.b_o", "attention.dense.bias", False),
    ("layer_norm.gamma", "attention.LayerNorm.weight", False),
    ("layer_norm.beta", "attention.LayerNorm.bias", False),
)
_FEED_FORWARD = (
    ("feed_forward.W_1", "ffn.weight", True),
    ("feed_forward.b_1", "ffn.bias", False),
    ("feed_forward.W_2", "ffn_output.weight", True),
    ("feed_forward.b_2", "ffn_output.bias", False),
    ("layer_norm.gamma", "full_layer_layer_norm.weight", False),
    ("layer_norm.beta", "full_layer_layer_norm.bias", False),
)
_MAPPING = (
    ("W", "embedding_hidden_mapping_in.weight", True),
    ("b", "embedding_hidden_mapping_in.bias", False),
)
_POOLER = (
    ("W", "weight", True),
    ("b", "bias", False),
)
_HEADS = (
    ("mlm_head.dense.W", "predictions.dense.weight", True),
    ("mlm_head.dense.b", "predictions.dense.bias", False),
    ("mlm_head.layer_norm.gamma", "predictions.LayerNorm.weight", False),
    ("mlm_head.layer_norm.beta", "predictions.LayerNorm.bias", False),
    ("mlm_head.bias", "predictions.bias", False),
    ("sop_head.W", "sop_classifier.classifier.weight", True),
    ("sop_head.b", "sop_classifier.classifier.bias", False),
    ("classification_head.W", "classifier.weight", True),
    ("classification_head.b", "classifier.bias", False),
    ("choice_head.W", "classifier.weight", True),
    ("choice_head.b", "classifier.bias", False),
    ("span_head.W", "qa_outputs.weight", True),
    ("span_head.b", "qa_outputs.bias", False),
    # No published ALBERT has this head in PyTorch: the names are those of XLNet's.
    ("squad_head.start.W", "start_logits.dense.weight", True),
    ("squad_head.start.b", "start_logits.dense.bias", False),
    ("squad_head.end.dense.W", "end_logits.dense_0.weight", True),
    ("squad_head.end.dense.b", "end_logits.dense_0.bias", False),
    ("squad_head.end.layer_norm.gamma", "end_logits.LayerNorm.weight", False),
    ("squad_head.end.layer_norm.beta", "end_logits.LayerNorm.bias", False),
    ("squad_head.end.score.W", "end_logits.dense_1.weight", True),
    ("squad_head.end.score.b", "end_logits.dense_1.bias", False),
    ("squad_head.answer.dense.W", "answer_class.dense_0.weight", True),
    ("squad_head.answer.dense.b", "answer_class.dense_0.bias", False),
    ("squad_head.answer.score.W", "answer_class.dense_1.weight", True),
)
# Second names of tied weights, and a buffer of old files: nothing of their own to load.
_DUPLICATES = ("predictions.decoder.weight", "predictions.decoder.bias",
               "albert.embeddings.position_ids", "embeddings.position_ids")


def name_table(config, prefix="albert."):
    """Every parameter: our dotted name, Hugging Face's, and whether it is stored transposed.

    Block i of the encoder is called group i // K, layer i % K, where K is ``inner_group_num``.
    With a sharing of "attention" or "ffn" the blocks that are not shared go on counting.

    Parameters
    ----------
    config : AlbertConfig
    prefix : str
        Published weights of a bare ``AlbertModel`` leave out the leading "albert.": pass "".

    Returns
    -------
    list of (str, str, bool)
    """
    attention_blocks, feed_forward_blocks = (1 + max(used) for used in zip(*config.schedule()))

    def block(i):
        group, inner = divmod(i, config.inner_group_num)
        return f"{prefix}encoder.albert_layer_groups.{group}.albert_layers.{inner}"

    table = [(f"embeddings.{ours}", f"{prefix}embeddings.{theirs}", transposed)
             for ours, theirs, transposed in _EMBEDDINGS]
    for i in range(attention_blocks):
        table += [(f"encoder.attention.{i}.{ours}", f"{block(i)}.{theirs}", transposed)
                  for ours, theirs, transposed in _ATTENTION]
    for i in range(feed_forward_blocks):
        table += [(f"encoder.feed_forward.{i}.{ours}", f"{block(i)}.{theirs}", transposed)
                  for ours, theirs, transposed in _FEED_FORWARD]
    if config.embedding_mapping:
        table += [(f"embeddings.mapping.{ours}", f"{prefix}encoder.{theirs}", transposed)
                  for ours, theirs, transposed in _MAPPING]
    table += [(f"pooler.{ours}", f"{prefix}pooler.{theirs}", transposed)
              for ours, theirs, transposed in _POOLER]
    return table + list(_HEADS)


def to_state_dict(config, tree, prefix="albert."):
    """A flat dict under Hugging Face's names and in its layouts.

    Parameters
    ----------
    config : AlbertConfig
    tree : dict
        Parameters, or gradients: the same transposition serves both.
    prefix : str
        As in :func:`name_table`.

    Returns
    -------
    dict of str to array
        Copies, in C order. Tied weights occur once.
    """
    return {theirs: np.array(leaf.T if transposed else leaf, order="C")
            for theirs, leaf, transposed in _pairs(config, tree, prefix)}


def from_state_dict(config, tree, mapping, prefix="albert."):
    """Copy published weights into a tree of parameters, all of them or, on an error, none.

    Parameters
    ----------
    config : AlbertConfig
    tree : dict, changed in place
    mapping : dict of str to array
    prefix : str
        As in :func:`name_table`.

    Raises
    ------
    ValueError
        That lists every name that is missing or unknown and every shape that does not fit.
    """
    pairs = _pairs(config, tree, prefix)
    shapes = {theirs: leaf.T.shape if transposed else leaf.shape
              for theirs, leaf, transposed in pairs}
    faults = [f"{name} is missing" for name in shapes if name not in mapping]
    faults += [f"{name} is unknown" for name in mapping
               if name not in shapes and name not in _DUPLICATES]
    faults += [f"{name} has shape {np.shape(mapping[name])} instead of {shape}"
               for name, shape in shapes.items()
               if name in mapping and np.shape(mapping[name]) != shape]
    if faults:
        raise ValueError("the weights do not fit the configuration: " + "; ".join(faults))
    for theirs, leaf, transposed in pairs:
        value = np.asarray(mapping[theirs])
        leaf[...] = value.T if transposed else value


def _pairs(config, tree, prefix):
    """(Hugging Face's name, our array, transposed?) for every component that the tree has."""
    flat = flatten(tree)
    return [(theirs, flat[ours], transposed)
            for ours, theirs, transposed in name_table(config, prefix) if ours in flat]
