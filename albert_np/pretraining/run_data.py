"""The text of a run: its corpus, its tokenizer, and the batches made of them."""

import hashlib
from pathlib import Path

import numpy as np

from ..text.corpus.corpora import embedded_corpus, read_corpus, split_documents
from ..text.corpus.manifest import tokenizer_identity
from ..text.corpus.prepared import PreparedCorpus, is_prepared
from ..text.data_options import DataOptions
from ..text.tokenizer import AlbertTokenizer
from ..text.tokenizing.train_tokenizer import train_tokenizer
from .batches import PretrainingData

TOKENIZER_NAME = "spiece.model"


def open_run_data(output, options, resuming=False, say=print):
    """Read the corpus of a run and make its batches; the run folder gets a copy of the tokenizer.

    Parameters
    ----------
    output : Path
        The run folder.
    options : PretrainingOptions
    resuming : bool
        Take the tokenizer that the run folder holds.
    say : callable

    Returns
    -------
    data : PretrainingData
    fingerprint : str
        A hash of the text and the tokenizer; another corpus has another one.
    """
    corpus, asked = options.corpus, options.data
    data_options = DataOptions(**{"beginnings_only": corpus is None, **asked})
    own = dict(options=data_options, batch_size=options.batch_size, seed=options.seed,
               held_out_sequences=options.held_out_sequences)
    if corpus is not None and is_prepared(corpus):
        prepared = PreparedCorpus(corpus)
        prepared.check_sources()
        if options.tokenizer is not None:
            prepared.check_tokenizer(read_tokenizer(options.tokenizer))
        prepared.tokenizer.save(output)
        say(f"corpus     {corpus}: {_count_prepared(prepared.train)} to train on, "
            f"{_count_prepared(prepared.held_out)} held out")
        data = PretrainingData(prepared.train, prepared.held_out, prepared.tokenizer, **own)
        return data, prepared.fingerprint

    documents, groups = (embedded_corpus() if corpus is None
                         else (read_corpus(corpus, options.layout, say=say), None))
    split_seed = np.random.SeedSequence(options.seed).spawn(1)[0]
    train, held_out = split_documents(documents, options.held_out, groups=groups,
                                      rng=np.random.default_rng(split_seed))
    say(f"corpus     {'the documentation of this Python' if corpus is None else corpus}: "
        f"{_count(train)} to train on, {_count(held_out)} held out")
    tokenizer = (AlbertTokenizer.from_folder(output) if resuming
                 else _get_tokenizer(options, train, output))
    data = PretrainingData.from_text(train, held_out, tokenizer, **own)
    return data, _fingerprint(documents, tokenizer)


def read_tokenizer(path):
    """A tokenizer from a SentencePiece model or from a folder with one."""
    return AlbertTokenizer.from_folder(path) if Path(path).is_dir() else AlbertTokenizer(path)


def _get_tokenizer(options, train, output):
    """The tokenizer that was asked for, or one trained on the training text."""
    if options.tokenizer is not None:
        tokenizer = read_tokenizer(options.tokenizer)
    else:
        train_tokenizer([sentence for document in train for sentence in document],
                        options.vocab_size, output / TOKENIZER_NAME)
        tokenizer = AlbertTokenizer(output / TOKENIZER_NAME)
    tokenizer.save(output)
    return tokenizer


def _fingerprint(documents, tokenizer):
    digest = hashlib.sha256(tokenizer_identity(tokenizer).encode())
    for document in documents:
        digest.update("\n".join([*document, "", ""]).encode())
    return digest.hexdigest()


def _count(documents):
    return f"{sum(map(len, documents)):,} sentences in {len(documents):,} documents"


def _count_prepared(shards):
    return f"{shards.sentences:,} sentences in {shards.documents:,} documents"
