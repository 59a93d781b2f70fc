r"""``tokenizer.json``: the same tokenizer for transformers, written by the library tokenizers.

transformers' own AlbertTokenizer cuts ``spiece.model`` by other rules than the original code
(docs/differences.md lists them). A ``tokenizer.json`` says which rules apply, so that
``AutoTokenizer.from_pretrained(folder)`` gives the ids that are computed here. Three things cannot
be said in it:

* The digit-comma rule cuts pieces such as ``▁2010,`` *after* SentencePiece has chosen them. The
  file makes these pieces so unlikely that they are never chosen. The result is the same unless
  another piece, such as ``1,4``, then wins across the comma.
* SentencePiece adds scores as float32, and rounding may decide between two ways to cut a text that
  score the same (``!!!!``). The library adds them as float64.
* The library has a Unicode table of its own. Some characters that are newer than this table are not
  taken apart.
"""

import importlib.util
import unicodedata
from functools import lru_cache

from ...model_files.protobuf import read_fields

FILE_NAME = "tokenizer.json"
MISSING = (f"{FILE_NAME} is not written, so transformers will cut some texts differently; "
           f"pip install tokenizers provides the library that writes it")
NEVER = -100                   # added to the score, a log-probability, of a piece to avoid


def can_write():
    """Whether the library tokenizers is there."""
    return importlib.util.find_spec("tokenizers") is not None


def write_tokenizer_json(model_bytes, pieces, special_tokens, do_lower_case, keep_accents):
    """The file ``tokenizer.json`` for a SentencePiece unigram model.

    Parameters
    ----------
    model_bytes : bytes
        The SentencePiece model.
    pieces : list of V (str, float)
        The pieces and their scores.
    special_tokens : dict of str to int
        The five special tokens and their ids.
    do_lower_case, keep_accents : bool
        As for the tokenizer.

    Returns
    -------
    bytes
    """
    from tokenizers import (AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers,
                            processors)

    tokenizer = Tokenizer(models.Unigram([(piece, score + NEVER * ends_in_number_comma(piece))
                                          for piece, score in pieces], special_tokens["<unk>"]))
    tokenizer.normalizer = normalizers.Sequence(
        _cleaning(normalizers, do_lower_case, keep_accents, _character_map(model_bytes)))
    # Words without the spaces around them, each with the sign for the space before it.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True)
                                  for token in special_tokens])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, special_tokens[token]) for token in ("[CLS]", "[SEP]")])
    return tokenizer.to_str().encode()


def ends_in_number_comma(piece):
    """Whether the digit-comma rule cuts a piece: ``▁2010,`` but not ``,``."""
    return len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()


def _cleaning(normalizers, do_lower_case, keep_accents, character_map):
    """The four steps of `preprocess`, then SentencePiece's own table of characters."""
    from tokenizers import Regex

    steps = [normalizers.Replace(Regex(_class_of("isspace") + "+"), " "),
             normalizers.Replace("``", '"'), normalizers.Replace("''", '"')]
    if not keep_accents:
        # StripAccents of the library would drop the vowel signs of Indian scripts too.
        steps += [normalizers.NFKD(), normalizers.Replace(Regex(_class_of("combining")), "")]
    if do_lower_case:
        # Lowercase looks at one character at a time; Python's lower() knows Σ at the end of a word.
        letter = r"[\p{Lu}\p{Ll}\p{Lt}]"
        steps += [normalizers.Replace(Regex(rf"(?<={letter})Σ(?!{letter})"), "ς"),
                  normalizers.Lowercase()]
    # The library looks up one character at a time, SentencePiece all that belong together, such as
    # the parts of a Korean syllable. NFC joins these.
    steps.append(normalizers.NFC())
    return [*steps, normalizers.Precompiled(character_map)] if character_map else steps


@lru_cache
def _class_of(kind):
    """A regular expression for one white-space or combining character, as Python knows them."""
    belongs = {"isspace": str.isspace, "combining": unicodedata.combining}[kind]
    ranges = []
    for code in range(0x20000):                      # none of either kind lies above
        if belongs(chr(code)):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "[" + "".join(rf"\x{{{first:x}}}-\x{{{last:x}}}" for first, last in ranges) + "]"


def _character_map(model_bytes):
    """Field 2 of field 3 of a SentencePiece model: how it normalises characters (bytes)."""
    normalizer = dict(read_fields(model_bytes)).get(3, b"")
    return dict(read_fields(normalizer)).get(2, b"")
