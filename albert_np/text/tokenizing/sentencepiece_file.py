"""Reading a SentencePiece model; whatever is wrong with it becomes one sentence.

The library checks the whole model when it loads it (from version 0.2.2 on; before, a damaged one
could end the interpreter). It does not look at the texts to which its normalisation table leads:
those that are not UTF-8 show only when a text of the user leads there. So :func:`in_one_sentence`
also surrounds the calls that cut a text.
"""

import contextlib
import re


def load_sentencepiece(data, model_file):
    """The model in the bytes of a file.

    Parameters
    ----------
    data : bytes
    model_file : str or Path
        What the sentences call the file.

    Returns
    -------
    sentencepiece.SentencePieceProcessor
    pieces : list of str

    Raises
    ------
    ValueError
        This is no SentencePiece model, or a damaged one.
    """
    import sentencepiece

    with in_one_sentence(model_file):
        if not data:                                # of which the library says nothing
            raise RuntimeError("INTERNAL: it is empty.")
        model = sentencepiece.SentencePieceProcessor(model_proto=data)
        return model, [model.id_to_piece(i) for i in range(model.get_piece_size())]


@contextlib.contextmanager
def in_one_sentence(model_file):
    """Turn what the library raises for a damaged model into a ValueError that names the file."""
    try:
        yield
    except UnicodeDecodeError:
        raise ValueError(f"{model_file} is not a SentencePiece model, or a damaged one: some of "
                         f"its text is not UTF-8.") from None
    except (RuntimeError, MemoryError, OverflowError) as error:
        # "INTERNAL: piece must not be empty.", or a place in the source code of the library.
        reason = re.sub(r"^\w+: (src/.*)?", "", str(error)).rstrip(". ")
        raise ValueError(f"{model_file} is not a SentencePiece model, or a damaged one"
                         f"{reason and ': '}{reason}.") from error
