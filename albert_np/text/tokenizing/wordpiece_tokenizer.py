"""BERT's tokenizer, WordPiece, which most Chinese ALBERTs have: by the library tokenizers."""

import re

from ...files import read_bytes
from ...files.json_objects import json_file
from ...model_files.file_names import TOKENIZER_NAMES, VOCABULARY_NAMES
from ..scripts import WIDE
from .arguments import check_text
from .tokenizer_calls import TokenizerCalls

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_SPACE_IN_CHINESE = re.compile(f"(?<=[{WIDE}]) | (?=[{WIDE}])")


class WordPieceTokenizer(TokenizerCalls):
    """BERT's tokenizer: each Chinese character is a word, and words are cut into known pieces.

    A piece that goes on a word begins with ``##``. A word that cannot be cut into pieces of the
    vocabulary is ``[UNK]`` as a whole.

    Parameters
    ----------
    model_file : str or Path
        A ``vocab.txt``: a piece on each line, whose number, from 0, is its id.
    do_lower_case : bool
    strip_accents : bool, optional
        Drop accents. None: as `do_lower_case` says.
    tokenize_chinese_chars : bool
        It must be True.
    model_max_length : int, optional
        The number of tokens that the model reads at most, for ``truncation=True``.

    Attributes
    ----------
    model_bytes : bytes
        The vocabulary, as it stands in its file.
    keep_accents : bool
        Whether accents are kept.
    others
        As of :class:`~albert_np.text.tokenizer.AlbertTokenizer`.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is not UTF-8 or lacks a special token, or the library is not installed.

    References
    ----------
    google-research/bert, tokenization.py; Wu et al. 2016, section 4.1.
    """

    pad_token, unk_token, cls_token, sep_token, mask_token = SPECIAL_TOKENS

    def __init__(self, model_file, do_lower_case=True, strip_accents=None,
                 tokenize_chinese_chars=True, model_max_length=None):
        if not tokenize_chinese_chars:
            raise ValueError(f"The tokenizer of {model_file} does not read Chinese character by "
                             f"character (tokenize_chinese_chars is false); only such that do are "
                             f"known here.")
        self.model_bytes, self.do_lower_case = read_bytes(model_file), do_lower_case
        self.keep_accents = not (do_lower_case if strip_accents is None else strip_accents)
        self.model_max_length = model_max_length
        self.settle_ids(_pieces(self.model_bytes, model_file), SPECIAL_TOKENS,
                        f"The vocabulary {model_file}", lambda piece: not piece.startswith("##"))
        self._library = _make(self._ids, do_lower_case, not self.keep_accents)

    def files(self, **more):
        """What `save` writes: a dict from names of files to bytes.

        `more` are further fields of ``tokenizer_config.json``, such as model_max_length.
        """
        settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": self.do_lower_case,
                    "strip_accents": not self.keep_accents, "tokenize_chinese_chars": True,
                    **more}
        return {VOCABULARY_NAMES[0]: self.model_bytes, TOKENIZER_NAMES[1]: json_file(settings)}

    def tokenize(self, text):
        """Cut a text into pieces (list of str); what is unknown is ``[UNK]``."""
        return self._library.encode(check_text(text), add_special_tokens=False).tokens

    def encode_batch(self, texts, threads=-1):
        """The ids of the pieces of many texts, without special tokens.

        Parameters
        ----------
        texts : list of str
        threads : int
            1: only this one; otherwise as many as the library likes.

        Returns
        -------
        list of lists of int
        """
        texts = [check_text(text) for text in texts]
        if threads == 1:
            return [self._library.encode(text, add_special_tokens=False).ids for text in texts]
        return [found.ids for found in self._library.encode_batch(texts, add_special_tokens=False)]

    def tokenize_with_offsets(self, text):
        """Cut a text into pieces and say where in the text each one stands.

        Parameters
        ----------
        text : str

        Returns
        -------
        pieces : list of str
        offsets : list of (int, int), one for every piece
            ``text[start:end]`` is what the piece was made from.
        """
        found = self._library.encode(check_text(text), add_special_tokens=False)
        return found.tokens, found.offsets

    def decode(self, ids, skip_special_tokens=True):
        """The text that a sequence of ids stands for, without spaces beside Chinese characters.

        Parameters
        ----------
        ids : sequence of int or int array (T,)
        skip_special_tokens : bool
            Leave out the five special tokens.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            An id is not in the vocabulary.
        """
        ids = self.one_sequence(ids)
        return _SPACE_IN_CHINESE.sub("", self._library.decode(ids, skip_special_tokens))


def _pieces(data, path):
    """The lines of a vocab.txt."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no vocabulary of WordPiece: byte {error.start} is not UTF-8."
                         ) from None
    lines = text.split("\n")
    return [line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1])]


def _make(ids, lower, strip):
    try:
        from tokenizers import (AddedToken, Tokenizer, decoders, models, normalizers,
                                pre_tokenizers)
    except ImportError:
        raise ValueError("this model reads the pieces of a vocab.txt, for which the library "
                         "tokenizers is needed; install it with pip install tokenizers") from None
    library = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    library.normalizer = normalizers.BertNormalizer(strip_accents=strip, lowercase=lower)
    library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    library.decoder = decoders.WordPiece()
    library.add_special_tokens([AddedToken(token, special=True, normalized=False)
                                for token in SPECIAL_TOKENS])
    return library
