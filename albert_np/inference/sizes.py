"""Where the parameters of a model are, and where those of BERT would be."""

from dataclasses import dataclass, replace

NAMES = {"embeddings": "embeddings", "mapping": "map from E to H", "attention": "attention",
         "feed_forward": "feed-forward", "pooler": "pooler", "mlm_head": "masked-LM head",
         "sop_head": "sentence-order head"}
BYTES = 4          # of a float32


@dataclass
class Row:
    """A component: its name, how many parameters it has here, and how many in BERT."""

    name: str
    parameters: int
    bert: int


def as_bert(config):
    """The configuration of BERT in the same shape: nothing is shared, E = H, no map between them.

    Parameters
    ----------
    config : AlbertConfig

    Returns
    -------
    AlbertConfig
    """
    return replace(config, sharing="none", embedding_size=config.hidden_size,
                   embedding_mapping=False)


def parameter_table(model_or_config):
    """The parameters by component, beside those of BERT in the same shape.

    Tied weights are counted once: the masked-LM head has no table of its own.

    Parameters
    ----------
    model_or_config : AlbertModel, AlbertForPreTraining or AlbertConfig
        Of a model, the components that it has; of a configuration, all of them.

    Returns
    -------
    list of Row
        Each with name, parameters, bert; without those that neither has.

    Examples
    --------
    >>> from albert_np import AlbertConfig
    >>> table = parameter_table(AlbertConfig.from_name("albert-base-v2"))
    >>> for row in table[:3]:
    ...     print(f"{row.name:16}{row.parameters:>10,}{row.bert:>12,}")
    embeddings       3,906,048  23,436,288
    map from E to H     99,072           0
    attention        2,363,904  28,366,848
    """
    config = getattr(model_or_config, "config", model_or_config)
    own, bert = config.parameter_counts(), as_bert(config).parameter_counts()
    heads = {"pooler", "mlm_head", "sop_head"}
    missing = heads - set(getattr(model_or_config, "params", heads))
    return [Row(name, own[key], bert[key]) for key, name in NAMES.items()
            if key not in missing and (own[key] or bert[key])]


def format_table(table, config):
    """The table as text.

    Parameters
    ----------
    table : list of Row, from `parameter_table`
    config : AlbertConfig

    Returns
    -------
    str
    """
    totals = sum(row.parameters for row in table), sum(row.bert for row in table)
    lines = [describe(config), "",
             f"{'':22}{'this model':>24}{'BERT of the same shape':>29}",
             f"{'':22}{'parameters':>14}{'share':>10}{'parameters':>19}{'share':>10}"]
    for row in [*table, Row("sum", *totals)]:
        own, bert = (f"{number:>{width},}{number / total:>10.1%}" for number, width, total in
                     zip((row.parameters, row.bert), (14, 19), totals))
        lines.append(f"{row.name:22}{own}{bert}")
    own, bert = (f"{megabytes(total):,.1f} MB" for total in totals)
    lines += [f"{'in float32':22}{own:>14}{'':10}{bert:>19}", "",
              f"BERT would have {totals[1] / totals[0]:.1f} times as many."]
    return "\n".join(lines)


def megabytes(parameters):
    """Of so many parameters in float32, in millions of bytes."""
    return parameters * BYTES / 1e6


def describe(config):
    """The letters of a configuration in one line."""
    shared = {"all": "everything shared", "attention": "attention shared",
              "ffn": "feed-forward shared", "none": "nothing shared"}[config.sharing]
    groups = (f" in {config.num_hidden_groups} groups"
              if config.num_hidden_groups > 1 and config.sharing != "none" else "")
    inner = f", {config.inner_group_num} blocks each" if config.inner_group_num > 1 else ""
    return (f"V = {config.vocab_size:,}, E = {config.embedding_size:,}, "
            f"H = {config.hidden_size:,}, F = {config.intermediate_size:,}, "
            f"A = {config.num_attention_heads}, L = {config.num_hidden_layers}{inner}: "
            f"{shared}{groups}")
