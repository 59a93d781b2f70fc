"""How much of what a pretraining run guesses could counting guess too?

    python benchmarks/baselines.py runs/pretrain
    python benchmarks/baselines.py runs/pretrain --text wiki.valid.txt.gz novel.txt

counts single pieces, pairs and triples in the training text of a finished run of ``albert-np
pretrain``, and prints the loss and accuracy of guessing by these counts at the masked positions of
the run's held-out text, beside the model's. With ``--text``, the model and the counts are asked
about other texts that neither has seen. Counting is shown the true pieces before each gap, where
the model sees [MASK] if they are masked too; on the other hand the model sees what follows.

WikiText (a line `` = Title = `` begins a document) is recognised, and its tokenisation undone.
"""

import argparse
import gzip
import json
import re
from pathlib import Path

import numpy as np

from albert_np.files import read_bytes, read_text
from albert_np.functional import IGNORED
from albert_np.inference import load_model
from albert_np.pretraining import BigramModel, evaluate, held_out_batches
from albert_np.pretraining.options import read_run_options
from albert_np.pretraining.run_data import open_run_data
from albert_np.text import read_corpus, split_sentences
from albert_np.text.batches import tokenize_documents
from albert_np.text.corpus.blocks import corpus_files
from albert_np.text.corpus.tokenized_documents import TokenizedDocuments


class TrigramModel:
    r"""Guess a piece from the two before it, mixed with the bigram model where triples are rare.

    .. math::

       P(w \mid t, u) = \frac{c(t, u, w) + n(t, u)\, P(w \mid u)}{c(t, u) + n(t, u)}

    with the counts c of triples and of pairs that anything follows, and n(t, u) different followers
    (interpolation by Witten and Bell 1991, as in the bigram model).

    Parameters
    ----------
    input_ids : integer array (N, T)
        Training text, not masked.
    tokenizer : AlbertTokenizer
    """

    def __init__(self, input_ids, tokenizer):
        self.bigram = BigramModel(input_ids, tokenizer)
        self.V = V = tokenizer.vocab_size
        t, u, w = (input_ids[:, i:i + input_ids.shape[1] - 2].astype(np.int64) for i in range(3))
        ordinary = np.isin(w, tokenizer.ordinary_ids)
        # As with pairs, only the triples that occur are kept, sorted.
        self.triples, self.counts = np.unique(((t * V + u) * V + w)[ordinary], return_counts=True)
        self.contexts, begins = np.unique(self.triples // V, return_index=True)
        self.totals = np.add.reduceat(self.counts, begins)                       # c(t, u)
        self.followers = np.diff(np.r_[begins, len(self.triples)])               # n(t, u)
        # For each context its likeliest follower among those seen.
        p = self.probability(self.triples // V, self.triples % V)
        order = np.lexsort((p, self.triples // V))
        self.best_seen = self.triples[order][begins + self.followers - 1] % V

    def _place(self, contexts):
        """Where the contexts stand in the table, and whether they do."""
        place = np.minimum(np.searchsorted(self.contexts, contexts), len(self.contexts) - 1)
        return place, self.contexts[place] == contexts

    def probability(self, contexts, pieces):
        """P(piece | context), where a context is t V + u."""
        prior = self.bigram.predict(contexts % self.V)[0](pieces)
        place, seen = self._place(contexts)
        wanted = contexts * self.V + pieces
        triple = np.minimum(np.searchsorted(self.triples, wanted), len(self.triples) - 1)
        counts = np.where(self.triples[triple] == wanted, self.counts[triple], 0)
        total, different = self.totals[place], self.followers[place]
        return np.where(seen, (counts + different * prior) / (total + different), prior)

    def best(self, contexts):
        """The likeliest piece of each context: the best one seen there, or the bigram's."""
        place, seen = self._place(contexts)
        bigram = self.bigram.predict(contexts % self.V)[1]
        candidate = np.where(seen, self.best_seen[place], bigram)
        likelier = self.probability(contexts, candidate) > self.probability(contexts, bigram)
        return np.where(likelier, candidate, bigram)


def gaps(batches, pad):
    """The pieces two before, one before, and in each gap. The first piece has nothing two before.

    Returns
    -------
    t, u, w : int arrays (M,)
    """
    parts = []
    for batch in batches:
        labels = batch["labels"]
        text = np.where(labels != IGNORED, labels, batch["input_ids"])
        text = np.pad(text, ((0, 0), (1, 0)), constant_values=pad)       # <pad>: never a context
        rows, columns = np.nonzero(labels != IGNORED)                    # never column 0, [CLS]
        parts.append(np.stack([text[rows, columns - 1], text[rows, columns],
                               text[rows, columns + 1]]))
    return np.concatenate(parts, axis=1).astype(np.int64)


def counting(trigram, batches, pad):
    """Loss and accuracy of the three ways to count."""
    t, u, w = gaps(batches, pad)
    contexts = t * trigram.V + u
    figures = {}
    for name, model in (("unigram", trigram.bigram.unigram), ("bigram", trigram.bigram)):
        probability, best = model.predict(u)
        figures[name] = probability(w), best
    figures["trigram"] = trigram.probability(contexts, w), trigram.best(contexts)
    return {name: {"mlm_loss": float(-np.log(p).mean()), "mlm_accuracy": float((best == w).mean())}
            for name, (p, best) in figures.items()}


# ---- other texts ---------------------------------------------------------------------------------

TITLE = re.compile(r"^ = [^=].*[^=] = $", re.MULTILINE)
HEADING = re.compile(r"^ = .* = $")
UNKNOWN = "\N{SNOWMAN}"           # a character that no vocabulary has becomes the piece <unk>


def wikitext_documents(text):
    """The articles of a WikiText file as they read before they were tokenised."""
    documents = []
    for line in text.split("\n"):
        if TITLE.match(line):
            documents.append([])
        elif line.strip() and not HEADING.match(line) and documents:
            documents[-1] += split_sentences(untokenise(line))
    return [document for document in documents if document]


def untokenise(line):
    """Undo the tokenisation of WikiText; what became ``<unk>`` stays unknown."""
    line = re.sub(r" @([-,.])@ ", r"\1", line.replace("<unk>", UNKNOWN))
    line = re.sub(r'(?:^|(?<= ))" (.*?) "(?= |$)', r'"\1"', line)        # quotes go by pairs
    line = re.sub(r" ([,.;:!?%)\]]|\.\.\.)(?= |$)", r"\1", line)
    line = re.sub(r"([(\[$£])(?: |$)", r"\1", line)
    line = re.sub(r" ('(?:s|t|m|d|re|ve|ll))\b", r"\1", line)
    line = re.sub(r'" ?([,.;:!?)])', r'"\1', line)
    return " ".join(line.split())


def read_documents(path):
    """Documents of a file or of a folder, WikiText or any other text."""
    documents = []
    for file in corpus_files(path):
        text = ""
        if file.name.endswith(".txt"):
            text = read_text(file)
        elif file.name.endswith(".txt.gz"):
            text = gzip.decompress(read_bytes(file)).decode("utf-8")
        documents += wikitext_documents(text) if TITLE.search(text) else read_corpus(file)
    return documents


# ---- the table -----------------------------------------------------------------------------------

def show(heading, model, figures, counted):
    print(f"\n{heading}\n{'':20s} MLM loss   accuracy   SOP accuracy")
    print(f"  {'guessing blindly':18s} {np.log(model.config.vocab_size):8.3f}")
    for name, row in {**counted, "this ALBERT": figures}.items():
        sop = row.get("sop_accuracy")
        print(f"  {name:18s} {row['mlm_loss']:8.3f}   {row['mlm_accuracy']:8.1%}"
              + ("" if sop is None else f"   {sop:12.1%}"))


def amount(batches):
    masked = sum(int((batch["labels"] != IGNORED).sum()) for batch in batches)
    asked = sum(int((batch["sentence_order_label"] != IGNORED).sum()) for batch in batches)
    return f"{masked:,} masked pieces, {asked:,} pairs asked for their order"


def open_run(folder):
    """The data, the model and the results of a finished run; its text must be what it was."""
    folder = Path(folder)
    if not (folder / "results.json").exists():
        raise ValueError(f"{folder} is not the folder of a finished run: it has no results.json")
    results = json.loads(read_text(folder / "results.json"))
    data, _ = open_run_data(folder, read_run_options(folder), resuming=True,
                            say=lambda *words: None)
    return data, load_model(folder), results


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN", help="the folder of a finished run")
    parser.add_argument("--text", nargs="+", default=[], metavar="FILE_OR_FOLDER",
                        help="evaluate on these texts too")
    options = parser.parse_args()
    try:
        data, model, results = open_run(options.run)
        others = {path: read_documents(path) for path in options.text}
    except (ValueError, OSError) as error:
        parser.error(str(error))
    pad = data.tokenizer.pad_token_id
    trigram = TrigramModel(data.training_text(), data.tokenizer)
    counted = counting(trigram, data.held_out, pad)
    for name, was in results["baselines"].items():
        if not np.isclose(was["mlm_loss"], counted[name]["mlm_loss"], rtol=1e-6):
            parser.error(f"the text is not the one that the run was trained on: the loss of the "
                         f"{name} model is {counted[name]['mlm_loss']:.4f}, where the run had "
                         f"{was['mlm_loss']:.4f}")
    show(f"the run's held-out text: {amount(data.held_out)}", model, results["held_out"], counted)
    for path, documents in others.items():
        tokenized = TokenizedDocuments.from_lists(tokenize_documents(documents, data.tokenizer))
        unknown = float((tokenized.pieces == data.tokenizer.unk_token_id).mean())
        batches = held_out_batches([tokenized], data.tokenizer, data.options, data.batch_size,
                                   data.seed, results["options"]["held_out_sequences"])
        show(f"{path}: {len(documents):,} documents, {tokenized.num_sentences:,} sentences, "
             f"{unknown:.1%} of the pieces unknown; {amount(batches)}",
             model, evaluate(model, batches), counting(trigram, batches, pad))


if __name__ == "__main__":
    main()
