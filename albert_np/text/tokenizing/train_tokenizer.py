"""Train a vocabulary of one's own with ALBERT's settings."""

import io
import re

from ...files import write_whole
from .preprocessing import preprocess

# Their order fixes the ids: <pad> 0, <unk> 1, then 2 to 4, then 5 to 12.
CONTROL_SYMBOLS = ("[CLS]", "[SEP]", "[MASK]")
USER_DEFINED_SYMBOLS = ("(", ")", '"', "-", ".", "–", "£", "€")
RESERVED = 2 + len(CONTROL_SYMBOLS) + len(USER_DEFINED_SYMBOLS)


class VocabularyTooLarge(ValueError):
    """The text is too small for so many pieces.

    Attributes
    ----------
    largest : int
        So many would fit.
    """

    def __init__(self, sentence, largest):
        super().__init__(sentence)
        self.largest = largest


def train_tokenizer(sentences, vocab_size, model_file=None, do_lower_case=True,
                    keep_accents=False):
    """Train a SentencePiece unigram model as ALBERT's was trained.

    The same sentences in the same order give the same model: nothing is drawn at random. (The
    original shuffles in order to sample ten million sentences of a larger corpus; here every
    sentence is used, and then the order does not matter to what is learnt.)

    Parameters
    ----------
    sentences : iterable of str
        Preprocessed here, exactly as the tokenizer will do it.
    vocab_size : int
        The number of pieces, including the 13 with fixed ids.
    model_file : str or Path, optional
        Where to write the model.
    do_lower_case, keep_accents : bool
        Give the tokenizer the same values.

    Returns
    -------
    bytes
        The model, as it stands in the file.

    Raises
    ------
    ValueError
        There is no text, or the vocabulary is too large (`VocabularyTooLarge`) or too small for
        it.

    References
    ----------
    google-research/albert, README, "Sentence piece model"; Kudo 2018.
    """
    import sentencepiece

    if isinstance(vocab_size, bool) or not isinstance(vocab_size, int) or vocab_size <= RESERVED:
        raise ValueError(f"vocab_size must be an integer above {RESERVED}, the number of pieces "
                         f"with fixed ids, not {vocab_size!r}.")
    if isinstance(sentences, str):
        raise ValueError("sentences must be a list of str; this is one str.")
    cleaned = [preprocess(sentence, do_lower_case, keep_accents) for sentence in sentences]
    cleaned = [sentence for sentence in cleaned if sentence]
    if not cleaned:
        raise ValueError("There is no text to train a tokenizer on: every sentence is empty.")

    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(cleaned),
            model_writer=model,
            model_type="unigram",
            vocab_size=vocab_size,
            pad_id=0, unk_id=1, bos_id=-1, eos_id=-1,
            control_symbols=list(CONTROL_SYMBOLS),
            user_defined_symbols=list(USER_DEFINED_SYMBOLS),
            character_coverage=0.99995,
            shuffle_input_sentence=False,
            # SentencePiece silently leaves out sentences longer than this many bytes.
            max_sentence_length=max(10, *(len(sentence.encode()) + 1 for sentence in cleaned)),
            num_threads=4,              # a fixed number: sums over threads depend on it
            minloglevel=2,              # only errors, and those arrive as exceptions
        )
    except RuntimeError as error:
        raise _explained(str(error), vocab_size, len(cleaned)) from error
    if model_file is not None:
        write_whole(model_file, model.getvalue())
    return model.getvalue()


def _explained(message, vocab_size, count):
    """The error with one sentence for the two things that go wrong, from SentencePiece's own."""
    largest = re.search(r"value <= (\d+)", message)
    if largest:
        return VocabularyTooLarge(f"vocab_size {vocab_size} is too large for these {count} "
                                  f"sentences; the largest that fits is {largest[1]}.",
                                  int(largest[1]))
    smallest = re.search(r"smaller than required_chars\. \d+ vs (\d+)", message)
    if smallest:
        return ValueError(f"vocab_size {vocab_size} is too small for the characters of these "
                          f"{count} sentences; it must be larger than {smallest[1]}.")
    return ValueError(f"SentencePiece could not train on these {count} sentences: {message}")
