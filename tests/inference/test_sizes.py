"""The table of parameters as text, and the letters of a configuration."""

from dataclasses import replace

import pytest

from albert_np import AlbertConfig
from albert_np.inference.sizes import (Row, as_bert, describe, format_table, megabytes,
                                       parameter_table)

CONFIG = AlbertConfig(vocab_size=3000, embedding_size=8, hidden_size=16, num_hidden_layers=12,
                      num_attention_heads=2, intermediate_size=1064)
LETTERS = "V = 3,000, E = 8, H = 16, F = 1,064, A = 2, L = 12"


@pytest.mark.parametrize("changes, words", [
    ({}, ": everything shared"), ({"sharing": "attention"}, ": attention shared"),
    ({"sharing": "ffn"}, ": feed-forward shared"), ({"sharing": "none"}, ": nothing shared"),
    ({"num_hidden_groups": 2}, ": everything shared in 2 groups"),
    ({"num_hidden_groups": 3, "sharing": "ffn"}, ": feed-forward shared in 3 groups"),
    ({"num_hidden_groups": 2, "sharing": "none"}, ": nothing shared"),
    ({"inner_group_num": 2}, ", 2 blocks each: everything shared")])
def test_the_letters_of_a_configuration(changes, words):
    assert describe(replace(CONFIG, **changes)) == LETTERS + words


def test_the_table_line_by_line():
    """Ours in two parts of 1 and 3 millions, BERT's in 4 and 12."""
    table = [Row("one", 1_000_000, 4_000_000), Row("another", 3_000_000, 12_000_000)]
    assert format_table(table, CONFIG).splitlines() == [
        f"{LETTERS}: everything shared", "",
        "                                    this model       BERT of the same shape",
        "                          parameters     share         parameters     share",
        "one                        1,000,000     25.0%          4,000,000     25.0%",
        "another                    3,000,000     75.0%         12,000,000     75.0%",
        "sum                        4,000,000    100.0%         16,000,000    100.0%",
        "in float32                   16.0 MB                      64.0 MB", "",
        "BERT would have 4.0 times as many."]
    assert megabytes(250_000) == 1.0


def test_a_part_that_bert_alone_has_or_lacks():
    names = [row.name for row in parameter_table(CONFIG)]
    assert names == ["embeddings", "map from E to H", "attention", "feed-forward", "pooler",
                     "masked-LM head", "sentence-order head"]
    table = {row.name: row for row in parameter_table(CONFIG)}
    assert table["map from E to H"].bert == 0 < table["map from E to H"].parameters
    assert table["attention"].bert == 12 * table["attention"].parameters
    bert = as_bert(CONFIG)
    assert (bert.sharing, bert.embedding_size, bert.embedding_mapping) == ("none", 16, False)
    assert "map from E to H" not in [row.name for row in parameter_table(bert)]
