"""How fast text becomes batches: tokenizer and data pipeline."""

import tempfile
import time
from pathlib import Path

import numpy as np

from albert_np.pretraining import PretrainingData
from albert_np.text import (AlbertTokenizer, DataOptions, embedded_corpus, split_documents,
                            train_tokenizer)


class Text:
    """The text that every Python brings along, with a tokenizer for it.

    Attributes
    ----------
    documents : list of list of str
    sentences : list of str
    tokenizer : AlbertTokenizer
    """

    def __init__(self):
        self.documents = embedded_corpus()[0]
        self.sentences = [sentence for document in self.documents for sentence in document]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "spiece.model"
            train_tokenizer(self.sentences, vocab_size=2000, model_file=file)
            self.tokenizer = AlbertTokenizer(file)

    def lengths(self, count, limit):
        """Lengths of so many sentences with their two special tokens, drawn from the text."""
        chosen = np.random.default_rng(0).choice(len(self.sentences), count, replace=False)
        encoded = self.tokenizer.encode_batch([self.sentences[i] for i in chosen])
        return [min(len(ids) + 2, limit) for ids in encoded]


def text_rates(text, batches=300):
    """Sentences, megabytes and tokens a second.

    Parameters
    ----------
    text : Text
    batches : int
        How many training batches are made.

    Returns
    -------
    dict of str to float
    """
    size = sum(len(sentence.encode()) for sentence in text.sentences) / 1e6
    rates = {}
    for name, threads in (("one thread", 1), ("all threads", -1)):
        began = time.perf_counter()
        pieces = sum(len(ids) for ids in text.tokenizer.encode_batch(text.sentences, threads))
        seconds = time.perf_counter() - began
        rates[f"tokenizer, {name}: MB a second"] = size / seconds
        rates[f"tokenizer, {name}: pieces a second"] = pieces / seconds

    training, held_out = split_documents(text.documents, 0.1, rng=np.random.default_rng(0))
    data = PretrainingData.from_text(training, held_out, text.tokenizer,
                                     DataOptions(max_seq_length=40), batch_size=26)
    stream = data.training_batches()
    next(stream)                                       # the first cuts the whole text
    began, tokens = time.perf_counter(), 0
    for _ in range(batches):
        tokens += next(stream)["input_ids"].size
    seconds = time.perf_counter() - began
    rates["training batches: tokens a second"] = tokens / seconds
    rates["training batches: batches a second"] = batches / seconds
    return rates
