"""From raw text to batches: pieces, pairs of segments, hidden words.

Read ``tokenizer``, ``segments`` (sentence order), ``masking`` (which pieces are hidden),
``data_options``, ``batches``; then ``tokenizing/`` and ``corpus/``, which these use. ``scripts``
knows which texts are Chinese, ``whole_words`` where their words begin.
"""

from .batches import batches, make_instances, masked_batch, tokenize_documents
from .corpus.corpora import (embedded_corpus, guess_layout, read_corpus, split_documents,
                             split_sentences)
from .corpus.prepare import prepare_corpus
from .corpus.prepared import PreparedCorpus
from .corpus.tokenized_documents import TokenizedDocuments
from .data_options import DataOptions
from .masking import mask_batch, mask_tokens
from .segments import segment_pairs
from .tokenizer import AlbertTokenizer
from .tokenizing.preprocessing import preprocess, preprocess_aligned
from .tokenizing.train_tokenizer import train_tokenizer

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
