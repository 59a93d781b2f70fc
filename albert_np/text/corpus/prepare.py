"""Preparing a corpus of any size: tokenise it once, into shards that training reads from the disk.

The folder that this writes::

    manifest.json                  written last: without it the folder is not finished
    spiece.model, tokenizer_config.json, and perhaps tokenizer.json
    train-00000.pieces.npy         the ids of all pieces of the shard
    train-00000.sentences.npy      where each sentence ends among them
    train-00000.documents.npy      where each document ends among the sentences
    train-00001.pieces.npy ...
    held-out-00000.pieces.npy ...
"""

import os
from contextlib import closing
from pathlib import Path

from ...files import make_folder, remove_leftovers, write_whole
from ...files.file_kinds import is_gzip
from ...files.json_objects import json_file
from ...files.run_folders import claim_folder, release_folder
from ..scripts import is_chinese
from ..tokenizer import AlbertTokenizer, read_tokenizer
from ..tokenizing.train_tokenizer import train_tokenizer
from ..whole_words import WITHOUT, find_segmenter
from .blocks import Source, block_documents, check_layout, corpus_files, read_blocks
from .manifest import FORMAT, LEFTOVER, MANIFEST_NAME, VERSION, check_source, tokenizer_identity
from .prepared import PreparedCorpus
from .progress import Progress
from .sample import sample_blocks
from .shards import ShardWriter
from .tokenize_blocks import KEY_RANGE, Work, tokenize_blocks

MEGABYTE = 1 << 20
BYTES_PER_PIECE = 4                  # of English, roughly; only the held-out share rests on it
PACKING = 3                          # how many times smaller gzip makes text, roughly
NO_PIECES = "sentences: the tokenizer leaves no piece of them"
NO_SENTENCES = "documents: no sentence of them is left, or they had none"
ACROSS = "pieces lie across the border of two words; these words count as one"


def prepare_corpus(corpus, output, *, tokenizer=None, vocab_size=8000, sample_megabytes=10.0,
                   layout="auto", text_field="text", held_out=0.05, held_out_pieces=2_000_000,
                   shard_pieces=4_000_000, seed=0, processes=None, progress=True,
                   segmenter=None):
    """Tokenise a corpus into a folder of memory-mapped shards.

    Memory does not depend on the size of the corpus, and what is written does not depend on the
    number of processes. A folder that holds this very corpus already is left as it is; one that was
    not finished is begun anew.

    With more than one process, a script that calls this needs
    ``if __name__ == "__main__":`` around its work, as always with `multiprocessing`.

    Parameters
    ----------
    corpus : str or Path
        What `read_corpus` reads: a file or a folder of text, JSON lines, either of them gzipped. A
        document of plain text above 1 MB is cut, and counts as several.
    output : str or Path
        The folder to write: new, empty, or one that was not finished.
    tokenizer : str or Path, optional
        A SentencePiece model, BERT's vocab.txt, or a folder with one. None trains one on a sample
        of the corpus (of all of it, held-out documents included).
    vocab_size : int
        V, the pieces of a tokenizer that is trained.
    sample_megabytes : float
        How much text to train it on. Training needs some twenty times as much memory.
    layout : "auto", "lines", "prose" or "clauses"
    text_field : str
        The field of a line of JSON that holds its text.
    held_out : float
        The share of documents to keep for evaluation, 0 (none) up to 1. At least one is kept.
    held_out_pieces : int
        Keep a smaller share where this one would give more pieces than about so many.
    shard_pieces : int
        A shard has about so many pieces.
    seed : int
        Of the choice of held-out documents.
    processes : int, optional
        How many tokenise; None: as many as there are processors.
    progress : bool
        Show what is going on.
    segmenter : str, optional
        Marks whole words of Chinese: one of `albert_np.text.whole_words.SEGMENTERS`.

    Returns
    -------
    PreparedCorpus

    Raises
    ------
    FileNotFoundError
        There is no such corpus or tokenizer.
    ValueError
        An option or a file of the corpus will not do, the corpus changed (since it was prepared, or
        meanwhile), the folder was prepared with other options, or a file cannot be written.
    """
    say = print if progress else (lambda *args: None)
    _check_options(vocab_size, sample_megabytes, held_out, held_out_pieces, shard_pieces, seed,
                   processes)
    check_layout(layout)
    if segmenter is not None:
        find_segmenter(segmenter)                             # refuses before all else
    output, sources = Path(output), [Source(file) for file in corpus_files(corpus, say)]
    given = None if tokenizer is None else read_tokenizer(tokenizer)
    options = {"layout": layout, "text_field": text_field, "held_out": held_out,
               "held_out_pieces": held_out_pieces, "shard_pieces": shard_pieces, "seed": seed}
    if segmenter is not None:
        options["segmenter"] = segmenter
    if given is None:
        options |= {"vocab_size": vocab_size, "sample_megabytes": float(sample_megabytes)}
    else:
        options |= {"tokenizer": tokenizer_identity(given)}
    if (output / MANIFEST_NAME).exists():
        prepared = PreparedCorpus(output)
        _check_same(prepared, options, sources)
        say(f"{output} holds this corpus already, prepared with these options.")
        return prepared

    before = [_state(source.path) for source in sources]
    claim_folder(output, "prepare")
    _empty_folder(output)
    if given is None:
        say(f"tokenizer  training {vocab_size:,} pieces on a sample")
        given = _train_on_sample(sources, layout, text_field, vocab_size,
                                 round(sample_megabytes * MEGABYTE), output)
    given.save(output)
    if segmenter is None and _is_chinese(sources[0], layout, text_field):
        say(f"words      {WITHOUT}")
    share = min(held_out, held_out_pieces * BYTES_PER_PIECE / max(1, _unpacked_bytes(before)))
    work = Work(str(output), text_field, seed, round(share * KEY_RANGE), segmenter)
    read, parts, counts = _write_parts(sources, layout, work, shard_pieces,
                                       processes or _processors(), output, progress, held_out)
    for source, was in zip(read, before):
        if _state(source.path) != was or source.bytes_read != was[1]:
            raise ValueError(f"{source.path} changed while it was read; prepare the corpus again.")
    manifest = {
        "format": FORMAT, "version": VERSION, "options": options,
        "folder": str(read[0].path.parent.resolve()), "is_folder": Path(corpus).is_dir(),
        "sources": [{"name": source.path.name, "bytes": source.bytes_read,
                     "sha256": source.digest.hexdigest()} for source in read],
        "tokenizer": {"vocab_size": given.vocab_size, "sha256": tokenizer_identity(given)},
        **parts}
    write_whole(output / MANIFEST_NAME, json_file(manifest, 1))
    release_folder(output)
    prepared = PreparedCorpus(output)
    across = counts.pop(ACROSS)
    if segmenter is not None:
        say(f"words      {across:,} {ACROSS}")
    for what, count in counts.items():
        if count:
            say(f"left out   {count:,} {what}")
    say(f"train      {prepared.train}\nheld out   {prepared.held_out}\nThe folder is {output}")
    return prepared


def _check_options(vocab_size, sample_megabytes, held_out, held_out_pieces, shard_pieces, seed,
                   processes):
    # The bound keeps the positions in a shard, and a whole shard in memory, within reason.
    for name, value, least, most in (
            ("held_out_pieces", held_out_pieces, 1, 1 << 40), ("shard_pieces", shard_pieces, 1,
                                                               1 << 30),
            ("seed", seed, 0, (1 << 64) - 1), ("processes", processes or 1, 1, 1024)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"{name} must be a whole number from {least} to {most}, not "
                             f"{value!r}.")
    if processes == 0:
        raise ValueError("processes must be a whole number of at least 1, not 0.")
    if not 0 <= held_out < 1:
        raise ValueError(f"held_out is a share of the documents, from 0 to below 1, not "
                         f"{held_out}.")
    if not 0 < sample_megabytes < 1 << 20:
        raise ValueError(f"sample_megabytes must be above 0, not {sample_megabytes}.")


def _check_same(prepared, options, sources):
    """ValueError unless a finished folder holds this corpus, prepared with these options."""
    folder, was = prepared.folder, prepared.manifest["options"]
    for name in sorted({*was, *options}, key=lambda name: (name != "tokenizer", name)):
        if was.get(name) != options.get(name):
            raise ValueError(f"{folder} was prepared with {name} = {was.get(name)!r}, not "
                             f"{options.get(name)!r}; give another folder, or remove that one.")
    known = {source["name"]: source for source in prepared.manifest["sources"]}
    for source in sources:
        if source.path.name not in known:
            raise ValueError(f"{source.path} was added since {folder} was prepared, or belongs to "
                             "another corpus; prepare it into another folder.")
        check_source(source.path, known.pop(source.path.name))
    if known:
        raise ValueError(f"{min(known)} has gone from the corpus since {folder} was prepared; "
                         "prepare it again, into another folder.")


def _is_chinese(source, layout, text_field):
    """Whether the beginning of a file is Chinese."""
    block = next(read_blocks(Source(source.path), layout, text_field), None)
    return block is not None and is_chinese([block.data[:MEGABYTE].decode("utf-8", "ignore")])


def _empty_folder(folder):
    """Make the folder, and remove what a run that was not finished has left in it."""
    try:
        make_folder(folder)
        remove_leftovers(folder)
        for file in folder.iterdir():
            if LEFTOVER.fullmatch(file.name):
                file.unlink()
    except OSError as error:
        raise ValueError(f"The folder {folder} cannot be written: {error.strerror}.") from error


def _state(path):
    """When a file was last written, and its length."""
    try:
        status = path.stat()
    except OSError as error:
        raise ValueError(f"The file {path} cannot be read: {error.strerror}.") from error
    return status.st_mtime_ns, status.st_size, is_gzip(path)


def _unpacked_bytes(states):
    """About how many bytes of text there are."""
    return sum(size * (PACKING if packed else 1) for _, size, packed in states)


def _processors():
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1)


def _train_on_sample(sources, layout, text_field, vocab_size, limit, output):
    """Train a tokenizer on stretches from all over the corpus."""
    kept, distance = sample_blocks((block for source in sources for block in read_blocks(
        Source(source.path), layout, text_field)), limit)
    sentences = [sentence for block in kept for document in block_documents(block, text_field)
                 for sentence in document]
    del kept
    if not sentences:
        raise ValueError(f"There is not one sentence in {sources[0].path.parent}.")
    try:
        model = train_tokenizer(sentences, vocab_size)
    except ValueError as error:
        if distance > 1 and "too large" in str(error):
            raise ValueError(f"{error} They are a sample of the corpus; a larger one "
                             "(sample_megabytes) may allow for more.") from error
        raise
    write_whole(output / "spiece.model", model)
    return AlbertTokenizer(output / "spiece.model")


def _write_parts(sources, layout, work, shard_pieces, processes, output, progress, held_out):
    """Tokenise everything into shards.

    Where the share is so small, or the documents so few, that chance held out none, the document
    with the smallest key is: everything is written once more then.

    Returns
    -------
    sources : list of Source
        New ones, read to their ends.
    parts : dict
        For the manifest: "train" and "held_out", lists of what each shard holds.
    counts : dict
        From what is left out, and from `ACROSS`, to its number.
    """
    sources, writers, smallest, counts = _write_once(sources, layout, work, shard_pieces,
                                                     processes, output, progress)
    documents = {part: sum(entry["documents"] for entry in writer.entries)
                 for part, writer in writers.items()}
    if not any(documents.values()):
        if counts[NO_PIECES]:
            raise ValueError(f"The tokenizer leaves no piece of any of the {counts[NO_PIECES]} "
                             f"sentences; give another tokenizer (--tokenizer) or other text.")
        raise ValueError(f"There is not one sentence in {sources[0].path.parent}.")
    if held_out and sum(documents.values()) == 1:
        raise ValueError("A corpus of 1 document cannot be divided into text to train on and text "
                         "to hold out, because a document stays whole; hold out nothing (held_out "
                         "= 0), or separate documents by empty lines.")
    if held_out and not documents["held_out"] and work.held_out_below <= smallest:
        _empty_folder(output)
        return _write_parts(sources, layout, work._replace(held_out_below=smallest + 1),
                            shard_pieces, processes, output, progress, held_out)
    if not documents["train"]:
        raise ValueError(f"All {documents['held_out']} documents of the corpus would be held out; "
                         f"make held_out smaller than {held_out}, or take another seed.")
    return sources, {part: writer.entries for part, writer in writers.items()}, counts


def _write_once(sources, layout, work, shard_pieces, processes, output, progress):
    sources = [Source(source.path) for source in sources]
    writers = {part: ShardWriter(output, part, shard_pieces) for part in ("train", "held_out")}
    smallest, counts = KEY_RANGE, {NO_PIECES: 0, NO_SENTENCES: 0, ACROSS: 0}

    def marked_blocks():
        for source in sources:
            before = 0
            for block in read_blocks(source, layout, work.text_field):
                yield block, source.bytes_read - before
                before = source.bytes_read

    total = sum(source.path.stat().st_size for source in sources)
    with (Progress("tokenising", total, progress) as bar,
          closing(tokenize_blocks(marked_blocks(), work, processes)) as results):
        for result, read in results:
            for part, writer in writers.items():
                writer.add(getattr(result, part))
            smallest = min(smallest, result.smallest_key)
            counts[NO_PIECES] += result.without_pieces
            counts[NO_SENTENCES] += result.without_sentences
            counts[ACROSS] += result.across
            bar.update(read)
        for writer in writers.values():
            writer.finish()
    return sources, writers, smallest, counts
