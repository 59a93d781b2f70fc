"""Small tasks that a tiny model can learn within seconds."""

import csv
import json

import numpy as np

from albert_np.tasks.datasets import Answer, Choice, Classification, Pair, Question, Splits, Tagged

WORDS = ("the a name list file is not of and returns if then opened again short new object copy it "
         "one two are names").split()
TRANSLATED = {word: word[::-1] for word in WORDS}
MODEL = {"hidden_size": 32, "embedding_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
         "intermediate_size": 64, "max_position_embeddings": 24, "initializer_range": 0.15,
         "classifier_dropout_prob": 0.0}


def _words(rng, least=4, most=9, without=()):
    words = [word for word in WORDS if word not in without]
    return rng.choice(words, rng.integers(least, most)).tolist()


def classification(rng):
    """Is there a "list" in it?"""
    words = _words(rng, without=("list",))
    if rng.random() < 0.5:
        words[rng.integers(len(words))] = "list"
    return Classification(" ".join(words), label="yes" if "list" in words else "no")


def similarity(rng):
    """4 with "copy" in the second text, 1 without."""
    first, second = _words(rng, without=("copy",)), _words(rng, without=("copy",))
    if rng.random() < 0.5:
        second[0] = "copy"
    return Classification(" ".join(first), " ".join(second), 4.0 if "copy" in second else 1.0)


def entities(rng):
    """"file" is a thing, and "object" with the word behind it another one."""
    words = _words(rng, without=("file", "object"))
    words[0] = str(rng.choice(["file", "object"]))
    tags = ["O"] * len(words)
    tags[:2] = ["B-file", "O"] if words[0] == "file" else ["B-object", "I-object"]
    return Tagged(tuple(words), tuple(tags))


def questions(rng):
    """The answer is "two"."""
    words = _words(rng, without=("two",))
    place = int(rng.integers(len(words)))
    words[place] = "two"
    return Question("", " ".join(words), "is it one",
                    (Answer("two", len(" ".join([*words[:place], ""]))),))


def choice(rng):
    """The right one has "new" in it."""
    label = int(rng.integers(2))
    choices = [" ".join(["new" if label == place else "short", *_words(rng, 2, 3, ("new",))])
               for place in range(2)]
    return Choice("", "the object is", "what", tuple(choices), label)


def translation(rng):
    """Every word spelt backwards."""
    words = _words(rng, 2, 4)
    return Pair(" ".join(words), (" ".join(TRANSLATED[word] for word in words),))


def multi_label(rng):
    """Which of two words are in it?"""
    words = _words(rng, least=6, without=("list", "file"))
    for place, word in enumerate(("list", "file")):
        if rng.random() < 0.5:
            words[place + rng.integers(2) * 2] = word
    return Classification(" ".join(words), label=tuple(word for word in ("list", "file")
                                                       if word in words))


TOYS = {"classification": classification, "multi-label": multi_label, "similarity": similarity,
        "entities": entities, "questions": questions, "choice": choice, "translation": translation}


def toy_splits(task, train=800, others=60, seed=0):
    """Rows of a toy task in three parts."""
    rng = np.random.default_rng(seed)
    rows = [TOYS[task](rng) for _ in range(train + 2 * others)]
    return Splits(rows[:train], rows[train:train + others], rows[train + others:])


def write_rows(task, rows, folder, part):
    """Rows as a file that the task reads."""
    if task in ("classification", "similarity"):
        with open(folder / f"{part}.tsv", "w", encoding="utf-8") as file:
            for row in rows:
                fields = [row.text, *([row.text_pair] if row.text_pair else []), str(row.label)]
                file.write("\t".join(fields) + "\n")
    elif task == "multi-label":
        (folder / f"{part}.jsonl").write_text("".join(
            json.dumps({"text": row.text, "labels": list(row.label)}) + "\n" for row in rows))
    elif task == "entities":
        (folder / f"{part}.conll").write_text("\n\n".join(
            "\n".join(f"{word}\t{tag}" for word, tag in zip(row.words, row.tags))
            for row in rows) + "\n", "utf-8")
    elif task == "questions":
        data = [{"title": "", "paragraphs": [{"context": row.context, "qas": [
            {"id": str(number), "question": row.question, "answers": [
                {"text": answer.text, "answer_start": answer.start} for answer in row.answers]}]}]}
            for number, row in enumerate(rows)]
        (folder / f"{part}.json").write_text(json.dumps({"version": "1.1", "data": data}), "utf-8")
    elif task == "choice":
        (folder / f"{part}.jsonl").write_text("".join(json.dumps({
            "context": row.context, "question": row.question, "choices": list(row.choices),
            "label": row.label}) + "\n" for row in rows), "utf-8")
    else:
        with open(folder / f"{part}.tsv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file, "excel-tab", lineterminator="\n").writerows(
                (row.source, row.targets[0]) for row in rows)


def write_toy(task, folder, **sizes):
    """A toy task as a folder of files; returns its parts."""
    splits = toy_splits(task, **sizes)
    folder.mkdir(exist_ok=True)
    for part in ("train", "dev", "test"):
        write_rows(task, getattr(splits, part), folder, part)
    return splits


def squad2_row(rng, number):
    """The answer is "two"; half of the contexts do not have it."""
    words = rng.choice([word for word in WORDS if word != "two"], rng.integers(4, 9)).tolist()
    if number % 2:
        return Question(str(number), " ".join(words), "is it one", (), True)
    place = int(rng.integers(len(words)))
    words[place] = "two"
    return Question(str(number), " ".join(words), "is it one",
                    (Answer("two", len(" ".join([*words[:place], ""]))),))


def write_squad2(folder, splits):
    folder.mkdir()
    for part in ("train", "dev", "test"):
        rows = getattr(splits, part)
        write_rows("questions", rows, folder, part)
        path = folder / f"{part}.json"
        content = json.loads(path.read_text())
        for article, row in zip(content["data"], rows):
            article["paragraphs"][0]["qas"][0]["is_impossible"] = row.is_impossible
        path.write_text(json.dumps(content))


def squad2_splits(train, others):
    rng = np.random.default_rng(0)
    rows = [squad2_row(rng, number) for number in range(train + 2 * others)]
    return Splits(rows[:train], rows[train:train + others], rows[train + others:])
