"""What every tokenizer here can do once it can cut a text: ids, pairs, padding, batches."""

from pathlib import Path

import numpy as np

from ...files import write_together
from .arguments import check_return_tensors, check_text, check_texts, settle_lengths
from .rows import build_row, stack_rows


class Inputs(dict):
    """The arrays that the model reads, by name; ``inputs.input_ids`` is ``inputs["input_ids"]``."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no {name!r}; there are {', '.join(self)}") from None


class TokenizerCalls:
    """The calls that `AlbertTokenizer` and `WordPieceTokenizer` share.

    Each of them cuts texts in its own way (``encode_batch``, ``tokenize_with_offsets``), and has
    the attributes that :class:`~albert_np.text.tokenizer.AlbertTokenizer` lists.
    """

    def settle_ids(self, pieces, special_tokens, name, is_word_start):
        """Fill in the attributes that follow from the vocabulary.

        Parameters
        ----------
        pieces : list of V str
        special_tokens : (str, str, str, str, str)
            For padding, for what is unknown, ``[CLS]``, ``[SEP]`` and ``[MASK]``.
        name : str
            What a sentence calls the vocabulary.
        is_word_start : callable
            Whether a piece begins a word.

        Raises
        ------
        ValueError
            A special token is missing.
        """
        self.pieces, self.vocab_size = pieces, len(pieces)
        self._ids = {piece: i for i, piece in enumerate(pieces)}
        for token in special_tokens:
            if token not in self._ids:
                raise ValueError(f"{name} has no piece {token!r}; it must have all of "
                                 f"{', '.join(special_tokens)}.")
        (self.pad_token_id, self.unk_token_id, self.cls_token_id, self.sep_token_id,
         self.mask_token_id) = (self._ids[token] for token in special_tokens)
        self.special_ids = np.array(sorted(self._ids[token] for token in special_tokens))
        self.ordinary_ids = np.setdiff1d(np.arange(self.vocab_size), self.special_ids)
        self.is_word_start = np.array([is_word_start(piece) for piece in pieces])

    def save(self, folder):
        """Write ``spiece.model`` (or ``vocab.txt``) and ``tokenizer_config.json`` into a folder.

        If the library tokenizers is installed, also ``tokenizer.json`` for SentencePiece. With it
        ``transformers.AutoTokenizer.from_pretrained(folder)`` gives the ids that this tokenizer
        gives. Without it transformers makes its own AlbertTokenizer of ``spiece.model``, which cuts
        some texts differently (docs/differences.md).

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.

        Raises
        ------
        ValueError
            A file cannot be written.
        """
        write_together({Path(folder) / name: data for name, data in self.files().items()})

    save_pretrained = save

    def __len__(self):
        return self.vocab_size

    def get_vocab(self):
        """The ids of all pieces (dict of str to int)."""
        return dict(self._ids)

    def encode(self, text, text_pair=None, *, add_special_tokens=True, max_length=None,
               truncation=None):
        """The ids that the model reads for a text or a pair (list of int).

        The arguments are those of a call. ``add_special_tokens=False`` gives the ids of the pieces
        of the text alone.
        """
        return self(check_text(text), text_pair, add_special_tokens=add_special_tokens,
                    max_length=max_length, truncation=truncation)["input_ids"].tolist()

    def encode_with_offsets(self, text):
        """The ids of the pieces of `tokenize_with_offsets`, and their offsets.

        Returns
        -------
        ids : list of int
        offsets : list of (int, int)
        """
        pieces, offsets = self.tokenize_with_offsets(text)
        return self.convert_tokens_to_ids(pieces), offsets

    def __call__(self, text, text_pair=None, *, max_length=None, padding=False, truncation=None,
                 return_tensors=None, add_special_tokens=True, return_offsets_mapping=False):
        """Turn one text or many, or pairs of texts, into the arrays that the model reads.

        One text becomes ``[CLS] A [SEP]`` with token type 0. A pair becomes
        ``[CLS] A [SEP] B [SEP]``, with token type 1 for B and the last ``[SEP]``.

        The arguments have the names that transformers gives them.

        Parameters
        ----------
        text : str or list of str
            A list gives a batch of B rows, padded to the longest.
        text_pair : str or list of str, optional
            The second text: the same kind, and as many, as `text`.
        max_length : int, optional
            No row is longer, counting the special tokens. None: whatever the text needs. A length
            that leaves no piece of a text is refused; transformers gives special tokens only.
        padding : bool, "longest" or "max_length"
            "max_length" pads every row to `max_length`, or if there is none to
            `model_max_length`. All else pads to the longest row, as rows of an array need it.
        truncation : bool, "longest_first", "only_first", "only_second" or "never", optional
            What is cut, at its end, when a row is too long. "longest_first" takes one piece after
            another from the longer text, from B where both are equally long; True and None mean it
            too. "never", or False, refuses such a row. Without `max_length`, rows are cut to
            `model_max_length` if a truncation is named.
        return_tensors : "np", optional
            "np" gives a batch also for a single text: arrays (1, T), which a model accepts.
        add_special_tokens : bool
            False leaves out ``[CLS]`` and ``[SEP]``.
        return_offsets_mapping : bool
            Add the array `offset_mapping`.

        Returns
        -------
        Inputs, a dict
            input_ids, token_type_ids, attention_mask : int64 arrays (B, T), or (T,) for a single
            text without ``return_tensors="np"``
            offset_mapping : int64 array (..., T, 2)
                Where in its own text (A for type 0, B for type 1) each piece stands; (0, 0) at
                special tokens that were added and at padding.

        Raises
        ------
        ValueError
            An argument is not as described, a row is too long for the truncation asked for, or
            no piece of a text would be left.
        """
        check_return_tensors(return_tensors)
        texts, pairs = check_texts(text, text_pair)
        max_length, pad_to, truncation = settle_lengths(
            max_length, padding, truncation, self.model_max_length, text_pair is not None,
            add_special_tokens)
        special = (self.cls_token_id, self.sep_token_id) if add_special_tokens else None
        rows = [build_row(a, b, special, max_length, truncation)
                for a, b in zip(self._encode_all(texts, return_offsets_mapping),
                                self._encode_all(pairs, return_offsets_mapping))]
        result = stack_rows(rows, pad_to, self.pad_token_id, return_offsets_mapping)
        if isinstance(text, str) and return_tensors is None:
            return Inputs((name, array[0]) for name, array in result.items())
        return Inputs(result)

    def _encode_all(self, texts, with_offsets):
        """A list of (ids, offsets); offsets are zeros unless asked for, None stays None."""
        if texts[0] is None:
            return [None] * len(texts)
        if with_offsets:
            return [self.encode_with_offsets(text) for text in texts]
        return [(ids, [(0, 0)] * len(ids)) for ids in self.encode_batch(texts)]

    def one_sequence(self, ids):
        """Ids as a list of int; ValueError if they are not those of one sequence."""
        ids = [ids] if isinstance(ids, (int, np.integer)) else list(ids)
        if any(np.ndim(i) for i in ids):
            raise ValueError("decode takes the ids of one sequence; batch_decode takes many.")
        self.convert_ids_to_tokens(ids)                        # refuses those that do not exist
        return [int(i) for i in ids]

    def batch_decode(self, sequences, skip_special_tokens=True):
        """`decode` for each of many sequences of ids (list of str)."""
        return [self.decode(ids, skip_special_tokens) for ids in sequences]

    def convert_ids_to_tokens(self, ids):
        """The pieces (list of str) that ids stand for, or the piece (str) of a single id.

        Raises
        ------
        ValueError
            An id does not exist.
        """
        if isinstance(ids, (int, np.integer)):
            return self.convert_ids_to_tokens([ids])[0]
        ids = [int(i) for i in ids]
        for i in ids:
            if not 0 <= i < self.vocab_size:
                raise ValueError(f"There is no piece with the id {i}; the ids of this vocabulary "
                                 f"are 0 to {self.vocab_size - 1}.")
        return [self.pieces[i] for i in ids]

    def convert_tokens_to_ids(self, tokens):
        """The ids (list of int) of pieces, or the id (int) of a single piece.

        A piece outside the vocabulary has the id of ``<unk>``.
        """
        if isinstance(tokens, str):
            return self._ids.get(tokens, self.unk_token_id)
        return [self._ids.get(token, self.unk_token_id) for token in tokens]
