"""A tokenizer of a few pieces, trained in no time."""

import pytest

from albert_np.text import AlbertTokenizer, train_tokenizer

SENTENCES = ["The nine boats came to the harbour of Bonn in the year 1920, and left again.",
             "Who came to the harbour when the nine boats had left? Ann and Bob did.",
             "A cat sat on the mat; the mat was red, the cat was not.",
             "What did the cat do on the red mat? It sat there and looked at the boats."]


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "spiece.model"
    train_tokenizer(SENTENCES * 5, 60, path)
    return AlbertTokenizer(path)
