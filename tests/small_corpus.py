"""A corpus that is written in no time, for runs in tests of several folders."""

import numpy as np


def write_corpus(path):
    """Forty little documents with a grammar."""
    rng = np.random.default_rng(0)
    who = ["the cat", "a dog", "my bird", "our cow"]
    does = ["sees", "likes", "hears", "follows"]
    what = ["the tree", "a house", "some water", "the moon", "every river"]
    documents = ["\n".join(f"{rng.choice(who).capitalize()} {rng.choice(does)} {rng.choice(what)}."
                           for _ in range(12)) for _ in range(40)]
    path.write_text("\n\n".join(documents))
