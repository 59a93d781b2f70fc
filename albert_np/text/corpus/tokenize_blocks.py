"""From blocks of text to arrays of pieces, in several processes."""

import hashlib
import multiprocessing
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from ...files.processes import end_with_parent, interrupts_left_to_us
from ..tokenizer import AlbertTokenizer
from ..whole_words import WordMarker
from .blocks import block_documents

WAITING_BLOCKS = 2                   # per process: read, and waiting to be tokenised or written
SENTENCES_AT_A_TIME = 5000           # as lists of numbers, which need twenty times the memory
KEY_RANGE = 1 << 64                  # keys of documents are below


class Flat(NamedTuple):
    """Documents laid out flat, by lengths."""

    pieces: np.ndarray               # (P,), the ids
    sentence_lengths: np.ndarray     # (S,), pieces in each sentence
    document_lengths: np.ndarray     # (D,), sentences in each document


class TokenizedBlock(NamedTuple):
    """What a block gives."""

    train: Flat
    held_out: Flat
    smallest_key: int                # of all documents of the block; KEY_RANGE if it has none
    across: int                      # pieces that lie across the border of two words
    without_pieces: int              # sentences that are left out
    without_sentences: int           # documents that are left out


class Work(NamedTuple):
    """What every process must know."""

    tokenizer_folder: str
    text_field: str
    seed: int                        # of the choice of held-out documents
    held_out_below: int              # a document whose key is smaller is held out
    segmenter: str | None = None     # that marks whole words


def tokenize_blocks(blocks, work, processes):
    """Tokenise blocks in so many processes; the results come in the order of the blocks.

    What comes out does not depend on the number of processes, and only a few blocks are in memory
    at a time. With one process everything happens in this one.

    Parameters
    ----------
    blocks : iterable of (Block, anything)
    work : Work
    processes : int

    Yields
    ------
    (TokenizedBlock, anything)

    Raises
    ------
    ValueError
        What `block_documents` says of a block, or that a process has died.
    """
    if processes == 1:
        tokenizer = _read_tokenizer(work)
        for block, mark in blocks:
            yield tokenize_block(block, work, tokenizer), mark
        return
    # "spawn" starts fresh interpreters, which is safe beside threads and the same on every system.
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"),
                               initializer=_start_worker, initargs=(work,))
    blocks, waiting = iter(blocks), deque()
    try:
        while True:
            for block, mark in islice(blocks, (1 + WAITING_BLOCKS) * processes - len(waiting)):
                with interrupts_left_to_us():
                    waiting.append((pool.submit(_tokenize_in_worker, block), mark))
            if not waiting:
                return
            future, mark = waiting.popleft()
            yield future.result(), mark
    except BrokenProcessPool as error:
        raise ValueError("A process that tokenises has ended before its work was done, perhaps for "
                         "lack of memory; try fewer processes.") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def tokenize_block(block, work, tokenizer):
    """Turn one block into arrays, and divide its documents into two parts.

    Parameters
    ----------
    block : Block
    work : Work
    tokenizer : AlbertTokenizer or WordMarker

    Returns
    -------
    TokenizedBlock
        Sentences without a piece are left out, and so are documents without a sentence.
    """
    documents, before = block_documents(block, work.text_field), getattr(tokenizer, "across", 0)
    read = sum(map(len, documents)), len(documents)
    flat = encode_documents(documents, tokenizer)
    documents = [document for document, length in zip(documents, flat.document_lengths) if length]
    flat = flat._replace(document_lengths=flat.document_lengths[flat.document_lengths > 0])
    keys = [document_key(document, work.seed) for document in documents]
    is_held_out = np.array([key < work.held_out_below for key in keys], bool)      # (D,)
    return TokenizedBlock(_select(flat, ~is_held_out), _select(flat, is_held_out),
                          min(keys, default=KEY_RANGE), getattr(tokenizer, "across", 0) - before,
                          read[0] - len(flat.sentence_lengths), read[1] - len(documents))


def encode_documents(documents, tokenizer):
    """Encode every sentence, and lay the pieces out flat.

    Parameters
    ----------
    documents : list of D lists of str
    tokenizer : AlbertTokenizer or WordMarker

    Returns
    -------
    Flat
        Without the sentences that have no piece. A document can be left with length 0.
    """
    dtype = np.uint16 if tokenizer.vocab_size <= 1 << 16 else np.int32
    sentences = [sentence for document in documents for sentence in document]
    pieces, lengths = [np.zeros(0, dtype)], [np.zeros(0, np.int64)]
    for first in range(0, len(sentences), SENTENCES_AT_A_TIME):
        encoded = tokenizer.encode_batch(sentences[first:first + SENTENCES_AT_A_TIME], threads=1)
        lengths.append(np.fromiter(map(len, encoded), np.int64, len(encoded)))
        pieces.append(np.fromiter(chain.from_iterable(encoded), dtype, lengths[-1].sum()))
    lengths = np.concatenate(lengths)                                              # (S,)
    sizes = np.array([len(document) for document in documents], np.int64)          # (D,)
    document_of = np.repeat(np.arange(len(documents)), sizes)                      # (S,)
    return Flat(np.concatenate(pieces), lengths[lengths > 0],
                np.bincount(document_of[lengths > 0], minlength=len(documents)))


def document_key(sentences, seed):
    """A number below 2**64 drawn from the text of a document, as if at random.

    Equal documents have equal keys. So a document that occurs twice in a corpus is never in both
    of its parts, and the choice depends neither on the order nor on the number of processes.
    """
    digest = hashlib.blake2b("\n".join(sentences).encode(), digest_size=8,
                             key=seed.to_bytes(16, "little"))
    return int.from_bytes(digest.digest(), "little")


def _read_tokenizer(work):
    tokenizer = AlbertTokenizer.from_folder(work.tokenizer_folder)
    return WordMarker(tokenizer, work.segmenter) if work.segmenter else tokenizer


def _select(flat, chosen):
    """The chosen documents (bool array (D,)) alone."""
    sentences = np.repeat(chosen, flat.document_lengths)                           # (S,)
    return Flat(flat.pieces[np.repeat(sentences, flat.sentence_lengths)],
                flat.sentence_lengths[sentences], flat.document_lengths[chosen])


# ---- in the other processes ----------------------------------------------------------------------

_in_worker = {}


def _start_worker(work):
    end_with_parent()
    _in_worker["work"] = work
    _in_worker["tokenizer"] = _read_tokenizer(work)


def _tokenize_in_worker(block):
    return tokenize_block(block, _in_worker["work"], _in_worker["tokenizer"])
