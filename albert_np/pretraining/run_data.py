"""The text of a run: its corpus, its tokenizer, and the batches made of them."""

import hashlib

import numpy as np

from ..text.batches import tokenize_documents
from ..text.corpus.corpora import embedded_corpus, read_corpus, split_documents
from ..text.corpus.manifest import tokenizer_identity
from ..text.corpus.prepared import PreparedCorpus, is_prepared
from ..text.corpus.tokenized_documents import TokenizedDocuments
from ..text.data_options import DataOptions
from ..text.scripts import is_chinese
from ..text.tokenizer import AlbertTokenizer, read_tokenizer
from ..text.tokenizing.train_tokenizer import train_tokenizer
from ..text.whole_words import WITHOUT, WordMarker, find_segmenter
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
    if options.segmenter is not None:
        find_segmenter(options.segmenter)                         # refuses before all else
    data_options = DataOptions(**{"beginnings_only": corpus is None, **asked})
    own = dict(options=data_options, batch_size=options.batch_size, seed=options.seed,
               held_out_sequences=options.held_out_sequences)
    if corpus is not None and is_prepared(corpus):
        prepared = PreparedCorpus(corpus)
        prepared.check_sources()
        if options.tokenizer is not None:
            prepared.check_tokenizer(read_tokenizer(options.tokenizer))
        if options.segmenter not in (None, prepared.segmenter):
            raise ValueError(f"{corpus} was prepared with the segmenter {prepared.segmenter}, not "
                             f"{options.segmenter}; prepare it again with --segmenter "
                             f"{options.segmenter}")
        prepared.tokenizer.save(output)
        say(f"corpus     {corpus}: {_count_prepared(prepared.train)} to train on, "
            f"{_count_prepared(prepared.held_out)} held out")
        _say_short((prepared.train, prepared.held_out), data_options, say)
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
    marker = WordMarker(tokenizer, options.segmenter) if options.segmenter else None
    parts = [[TokenizedDocuments.from_lists(tokenize_documents(text, marker or tokenizer))]
             for text in (train, held_out)]
    _say_without_pieces(sum(map(len, documents)), parts, say)
    _say_short(parts, data_options, say)
    if marker or is_chinese(train[0]):
        say(f"words      {marker or WITHOUT}")
    return PretrainingData(*parts, tokenizer, **own), _fingerprint(documents, tokenizer)


def _say_without_pieces(sentences, parts, say):
    """Count the sentences of which the tokenizer leaves nothing; an error if no text is left."""
    for name, (part,) in zip(("train", "evaluate"), parts):
        if not part.num_pieces:
            raise ValueError(f"the tokenizer leaves no piece of the text to {name} on; give "
                             f"another tokenizer (--tokenizer) or other text (--corpus)")
    missing = sentences - sum(part.num_sentences for part, in parts)
    if missing:
        say(f"left out   {missing:,} of {sentences:,} sentences: the tokenizer leaves no piece of "
            f"them")


def _say_short(parts, options, say):
    """Count the documents that are too short for a pair of segments."""
    documents = sum(len(shard) for part in parts for shard in part)
    short = sum(shard.count_short(options.least_sentences) for part in parts for shard in part)
    if short:
        say(f"left out   {short:,} of {documents:,} documents: they have one sentence, and a pair "
            f"of segments needs two (--layout says what ends a document)")


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
