"""What the tokenizer loses of the texts of a task, counted and said."""

from .data import texts_of

LARGE_SHARE = 0.1          # of <unk>, from which on it is said


class TextNotes:
    """Count what is lost of rows; the rows may come in portions.

    Parameters
    ----------
    tokenizer : AlbertTokenizer or WordPieceTokenizer
    settings : Settings
    """

    def __init__(self, tokenizer, settings):
        self.tokenizer, self.settings = tokenizer, settings
        self.pieces = self.unknown = self.questions = self.cut = 0

    def add(self, rows):
        """Count the pieces of some rows, and the questions that are cut."""
        for ids in self.tokenizer.encode_batch(texts_of(rows)):
            self.pieces += len(ids)
            self.unknown += ids.count(self.tokenizer.unk_token_id)
        if self.settings.task == "questions":
            self.questions += len(rows)
            self.cut += sum(len(ids) > self.settings.max_query_length for ids in
                            self.tokenizer.encode_batch([row.question for row in rows]))

    def sentences(self):
        """What there is to say: a list of sentences."""
        said = []
        if self.unknown > LARGE_SHARE * self.pieces:
            said.append(f"{self.unknown / self.pieces:.0%} of the pieces of these texts are <unk>: "
                        f"the tokenizer does not know their characters, so the model cannot tell "
                        f"them apart")
        if self.cut:
            said.append(f"{self.cut:,} of {self.questions:,} questions were cut at the "
                        f"{self.settings.max_query_length} pieces of --max-query-length")
        return said
