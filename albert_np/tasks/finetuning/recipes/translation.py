"""Translation with an encoder alone: the target is predicted piece by piece under a prefix mask."""

import unicodedata
from collections import Counter, defaultdict
from dataclasses import replace

from ....inference.translation import beam_search, translation_batch
from ....models import AlbertForMaskedLM as MODEL
from ....models.inputs import labelled_positions
from ....text.tokenizing.preprocessing import preprocess
from ... import baselines as without_network
from ... import metrics
from ...datasets import Pair, fetch_english_chinese, read_parallel
from ...datasets.features import check_pieces, join_pieces
from .reading import text_fields

METRIC = "chrf"
LEFT_OUT = ("the target has more pieces than --max-target-length, or source and target together "
            "have more than --max-length allows, or the target has none")
DATASETS = {"english-chinese": fetch_english_chinese}


def read(path, columns):
    """Tab-separated lines: a sentence and its translation, perhaps further columns."""
    if columns:
        raise ValueError("translations are read as source TAB target; remove --columns")
    return read_parallel(path)


def parse(fields):
    """A row to predict: a line, or a JSON object with ``source``."""
    return Pair(*text_fields(fields, ("source",)), ("",))


def labels_of(rows):
    """Translations have no labels."""
    return ()


def configuration(labels):
    """The fields of the configuration that the task settles, as a dict."""
    return {}


def settings_of(splits, settings):
    """Settings that follow from the rows: how the target language is spelt."""
    return replace(settings, spelling=spelling_of(row.targets[0] for row in splits.train))


def features(tokenizer, rows, labels, settings):
    """Pieces of source and target. Pairs that are too long are left out of training.

    Without a source (""), the model learns to write the target alone, as a language model.
    """
    sources = tokenizer.encode_batch([row.source for row in rows])
    targets = tokenizer.encode_batch([row.targets[0] for row in rows])
    for row, source in zip(rows, sources):
        if row.source:
            check_pieces(row.source, source)
    return [[{**join_pieces(tokenizer, source, target), "source": source, "target": target}]
            if len(source) + len(target) + 3 <= settings.max_length
            and 0 < len(target) <= settings.max_target_length else []
            for source, target in zip(sources, targets)]


def collate(config, examples, length=None):
    """Examples as the keyword arguments of the forward pass, padded to a length."""
    batch = translation_batch([example["source"] for example in examples],
                              [example["target"] for example in examples], config)
    return {**batch, "positions": labelled_positions(batch["labels"])}


def predict(model, tokenizer, rows, settings, pool=None):
    """For each row ``{"translation", "log_probability"}``, found by beam search."""
    if settings.max_length < 5:
        raise ValueError(f"max_length is {settings.max_length}; it must be at least 5: three "
                         f"special tokens, a piece of the source and one of the target")
    longest = min(settings.max_length // 2, settings.max_length - 4)
    sources = [pieces[:longest] for pieces in
               tokenizer.encode_batch([row.source for row in rows])]
    for row, pieces in zip(rows, sources):
        check_pieces(row.source, pieces)
    order = sorted(range(len(rows)), key=lambda i: -len(sources[i]))
    groups = [order[first:first + 32] for first in range(0, len(order), 32)]
    forbidden = (tokenizer.mask_token_id, tokenizer.unk_token_id)

    def run(group):
        return beam_search(model, [sources[i] for i in group], settings.beams,
                           settings.max_target_length, forbidden,
                           max_length=settings.max_length - 1)          # [SEP] of the target

    predictions = [None] * len(rows)
    for group, found in zip(groups, (map if pool is None else pool.map)(run, groups)):
        for i, (best, *_) in zip(group, found):
            text = tokenizer.decode(best.pieces)
            predictions[i] = {"translation": _spell(text, settings.spelling),
                              "log_probability": best.log_probability}
    return predictions


def spelling_of(targets):
    """How characters that the tokenizer simplifies are written in these texts.

    ALBERT's preprocessing replaces characters by simpler ones of the same meaning (the wide comma
    of Chinese by the comma of English). For each simple character this says as what it stood there
    most often, where that is something else and the texts are not in an alphabet of capitals and
    small letters.

    Parameters
    ----------
    targets : iterable of str

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> spelling_of(["你好，Tom。", "好，好！"])
    {',': '，', '!': '！'}
    """
    written = defaultdict(Counter)
    for target in targets:
        for character, count in Counter(target).items():
            if not unicodedata.category(character).startswith("L"):
                written[preprocess(character, True, False)][character] += count
    return {simple: characters.most_common(1)[0][0] for simple, characters in written.items()
            if len(simple) == 1 and not simple.isspace()
            and characters.most_common(1)[0][0] != simple}


def _spell(text, spelling):
    return "".join(spelling.get(character, character) for character in text)


def figures(rows, predictions, labels, rng=None):
    """BLEU of characters and chrF, both from 0 to 100, and the share that equals a reference."""
    translations = [prediction["translation"] for prediction in predictions]
    references = [row.targets for row in rows]
    equal = [any(text.strip() == target.strip() for target in targets)
             for text, targets in zip(translations, references)]
    return {"bleu": metrics.bleu(translations, references, rng=rng),
            "chrf": metrics.chrf(translations, references, rng=rng),
            "equal to a reference": metrics.accuracy([True] * len(equal), equal, rng)}


def baselines(train, rows):
    """Predictions for rows by methods without a network, by the name of the method."""
    return {name: [{"translation": text} for text in method(train, rows)] for name, method in (
        ("the commonest target", without_network.commonest_target),
        ("the target of the most similar source", without_network.nearest_translation))}
