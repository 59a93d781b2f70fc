"""From raw text to batches: tokenizer, corpora, sentence order, masking."""

from .batches import batches, pretraining_instances, tokenize_documents
from .corpora import (
    embedded_corpus,
    guess_layout,
    read_corpus,
    split_documents,
    split_sentences,
)
from .masking import mask_batch, mask_tokens
from .preprocessing import preprocess, preprocess_aligned
from .sentence_order import sentence_order_pairs, truncate_pair
from .tokenizer import AlbertTokenizer
from .train_tokenizer import train_tokenizer

__all__ = [
    "AlbertTokenizer",
    "batches",
    "embedded_corpus",
    "guess_layout",
    "mask_batch",
    "mask_tokens",
    "preprocess",
    "preprocess_aligned",
    "pretraining_instances",
    "read_corpus",
    "sentence_order_pairs",
    "split_documents",
    "split_sentences",
    "tokenize_documents",
    "train_tokenizer",
    "truncate_pair",
]
