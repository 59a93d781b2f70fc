"""What the tokenizer loses of the texts of a task, counted and said."""

from collections import Counter

LARGE_SHARE = 0.1          # of <unk>, from which on it is said
FIELDS = {"text": "texts", "text_pair": "second texts", "context": "contexts",
          "question": "questions", "choices": "choices", "source": "sources",
          "targets": "targets", "words": "words"}


class TextNotes:
    """Count what is lost of rows; the rows may come in portions.

    Parameters
    ----------
    tokenizer : AlbertTokenizer or WordPieceTokenizer
    settings : Settings
    """

    def __init__(self, tokenizer, settings):
        self.tokenizer, self.settings = tokenizer, settings
        self.pieces, self.unknown, self.questions, self.cut = Counter(), Counter(), 0, 0

    def add(self, rows):
        """Count the pieces of some rows, and the questions that are cut."""
        for field in FIELDS:
            values = [value for row in rows if (value := getattr(row, field, None))]
            texts = [text for value in values for text in ([value] if isinstance(value, str) else
                                                           [text for text in value if text])]
            encoded = self.tokenizer.encode_batch(texts)
            self.pieces[field] += sum(map(len, encoded))
            self.unknown[field] += sum(ids.count(self.tokenizer.unk_token_id) for ids in encoded)
            if field == "question" and self.settings.task == "questions":
                self.questions += len(encoded)
                self.cut += sum(len(ids) > self.settings.max_query_length for ids in encoded)

    def sentences(self):
        """What there is to say: a list of sentences."""
        said = []
        share, field = max((self.unknown[field] / max(self.pieces[field], 1), field)
                           for field in FIELDS)
        if share > LARGE_SHARE:
            said.append(f"{share:.0%} of the pieces of the {FIELDS[field]} are <unk>: the "
                        f"tokenizer does not know their characters, so the model cannot tell them "
                        f"apart")
        if self.cut:
            said.append(f"{self.cut:,} of {self.questions:,} questions were cut at the "
                        f"{self.settings.max_query_length} pieces of --max-query-length")
        return said
