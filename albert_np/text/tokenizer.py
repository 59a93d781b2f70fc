"""From text to the numbers that ALBERT reads, and back."""

import re
import string
from pathlib import Path

from ..files import read_bytes
from ..files.json_objects import json_file
from .tokenizing.arguments import check_text
from .tokenizing.offsets import align
from .tokenizing.preprocessing import preprocess, preprocess_aligned, preprocess_with_places
from .tokenizing.sentencepiece_file import in_one_sentence, load_sentencepiece
from .tokenizing.tokenizer_calls import TokenizerCalls
from .tokenizing.tokenizer_folder import MODEL_NAME, SETTINGS_NAME, find_tokenizer
from .tokenizing.tokenizer_json import FILE_NAME as JSON_NAME
from .tokenizing.tokenizer_json import can_write, ends_in_number_comma, write_tokenizer_json
from .tokenizing.wordpiece_tokenizer import WordPieceTokenizer

PAD, UNK, CLS, SEP, MASK = SPECIAL_TOKENS = ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")


class AlbertTokenizer(TokenizerCalls):
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
        self._model, pieces = load_sentencepiece(self.model_bytes, model_file)
        self.do_lower_case = do_lower_case
        self.keep_accents = keep_accents
        self.model_max_length = model_max_length

        self.settle_ids(pieces, SPECIAL_TOKENS, f"The SentencePiece model {model_file}",
                        starts_word)
        self._special_pattern = re.compile(f"({'|'.join(map(re.escape, SPECIAL_TOKENS))})")
        self._comma_pieces = {piece: self._split_comma(piece) for piece in self.pieces
                              if ends_in_number_comma(piece)}
        self._comma_ids = {self._ids[piece]: self.convert_tokens_to_ids(parts)
                           for piece, parts in self._comma_pieces.items()}

    @classmethod
    def from_folder(cls, folder):
        """Read ``spiece.model`` and, where there is one, ``tokenizer_config.json``.

        A folder with BERT's ``vocab.txt`` instead, such as that of most Chinese ALBERTs, gives a
        `WordPieceTokenizer`, which has the same calls. `model_max_length` is the number of
        positions of the model in the same folder.

        Parameters
        ----------
        folder : str or Path
            A folder written by `save`, or the published one of a pretrained ALBERT.

        Returns
        -------
        AlbertTokenizer or WordPieceTokenizer

        Raises
        ------
        FileNotFoundError
            There is no such folder, or no model in it.
        ValueError
            One of the files is not what its name says.
        """
        model_file, settings = find_tokenizer(folder)
        return (WordPieceTokenizer if model_file.suffix == ".txt" else cls)(model_file, **settings)

    @classmethod
    def from_pretrained(cls, name_or_folder):
        """The tokenizer of a published model, from a folder or, by its name, from the hub.

        Parameters
        ----------
        name_or_folder : str or Path
            As in `albert_np.models.loading.load_pretrained`.

        Returns
        -------
        AlbertTokenizer or WordPieceTokenizer

        Raises
        ------
        FileNotFoundError, ValueError
            As `from_folder`.
        """
        from ..model_files.folders import find_folder

        return cls.from_folder(find_folder(name_or_folder, weights=False))

    def files(self, **more):
        """What `save` writes: a dict from names of files to bytes.

        `more` are further fields of ``tokenizer_config.json``, such as model_max_length.
        """
        settings = {"tokenizer_class": "AlbertTokenizer", "do_lower_case": self.do_lower_case,
                    "keep_accents": self.keep_accents, **more}
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
        ids = self.one_sequence(ids)
        if skip_special_tokens:
            return self._model.decode(ids)
        text = "".join(f" {piece} " if piece in SPECIAL_TOKENS else piece
                       for piece in self.convert_ids_to_tokens(ids))
        return " ".join(text.replace("▁", " ").split())


def read_tokenizer(path):
    """A tokenizer from a SentencePiece model, from a vocab.txt, or from a folder with one.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    AlbertTokenizer or WordPieceTokenizer

    Raises
    ------
    FileNotFoundError, ValueError
        As `AlbertTokenizer.from_folder`.
    """
    if Path(path).is_dir():
        return AlbertTokenizer.from_folder(path)
    return (WordPieceTokenizer if Path(path).suffix == ".txt" else AlbertTokenizer)(path)


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
