"""From text to the numbers that ALBERT reads, and back."""

import re
import string
from pathlib import Path

import numpy as np

from ..files import read_bytes, write_together
from ..files.json_objects import json_file
from .tokenizing.arguments import check_return_tensors, check_text, check_texts, settle_lengths
from .tokenizing.offsets import align
from .tokenizing.preprocessing import preprocess, preprocess_aligned, preprocess_with_places
from .tokenizing.rows import build_row, stack_rows
from .tokenizing.sentencepiece_file import in_one_sentence, load_sentencepiece
from .tokenizing.tokenizer_folder import MODEL_NAME, SETTINGS_NAME, find_tokenizer
from .tokenizing.tokenizer_json import FILE_NAME as JSON_NAME
from .tokenizing.tokenizer_json import can_write, ends_in_number_comma, write_tokenizer_json

PAD, UNK, CLS, SEP, MASK = SPECIAL_TOKENS = ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")


class AlbertTokenizer:
    """ALBERT's tokenizer: preprocessing, SentencePiece, and the digit-comma rule.

    SentencePiece cuts a text into *pieces*. The sign ``▁`` stands for the space before a word, so
    that ``"".join(pieces)`` is the text again.

    Parameters
    ----------
    model_file : str or Path
        A SentencePiece model that holds ALBERT's five special tokens.
    do_lower_case, keep_accents : bool
        See `albert_np.text.tokenizing.preprocessing.preprocess`.
    model_max_length : int, optional
        The number of tokens that the model reads at most, for ``truncation=True``.

    Attributes
    ----------
    model_bytes : bytes
        The SentencePiece model, as it stands in its file.
    vocab_size : int, V
        Also ``len(tokenizer)``.
    pieces : list of V str
    pad_token, unk_token, cls_token, sep_token, mask_token : str
        ALBERT's five special tokens, such as ``[MASK]``.
    pad_token_id, unk_token_id, cls_token_id, sep_token_id, mask_token_id : int
    special_ids : int array (5,)
        The ids of those five. Masking never touches them. ``<unk>`` is among them because there is
        nothing to be learnt from guessing "something unknown".
    ordinary_ids : int array (V - 5,)
        All others.
    is_word_start : bool array (V,)
        Which pieces begin a word; whole-word masking asks this.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file cannot be read, is not a SentencePiece model, or lacks a special token.

    References
    ----------
    google-research/albert, tokenization.py; Kudo 2018 (the unigram model).
    """

    pad_token, unk_token, cls_token, sep_token, mask_token = SPECIAL_TOKENS

    def __init__(self, model_file, do_lower_case=True, keep_accents=False, model_max_length=None):
        self.model_bytes, self._model_file = read_bytes(model_file), model_file
        self._model, self.pieces = load_sentencepiece(self.model_bytes, model_file)
        self.do_lower_case = do_lower_case
        self.keep_accents = keep_accents
        self.model_max_length = model_max_length

        self.vocab_size = len(self.pieces)
        self._ids = {piece: i for i, piece in enumerate(self.pieces)}
        for token in SPECIAL_TOKENS:
            if token not in self._ids:
                raise ValueError(f"The SentencePiece model {model_file} has no piece {token!r}; an "
                                 f"ALBERT model has all of {', '.join(SPECIAL_TOKENS)}.")
        (self.pad_token_id, self.unk_token_id, self.cls_token_id, self.sep_token_id,
         self.mask_token_id) = (self._ids[token] for token in SPECIAL_TOKENS)

        self.special_ids = np.array(sorted(self._ids[token] for token in SPECIAL_TOKENS))
        self.ordinary_ids = np.setdiff1d(np.arange(self.vocab_size), self.special_ids)
        self.is_word_start = np.array([starts_word(piece) for piece in self.pieces])

        self._special_pattern = re.compile(f"({'|'.join(map(re.escape, SPECIAL_TOKENS))})")
        self._comma_pieces = {piece: self._split_comma(piece) for piece in self.pieces
                              if ends_in_number_comma(piece)}
        self._comma_ids = {self._ids[piece]: self.convert_tokens_to_ids(parts)
                           for piece, parts in self._comma_pieces.items()}

    @classmethod
    def from_folder(cls, folder):
        """Read ``spiece.model`` and, where there is one, ``tokenizer_config.json``.

        `model_max_length` is the number of positions of the model in the same folder.

        Parameters
        ----------
        folder : str or Path
            A folder written by `save`, or the published one of a pretrained ALBERT.

        Returns
        -------
        AlbertTokenizer

        Raises
        ------
        FileNotFoundError
            There is no such folder, or no model in it.
        ValueError
            One of the files is not what its name says.
        """
        model_file, settings = find_tokenizer(folder)
        return cls(model_file, **settings)

    @classmethod
    def from_pretrained(cls, name_or_folder):
        """The tokenizer of a published model, from a folder or, by its name, from the hub.

        Parameters
        ----------
        name_or_folder : str or Path
            As in `albert_np.models.loading.load_pretrained`.

        Returns
        -------
        AlbertTokenizer

        Raises
        ------
        FileNotFoundError, ValueError
            As `from_folder`.
        """
        from ..model_files.folders import find_folder

        return cls.from_folder(find_folder(name_or_folder, weights=False))

    def save(self, folder):
        """Write ``spiece.model`` and ``tokenizer_config.json`` into a folder.

        If the library tokenizers is installed, also ``tokenizer.json``. With it
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

    def files(self):
        """What `save` writes: a dict from names of files to bytes."""
        settings = {"tokenizer_class": "AlbertTokenizer", "do_lower_case": self.do_lower_case,
                    "keep_accents": self.keep_accents}
        files = {MODEL_NAME: self.model_bytes}
        if can_write():
            scored = [(piece, self._model.get_score(i)) for i, piece in enumerate(self.pieces)]
            special = {token: self._ids[token] for token in SPECIAL_TOKENS}
            files[JSON_NAME] = write_tokenizer_json(self.model_bytes, scored, special,
                                                    self.do_lower_case, self.keep_accents)
            # transformers' AlbertTokenizer would keep its own rules beside this file.
            settings |= {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": CLS,
                         "eos_token": SEP, "pad_token": PAD, "unk_token": UNK, "cls_token": CLS,
                         "sep_token": SEP, "mask_token": MASK,
                         "model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}
        return {**files, SETTINGS_NAME: json_file(settings)}

    # ------------------------------------------------------------------ text to pieces and ids

    def preprocess(self, text):
        """The text as SentencePiece will see it (str)."""
        return preprocess(text, self.do_lower_case, self.keep_accents)

    def preprocess_aligned(self, text):
        """`preprocess`, and for every character the (start, end) in `text` that it came from."""
        return preprocess_aligned(text, self.do_lower_case, self.keep_accents)

    def tokenize(self, text):
        """Cut a text into pieces.

        Special tokens that stand in the text are kept whole: they are split off before anything
        else happens, since SentencePiece itself never finds them in a text.

        Parameters
        ----------
        text : str

        Returns
        -------
        list of str
            A piece that is not in the vocabulary stands here as it is; its id is that of ``<unk>``.
        """
        pieces = []
        for part in self._special_pattern.split(check_text(text)):
            if part in SPECIAL_TOKENS:
                pieces.append(part)
            else:
                for piece in self._cut(self.preprocess(part)):
                    pieces += self._comma_pieces.get(piece, [piece])
        return pieces

    def _cut(self, text):
        """The library's pieces of a preprocessed text."""
        with in_one_sentence(self._model_file):
            return self._model.encode(text, out_type=str)

    def __len__(self):
        return self.vocab_size

    def encode(self, text, text_pair=None, *, add_special_tokens=True, max_length=None,
               truncation=None):
        """The ids that the model reads for a text or a pair (list of int).

        The arguments are those of a call. ``add_special_tokens=False`` gives the ids of the pieces
        of the text alone.
        """
        return self(check_text(text), text_pair, add_special_tokens=add_special_tokens,
                    max_length=max_length, truncation=truncation)["input_ids"].tolist()

    def encode_batch(self, texts, threads=-1):
        """The ids of the pieces of many texts, without special tokens.

        Many texts at once take much less time than one after another.

        Parameters
        ----------
        texts : list of str
        threads : int
            How many SentencePiece may use; -1 leaves that to it.

        Returns
        -------
        list of lists of int
        """
        # Each text is cut at its special tokens: text, special, text, special, ..., text.
        parts = [self._special_pattern.split(check_text(text)) for text in texts]
        encoded = iter(self._model.encode([self.preprocess(part) for pieces in parts
                                           for part in pieces[::2]], out_type=int,
                                          num_threads=threads))
        return [self._join(pieces, encoded) for pieces in parts]

    def _join(self, parts, encoded):
        ids = []
        for number, part in enumerate(parts):
            if number % 2:
                ids.append(self._ids[part])
            else:
                ids += next(encoded)
        if self._comma_ids.keys().isdisjoint(ids):
            return ids
        return [new for i in ids for new in self._comma_ids.get(i, (i,))]

    def tokenize_with_offsets(self, text):
        """Cut a text into pieces and say where in the text each one stands.

        Parameters
        ----------
        text : str

        Returns
        -------
        pieces : list of str, as from `tokenize`
        offsets : list of (int, int), one for every piece
            ``text[start:end]`` is what the piece was made from, without the space before it. It is
            empty for a piece that is nothing but that space.
        """
        pieces, offsets, position = [], [], 0
        for part in self._special_pattern.split(check_text(text)):
            if part in SPECIAL_TOKENS:
                pieces.append(part)
                offsets.append((position, position + len(part)))
            else:
                for piece, start, end in self._align(part):
                    pieces.append(piece)
                    offsets.append((position + start, position + end))
            position += len(part)
        return pieces, offsets

    def encode_with_offsets(self, text):
        """The ids of the pieces of `tokenize_with_offsets`, and their offsets.

        Returns
        -------
        ids : list of int
        offsets : list of (int, int)
        """
        pieces, offsets = self.tokenize_with_offsets(text)
        return self.convert_tokens_to_ids(pieces), offsets

    def _align(self, text):
        """Yield (piece, start, end) for a text without special tokens."""
        clean, starts, ends = preprocess_with_places(text, self.do_lower_case, self.keep_accents)
        with in_one_sentence(self._model_file):
            normalised, begins = self._model.normalize(clean, with_offsets=True)
        yield from align(self.tokenize(text), normalised, begins, starts, ends, len(text))

    def _split_comma(self, piece):
        """Cut a piece such as ``▁2010,`` into ``▁2010`` and ``,``.

        Otherwise a number before a comma would be another piece than the same number elsewhere.
        """
        parts = self._cut(piece[:-1].replace("▁", ""))
        if piece[0] != "▁" and parts[0][0] == "▁":
            parts = parts[1:] if parts[0] == "▁" else [parts[0][1:], *parts[1:]]
        return [*parts, ","]

    # ------------------------------------------------------------------ what the model reads

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
            No row is longer, counting the special tokens. None: whatever the text needs.
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
        dict
            input_ids, token_type_ids, attention_mask : int64 arrays (B, T), or (T,) for a single
            text without ``return_tensors="np"``
            offset_mapping : int64 array (..., T, 2)
                Where in its own text (A for type 0, B for type 1) each piece stands; (0, 0) at
                special tokens that were added and at padding.

        Raises
        ------
        ValueError
            An argument is not as described, or a row is too long for the truncation asked for.
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
            return {name: array[0] for name, array in result.items()}
        return result

    def _encode_all(self, texts, with_offsets):
        """A list of (ids, offsets); offsets are zeros unless asked for, None stays None."""
        if texts[0] is None:
            return [None] * len(texts)
        if with_offsets:
            return [self.encode_with_offsets(text) for text in texts]
        return [(ids, [(0, 0)] * len(ids)) for ids in self.encode_batch(texts)]

    # ------------------------------------------------------------------ ids to text

    def decode(self, ids, skip_special_tokens=True):
        """The text that a sequence of ids stands for.

        Parameters
        ----------
        ids : sequence of int or int array (T,)
            For the rows of a batch there is `batch_decode`.
        skip_special_tokens : bool
            True gives what the SentencePiece library gives: ``[CLS]``, ``[SEP]``, ``[MASK]`` and
            ``<pad>`` are left out, and where the text was unknown stands a double question mark
            with a space on each side. False names all five.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            An id is not in the vocabulary.
        """
        ids = [ids] if isinstance(ids, (int, np.integer)) else list(ids)
        if any(np.ndim(i) for i in ids):
            raise ValueError("decode takes the ids of one sequence; batch_decode takes many.")
        ids = [int(i) for i in ids]
        pieces = self.convert_ids_to_tokens(ids)
        if skip_special_tokens:
            return self._model.decode(ids)
        text = "".join(f" {piece} " if piece in SPECIAL_TOKENS else piece for piece in pieces)
        return " ".join(text.replace("▁", " ").split())

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


def starts_word(piece):
    """Whether a piece begins a word.

    It does after a space, and if it is a special token or a punctuation mark. English words go on
    with pieces of plain letters; anything else (digits, other scripts) counts as a word of its own.

    References
    ----------
    google-research/albert, create_pretraining_data.py, _is_start_piece_sp.
    """
    if piece.startswith(("▁", "<")) or piece in SPECIAL_TOKENS:
        return True
    if len(piece) == 1 and piece in string.punctuation:
        return True
    return not set(piece.lower()) <= set(string.ascii_lowercase + string.punctuation)
