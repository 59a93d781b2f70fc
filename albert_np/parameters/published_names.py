"""The names of ALBERT's weights: here, in Hugging Face's files, in the original's checkpoints.

Here W is stored (in, out), so that the code reads ``x @ W + b``. Hugging Face's files store the
matrices of linear maps (out, in), as PyTorch does; the original stores (in, out) under the name
"kernel", and (out, in) under the name "output_weights". The last column says who has the
transposed of what we have. Shapes are ours. The letters: V vocabulary, E embedding size, H hidden
size, F feed-forward size, P positions, S token types, K classes.
"""

from typing import NamedTuple

EMBEDDINGS = (
    # ours               Hugging Face                    original                  shape  transposed
    ("word",             "word_embeddings.weight",       "word_embeddings",       "V E", ""),
    ("position",         "position_embeddings.weight",   "position_embeddings",   "P E", ""),
    ("token_type",       "token_type_embeddings.weight", "token_type_embeddings", "S E", ""),
    ("layer_norm.gamma", "LayerNorm.weight",             "LayerNorm/gamma",       "E", ""),
    ("layer_norm.beta",  "LayerNorm.bias",               "LayerNorm/beta",        "E", ""),
)
MAPPING = (
    ("W",                "weight",                       "kernel",                "E H", "HF"),
    ("b",                "bias",                         "bias",                  "H", ""),
)
ATTENTION = (
    ("self_attention.W_q", "attention.query.weight",     "attention_1/self/query/kernel",
     "H H", "HF"),
    ("self_attention.b_q", "attention.query.bias",       "attention_1/self/query/bias", "H", ""),
    ("self_attention.W_k", "attention.key.weight",       "attention_1/self/key/kernel",
     "H H", "HF"),
    ("self_attention.b_k", "attention.key.bias",         "attention_1/self/key/bias", "H", ""),
    ("self_attention.W_v", "attention.value.weight",     "attention_1/self/value/kernel",
     "H H", "HF"),
    ("self_attention.b_v", "attention.value.bias",       "attention_1/self/value/bias", "H", ""),
    ("self_attention.W_o", "attention.dense.weight",     "attention_1/output/dense/kernel",
     "H H", "HF"),
    ("self_attention.b_o", "attention.dense.bias",       "attention_1/output/dense/bias", "H", ""),
    ("layer_norm.gamma",   "attention.LayerNorm.weight", "LayerNorm/gamma",       "H", ""),
    ("layer_norm.beta",    "attention.LayerNorm.bias",   "LayerNorm/beta",        "H", ""),
)
FEED_FORWARD = (
    ("feed_forward.W_1", "ffn.weight",                   "ffn_1/intermediate/dense/kernel",
     "H F", "HF"),
    ("feed_forward.b_1", "ffn.bias",                     "ffn_1/intermediate/dense/bias", "F", ""),
    ("feed_forward.W_2", "ffn_output.weight",            "ffn_1/intermediate/output/dense/kernel",
     "F H", "HF"),
    ("feed_forward.b_2", "ffn_output.bias",              "ffn_1/intermediate/output/dense/bias",
     "H", ""),
    ("layer_norm.gamma", "full_layer_layer_norm.weight", "LayerNorm_1/gamma",     "H", ""),
    ("layer_norm.beta",  "full_layer_layer_norm.bias",   "LayerNorm_1/beta",      "H", ""),
)
POOLER = (
    ("W",                "weight",                       "dense/kernel",          "H H", "HF"),
    ("b",                "bias",                         "dense/bias",            "H", ""),
)
MLM_HEAD = (
    ("dense.W",          "dense.weight",                 "transform/dense/kernel", "H E", "HF"),
    ("dense.b",          "dense.bias",                   "transform/dense/bias",  "E", ""),
    ("layer_norm.gamma", "LayerNorm.weight",             "transform/LayerNorm/gamma", "E", ""),
    ("layer_norm.beta",  "LayerNorm.bias",               "transform/LayerNorm/beta", "E", ""),
    ("bias",             "bias",                         "output_bias",           "V", ""),
)
OUTPUT = (      # most heads are one linear map
    ("W",                "weight",                       "output_weights",        "H K", "HF TF"),
    ("b",                "bias",                         "output_bias",           "K", ""),
)
SQUAD_HEAD = (  # no published file of Hugging Face's has it; the names follow the original's
    ("start.W",          "start_logits.dense.weight",    "start_logits/dense/kernel", "H 1", "HF"),
    ("start.b",          "start_logits.dense.bias",      "start_logits/dense/bias", "1", ""),
    ("end.dense.W",      "end_logits.dense_0.weight",    "end_logits/dense_0/kernel",
     "2H H", "HF"),
    ("end.dense.b",      "end_logits.dense_0.bias",      "end_logits/dense_0/bias", "H", ""),
    ("end.layer_norm.gamma", "end_logits.LayerNorm.weight", "end_logits/LayerNorm/gamma", "H", ""),
    ("end.layer_norm.beta", "end_logits.LayerNorm.bias", "end_logits/LayerNorm/beta", "H", ""),
    ("end.score.W",      "end_logits.dense_1.weight",    "end_logits/dense_1/kernel", "H 1", "HF"),
    ("end.score.b",      "end_logits.dense_1.bias",      "end_logits/dense_1/bias", "1", ""),
    ("answer.dense.W",   "answer_class.dense_0.weight",  "answer_class/dense_0/kernel",
     "2H H", "HF"),
    ("answer.dense.b",   "answer_class.dense_0.bias",    "answer_class/dense_0/bias", "H", ""),
    ("answer.score.W",   "answer_class.dense_1.weight",  "answer_class/dense_1/kernel",
     "H 1", "HF"),
)

# What stands before those names. A block of the encoder has a group g and a place k inside it.
_BLOCK = ("encoder.albert_layer_groups.{g}.albert_layers.{k}.",
          "bert/encoder/transformer/group_{g}/inner_group_{k}/")
COMPONENTS = {
    # component     (ours, Hugging Face, original), names
    "embeddings": (("embeddings.", "embeddings.", "bert/embeddings/"), EMBEDDINGS),
    "mapping": (("embeddings.mapping.", "encoder.embedding_hidden_mapping_in.",
                 "bert/encoder/embedding_hidden_mapping_in/"), MAPPING),
    "attention": (("encoder.attention.{i}.", *_BLOCK), ATTENTION),
    "feed_forward": (("encoder.feed_forward.{i}.", *_BLOCK), FEED_FORWARD),
    "pooler": (("pooler.", "pooler.", "bert/pooler/"), POOLER),
    "mlm_head": (("mlm_head.", "predictions.", "cls/predictions/"), MLM_HEAD),
    "sop_head": (("sop_head.", "sop_classifier.classifier.", "cls/seq_relationship/"), OUTPUT),
    "classification_head": (("classification_head.", "classifier.", ""), OUTPUT),
    "choice_head": (("choice_head.", "classifier.", ""), OUTPUT),
    "span_head": (("span_head.", "qa_outputs.", "cls/squad/"), OUTPUT),
    "squad_head": (("squad_head.", "", ""), SQUAD_HEAD),
}
# The rest is the trunk.
HEADS = ("mlm_head", "sop_head", "classification_head", "choice_head", "span_head", "squad_head")

# Second names of tied weights: nothing of their own to load.
TIED = {"predictions.decoder.weight": "embeddings.word_embeddings.weight",
        "predictions.decoder.bias": "predictions.bias"}
# 0, 1, 2, ... in old files, and the optimiser's part of the original's.
NOT_WEIGHTS = r"(^|\.)position_ids$|/adam_[mv]$|(^|/)global_step$"


class Name(NamedTuple):
    """One parameter: where it stands here and elsewhere."""

    ours: str             # dotted, as in `albert_np.parameters.flatten`
    hugging_face: str
    original: str
    shape: str            # ours, in letters
    transposed: str       # of "HF" and "TF" those that store the transposed matrix
    component: str


def name_table(config, prefix="albert."):
    """Every parameter that an ALBERT of this configuration can have.

    Block i of the encoder is called group i // K, layer i % K, where K is ``inner_group_num``.
    With a sharing of "attention" or "ffn" the blocks that are not shared go on counting.

    Parameters
    ----------
    config : AlbertConfig
    prefix : str
        What Hugging Face writes before the trunk. A bare ``AlbertModel`` leaves it out: pass "".

    Returns
    -------
    list of Name
    """
    attention_blocks, feed_forward_blocks = (1 + max(used) for used in zip(*config.schedule))
    blocks = {"attention": attention_blocks, "feed_forward": feed_forward_blocks,
              "mapping": int(config.embedding_mapping)}
    table = []
    for component, (places, rows) in COMPONENTS.items():
        for i in range(blocks.get(component, 1)):
            g, k = divmod(i, config.inner_group_num)
            ours, hugging_face, original = (place.format(i=i, g=g, k=k) for place in places)
            if component not in HEADS:
                hugging_face = prefix + hugging_face
            table += [Name(ours + row[0], hugging_face + row[1], original + row[2], row[3], row[4],
                           component) for row in rows]
    return table


def stored_shape(name, config):
    """The shape that a tensor has in Hugging Face's files.

    Parameters
    ----------
    name : Name
    config : AlbertConfig

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> from albert_np import AlbertConfig
    >>> name = next(name for name in name_table(AlbertConfig()) if name.component == "mapping")
    >>> name.hugging_face, name.shape
    ('albert.encoder.embedding_hidden_mapping_in.weight', 'E H')
    >>> stored_shape(name, AlbertConfig())
    (768, 128)
    """
    # These heads give two numbers, in order or swapped and start and end, or one for each choice.
    classes = {"sop_head": 2, "span_head": 2, "choice_head": 1}
    letters = {"V": config.vocab_size, "E": config.embedding_size, "H": config.hidden_size,
               "2H": 2 * config.hidden_size, "F": config.intermediate_size,
               "P": config.max_position_embeddings, "S": config.type_vocab_size, "1": 1,
               "K": classes.get(name.component, config.num_labels)}
    shape = tuple(letters[letter] for letter in name.shape.split())
    return shape[::-1] if "HF" in name.transposed else shape
