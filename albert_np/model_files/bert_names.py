"""BERT as the ALBERT that shares nothing: its names and its configuration.

Leave out what ALBERT changed, and BERT is what remains: every depth has parameters of its own
(``sharing="none"``), the embeddings are as wide as the encoder (E = H), and no map leads from one
to the other. The layers, and where dropout stands in them, are the same; layer norm follows the sum
of the embeddings at the width H, which is E here. So published weights of BERT need only other
names.

One head means something else. BERT's second task is next-sentence prediction: class 0 says that
segment B follows segment A, as here; class 1 says that B comes from another document, and not that
the two were swapped. Both are two scores from the pooled vector, so BERT's head is loaded as the
sentence-order head, and ``sop_logits`` are then its next-sentence scores.
"""

import re

# The name of a weight is one of these and ".weight" or ".bias"; both sides store them alike.
ONCE = (
    # an ALBERT of Hugging Face's     a BERT of Hugging Face's
    ("embeddings.word_embeddings",       "embeddings.word_embeddings"),
    ("embeddings.position_embeddings",   "embeddings.position_embeddings"),
    ("embeddings.token_type_embeddings", "embeddings.token_type_embeddings"),
    ("embeddings.LayerNorm",             "embeddings.LayerNorm"),
    ("pooler",                           "pooler.dense"),
    ("predictions.dense",                "cls.predictions.transform.dense"),
    ("predictions.LayerNorm",            "cls.predictions.transform.LayerNorm"),
    ("predictions.decoder",              "cls.predictions.decoder"),
    ("predictions",                      "cls.predictions"),
    ("sop_classifier.classifier",        "cls.seq_relationship"),
)
# The same for each layer i, behind the two prefixes.
PREFIXES = ("encoder.albert_layer_groups.{i}.albert_layers.0.", "encoder.layer.{i}.")
IN_EACH_LAYER = (
    ("attention.query",                  "attention.self.query"),
    ("attention.key",                    "attention.self.key"),
    ("attention.value",                  "attention.self.value"),
    ("attention.dense",                  "attention.output.dense"),
    ("attention.LayerNorm",              "attention.output.LayerNorm"),
    ("ffn",                              "intermediate.dense"),
    ("ffn_output",                       "output.dense"),
    ("full_layer_layer_norm",            "output.LayerNorm"),
)
HEADS = ("cls.", "predictions.", "sop_classifier.")     # before these stands no "bert."

# What a BERT's config.json means where it is silent, as transformers fills it in.
_DEFAULTS = dict(vocab_size=30522, hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
                 intermediate_size=3072, hidden_act="gelu", hidden_dropout_prob=0.1,
                 attention_probs_dropout_prob=0.1, max_position_embeddings=512, type_vocab_size=2,
                 initializer_range=0.02, layer_norm_eps=1e-12, pad_token_id=0, bos_token_id=None,
                 eos_token_id=None)


def bert_settings(values):
    """The settings of the ALBERT that a BERT is.

    Parameters
    ----------
    values : dict
        Of a ``config.json`` whose model_type is "bert". What has no meaning here is kept in
        ``extra``.

    Returns
    -------
    dict
        For :meth:`AlbertConfig.from_dict <albert_np.config.AlbertConfig.from_dict>`.

    Raises
    ------
    ValueError
        The model is a variant that computes something else.

    Examples
    --------
    >>> values = bert_settings({"model_type": "bert", "num_hidden_layers": 6})
    >>> [values[name] for name in ("num_hidden_layers", "embedding_size", "sharing", "hidden_act")]
    [6, 768, 'none', 'gelu']
    """
    if values.get("model_type") != "bert":
        raise ValueError(f"the configuration is that of a model of the type "
                         f"{values.get('model_type')!r}, not of a BERT")
    positions = values.get("position_embedding_type", "absolute")
    if positions != "absolute":
        raise ValueError(f"position_embedding_type is {positions!r}; only a BERT with absolute "
                         f"positions is an ALBERT without sharing")
    for name in ("is_decoder", "add_cross_attention"):
        if values.get(name):
            raise ValueError(f"{name} is {values[name]!r}; only a BERT that encodes is an ALBERT "
                             f"without sharing")
    values = {**_DEFAULTS, **values}
    dropout = values.pop("classifier_dropout", None)
    return {
        **{name: value for name, value in values.items()
           if name not in ("model_type", "architectures")},
        "classifier_dropout_prob": values["hidden_dropout_prob"] if dropout is None else dropout,
        "embedding_size": values["hidden_size"], "embedding_mapping": False, "sharing": "none",
        "num_hidden_groups": 1, "inner_group_num": 1, "cross_layer_residual": False}


def from_bert(weights):
    """Give the weights of a BERT the names that an ALBERT's would have.

    Parameters
    ----------
    weights : dict of str to anything
        Under the names of transformers' BERT models, of 2018 ("gamma", "beta") or of today, with
        or without the "bert." before those of the trunk. Values are passed on as they are.

    Returns
    -------
    dict
        Under the names of transformers' ALBERT models, with or without "albert.". A name that no
        BERT has stays as it is.

    Raises
    ------
    ValueError
        Two of the names mean the same weight.

    Examples
    --------
    >>> from_bert({"bert.encoder.layer.3.output.LayerNorm.gamma": "gamma", "classifier.bias": "b"})
    {'albert.encoder.albert_layer_groups.3.albert_layers.0.full_layer_layer_norm.weight': 'gamma', \
'classifier.bias': 'b'}
    """
    renamed, came_from = {}, {}
    for name, value in weights.items():
        known_as = re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", name.removeprefix("module."))
        known_as = re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", known_as)
        known_as = _renamed(known_as, "bert.", "albert.", 1, 0)
        if known_as in renamed:
            raise ValueError(f"{came_from[known_as]} and {name} are the same weight of a BERT")
        renamed[known_as], came_from[known_as] = value, name
    return renamed


def to_bert(weights):
    """The other way round: a model's ``state_dict`` under the names of transformers' BERT.

    Parameters
    ----------
    weights : dict of str to anything
        Of a model that shares nothing, as from ``model.state_dict()``.

    Returns
    -------
    dict
    """
    return {_renamed(name, "albert.", "bert.", 0, 1): value for name, value in weights.items()}


def _renamed(name, prefix, other_prefix, source, target):
    """One name, from column ``source`` of the tables to column ``target``."""
    in_trunk = name.removeprefix(prefix)
    stem, _, kind = in_trunk.rpartition(".")
    if in_trunk == "embeddings.position_ids":          # a buffer of old files, the same in both
        rest = in_trunk
    elif kind not in ("weight", "bias"):
        return name
    elif layer := re.fullmatch(re.escape(PREFIXES[source]).replace(r"\{i\}", r"(\d{1,9})")
                               + "(.*)", stem):
        parts = {row[source]: row[target] for row in IN_EACH_LAYER}
        if layer[2] not in parts:
            return name
        rest = f"{PREFIXES[target].format(i=layer[1])}{parts[layer[2]]}.{kind}"
    else:
        stems = {row[source]: row[target] for row in ONCE}
        if stem not in stems:
            return name
        rest = f"{stems[stem]}.{kind}"
    has_prefix = in_trunk != name and not rest.startswith(HEADS)
    return (other_prefix if has_prefix else "") + rest
