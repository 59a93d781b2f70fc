"""From raw text to batches: tokenizer, corpora, sentence order, masking."""

from .batches import batches, make_instances, masked_batch, tokenize_documents
from .corpora import (
    embedded_corpus,
    guess_layout,
    read_corpus,
    split_documents,
    split_sentences,
)
from .data_options import DataOptions
from .masking import mask_batch, mask_tokens
from .prepare import prepare_corpus
from .prepared import PreparedCorpus
from .preprocessing import preprocess, preprocess_aligned
from .segments import segment_pairs
from .tokenized import TokenizedDocuments
from .tokenizer import AlbertTokenizer
from .train_tokenizer import train_tokenizer

__all__ = [
    "AlbertTokenizer",
    "DataOptions",
    "PreparedCorpus",
    "TokenizedDocuments",
    "batches",
    "embedded_corpus",
    "guess_layout",
    "make_instances",
    "mask_batch",
    "mask_tokens",
    "masked_batch",
    "prepare_corpus",
    "preprocess",
    "preprocess_aligned",
    "read_corpus",
    "segment_pairs",
    "split_documents",
    "split_sentences",
    "tokenize_documents",
    "train_tokenizer",
]
