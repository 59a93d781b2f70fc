"""Preparing a corpus where something is there already, or goes wrong: a sentence for each fault."""

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys

import pytest

from albert_np.files import whole_files as files
from albert_np.text.corpus import prepare as prepare_module
from albert_np.text.corpus import tokenize_blocks as tokenizing
from albert_np.text.corpus.manifest import MANIFEST_NAME
from albert_np.text.corpus.prepare import prepare_corpus
from albert_np.text.corpus.prepared import PreparedCorpus

QUIET = dict(processes=1, progress=False)


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


# ---- a folder that exists ------------------------------------------------------------------------

@pytest.fixture
def done(tmp_path, mixed_folder, small_model_file):
    """A corpus, its finished folder, and the arguments that made it."""
    texts = tmp_path / "texts"
    texts.mkdir()
    for file in mixed_folder.iterdir():
        (texts / file.name).write_bytes(file.read_bytes())
    arguments = dict(corpus=texts, output=tmp_path / "done", tokenizer=small_model_file,
                     shard_pieces=5000, processes=1)
    prepare_corpus(**arguments, progress=False)
    return arguments


def test_the_same_again_is_said_and_nothing_written(done, capsys, monkeypatch):
    before = {file: file.stat().st_mtime_ns for file in done["output"].iterdir()}
    monkeypatch.setattr(prepare_module, "write_whole", None)
    prepare_corpus(**{**done, "processes": 7})
    assert "done holds this corpus already, prepared with these options." in capsys.readouterr().out
    assert {file: file.stat().st_mtime_ns for file in done["output"].iterdir()} == before


@pytest.mark.parametrize("name, data, sentence", [
    ("a.txt", lambda old: old + b"More.", "a.txt has changed since it was prepared .it had"),
    ("b.txt.gz", lambda old: old[:-1] + b"?", "b.txt.gz has changed .* same length"),
    ("e.txt", lambda old: b"New.", "e.txt was added since .*done was prepared"),
    ("c.jsonl", None, "c.jsonl has gone from the corpus since .*done was prepared"),
])
def test_a_changed_corpus_is_named(done, name, data, sentence):
    file = done["corpus"] / name
    if data is None:
        file.unlink()
    else:
        file.write_bytes(data(file.read_bytes() if file.exists() else b""))
    before = contents(done["output"])
    with pytest.raises(ValueError, match=sentence):
        prepare_corpus(**done)
    assert contents(done["output"]) == before


@pytest.mark.parametrize("change, sentence", [
    ({"seed": 4}, "prepared with seed = 0, not 4; give another folder"),
    ({"held_out": 0.5}, "prepared with held_out = 0.05, not 0.5"),
    ({"layout": "prose"}, "prepared with layout = 'auto', not 'prose'"),
    ({"text_field": "body"}, "prepared with text_field = 'text', not 'body'"),
    ({"shard_pieces": 9}, "prepared with shard_pieces = 5000, not 9"),
    ({"tokenizer": None}, "prepared with tokenizer = '[0-9a-f]{64}', not None"),
])
def test_other_options_are_named(done, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        prepare_corpus(**{**done, **change})


def test_another_tokenizer_is_an_option_too(done, tmp_path, small_tokenizer):
    small_tokenizer.save(tmp_path / "tokenizer")
    prepare_corpus(**{**done, "tokenizer": tmp_path / "tokenizer"})        # the same one
    (tmp_path / "tokenizer" / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    with pytest.raises(ValueError, match="prepared with tokenizer = '[0-9a-f]{64}', not"):
        prepare_corpus(**{**done, "tokenizer": tmp_path / "tokenizer"})


def test_a_shard_cut_short_is_noticed_when_run_again(done):
    os.truncate(done["output"] / "train-00001.pieces.npy", 999)
    with pytest.raises(ValueError, match="train-00001.pieces.npy is cut short: it has 999 bytes"):
        prepare_corpus(**done)


# ---- faults on the way ---------------------------------------------------------------------------

def test_an_interrupt_does_not_end_a_process_that_is_starting(tmp_path, mixed_folder,
                                                              small_model_file):
    """Each process gets one before its first block: only the first process answers to it."""
    code = f"""
import os, signal, sys
from albert_np.commands.cli import main
if __name__ == "__mp_main__":
    os.kill(os.getpid(), signal.SIGINT)
if __name__ == "__main__":
    sys.exit(main(["prepare", {str(mixed_folder)!r}, "--output", {str(tmp_path / "it")!r},
                   "--tokenizer", {str(small_model_file)!r}, "--processes", "2", "--quiet"]))
"""
    (tmp_path / "script.py").write_text(code)
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py"], capture_output=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert (done.returncode, done.stderr) == (0, b"")
    PreparedCorpus(tmp_path / "it")                        # complete: it is not refused


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_and_begun_anew(tmp_path, mixed_folder, small_model_file, how):
    """Ended in the middle: no manifest, no process left, and the next run repairs everything."""
    code = f"""
import sys, time
from albert_np.commands.cli import main
from albert_np.text.corpus.shards import ShardWriter
write, written = ShardWriter._write, []
def slow(self, flat):
    write(self, flat)
    written.append(1)
    if len(written) == 3:
        print("ready", flush=True)
        time.sleep(60)
ShardWriter._write = slow
if __name__ == "__main__":
    sys.exit(main(["prepare", {str(mixed_folder)!r}, "--output", {str(tmp_path / "it")!r},
                   "--shard-pieces", "2000", "--tokenizer", {str(small_model_file)!r},
                   "--processes", "2", "--quiet"]))
"""
    (tmp_path / "script.py").write_text(code)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "script.py"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, start_new_session=True)
    assert process.stdout.readline() == b"ready\n"
    if how == signal.SIGKILL:
        process.kill()                                 # this one alone
    else:
        os.killpg(process.pid, how)                    # Ctrl-C reaches all of them
    try:
        _, error = process.communicate(timeout=60)     # its processes hold the pipe while they live
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        pytest.fail("processes are left")
    if how == signal.SIGINT:
        assert (process.returncode, error) == (130, b"albert-np: interrupted\n")
    folder = tmp_path / "it"
    assert any(file.suffix == ".npy" for file in folder.iterdir())
    with pytest.raises(ValueError, match="preparing it did not come to its end"):
        PreparedCorpus(folder)
    (folder / "train-00099.pieces.npy").write_bytes(b"left over")
    (folder / ".train-00007.pieces.npy.123.part").write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    prepare_corpus(mixed_folder, folder, tokenizer=small_model_file, shard_pieces=2000, **QUIET)
    prepare_corpus(mixed_folder, tmp_path / "fresh", tokenizer=small_model_file, shard_pieces=2000,
                   **QUIET)
    assert contents(folder) == {**contents(tmp_path / "fresh"), "notes.txt": b"mine"}


def test_a_full_disk(tmp_path, mixed_folder, small_model_file, monkeypatch):
    fsync, calls = os.fsync, []

    def full(descriptor):
        calls.append(1)
        if len(calls) > 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(ValueError, match=r"npy cannot be written: No space left on device\."):
        prepare_corpus(mixed_folder, tmp_path, tokenizer=small_model_file, shard_pieces=2000,
                       **QUIET)
    assert not (tmp_path / MANIFEST_NAME).exists()
    monkeypatch.undo()
    prepare_corpus(mixed_folder, tmp_path, tokenizer=small_model_file, shard_pieces=2000, **QUIET)


def test_an_output_that_cannot_be_a_folder(tmp_path, mixed_folder, small_model_file):
    (tmp_path / "file").write_text("")
    for output in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match="The folder .* cannot be written: Not a directory"):
            prepare_corpus(mixed_folder, output, tokenizer=small_model_file, **QUIET)


@pytest.mark.parametrize("change", [lambda file: file.write_bytes(file.read_bytes() + b"Grown."),
                                    lambda file: os.utime(file, ns=(0, 0))])
def test_a_corpus_that_changes_meanwhile(tmp_path, mixed_folder, small_model_file, monkeypatch,
                                         change):
    texts = tmp_path / "texts"
    texts.mkdir()
    for name in ("a.txt", "c.jsonl"):
        (texts / name).write_bytes((mixed_folder / name).read_bytes())
    tokenize = tokenizing.tokenize_block

    def changing(block, work, tokenizer):
        if block.file.endswith("c.jsonl"):
            change(texts / "a.txt")
        return tokenize(block, work, tokenizer)

    monkeypatch.setattr(tokenizing, "tokenize_block", changing)
    with pytest.raises(ValueError, match="a.txt changed while it was read; prepare"):
        prepare_corpus(texts, tmp_path / "it", tokenizer=small_model_file, **QUIET)
    assert not (tmp_path / "it" / MANIFEST_NAME).exists()


@pytest.mark.usefixtures("small_blocks")
def test_a_process_that_dies(tmp_path, mixed_folder, small_model_file, monkeypatch):
    read, killed = prepare_module.read_blocks, []

    def killing(*arguments):
        for number, block in enumerate(read(*arguments)):
            if number == 3 and not killed:
                killed.append(multiprocessing.active_children()[0])
                os.kill(killed[0].pid, signal.SIGKILL)
            yield block

    monkeypatch.setattr(prepare_module, "read_blocks", killing)
    with pytest.raises(ValueError, match="A process that tokenises has ended before its work"):
        prepare_corpus(mixed_folder, tmp_path, tokenizer=small_model_file, processes=2,
                       progress=False)
    assert killed and not multiprocessing.active_children()
    assert not (tmp_path / MANIFEST_NAME).exists()


@pytest.mark.parametrize("processes", [1, 2])
def test_bad_text_is_named_from_any_process(tmp_path, small_model_file, processes):
    good = "".join(json.dumps({"text": f"Number {i}. It is good."}) + "\n" for i in range(100))
    (tmp_path / "a.jsonl").write_text(good + '{"text": 5}\n')
    with pytest.raises(ValueError, match="The field 'text' in line 101 of .*a.jsonl is 5, not a"):
        prepare_corpus(tmp_path, tmp_path / "it", tokenizer=small_model_file, processes=processes,
                       progress=False)
    assert not multiprocessing.active_children()
    with pytest.raises(ValueError, match="line 101 of .*a.jsonl is 5"):
        prepare_corpus(tmp_path, tmp_path / "it", vocab_size=50, processes=processes,
                       progress=False)


@pytest.mark.parametrize("text, options, sentence", [
    ("\n\n", {}, "There is not one sentence in"),
    ("One. Two.", {}, "A corpus of 1 document cannot be divided into text to train on"),
    ("One. Two.\n\n\nThree.", {"held_out": 0.999999}, "All 2 documents .* would be held out"),
])
def test_too_little_text(tmp_path, small_model_file, text, options, sentence):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        prepare_corpus(tmp_path / "a.txt", tmp_path / "it", tokenizer=small_model_file, **QUIET,
                       **options)
    assert not (tmp_path / "it" / MANIFEST_NAME).exists()
    if text == "\n\n":
        with pytest.raises(ValueError, match=sentence):
            prepare_corpus(tmp_path / "a.txt", tmp_path / "it", **QUIET)


@pytest.mark.parametrize("options, sentence", [
    ({"held_out": 1.0}, "held_out is a share of the documents, from 0 to below 1, not 1.0"),
    ({"held_out": -0.1}, "held_out is a share"),
    ({"held_out": float("nan")}, "held_out is a share"),
    ({"held_out_pieces": 0}, "held_out_pieces must be a whole number from 1"),
    ({"shard_pieces": 0}, "shard_pieces must be a whole number from 1"),
    ({"shard_pieces": 2.5}, "shard_pieces must be a whole number from 1 to .* not 2.5"),
    ({"seed": -1}, "seed must be a whole number from 0"),
    ({"processes": 0}, "processes must be a whole number .* not 0"),
    ({"processes": True}, "processes must be a whole number .* not True"),
    ({"sample_megabytes": 0}, "sample_megabytes must be above 0"),
    ({"sample_megabytes": float("nan")}, "sample_megabytes must be above 0"),
    ({"layout": "pages"}, "layout must be one of"),
    ({"vocab_size": 5}, "vocab_size must be an integer above 13"),
])
def test_options_that_will_not_do(tmp_path, mixed_folder, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        prepare_corpus(mixed_folder, tmp_path / "it", **{**QUIET, **options})
    assert not (tmp_path / "it" / MANIFEST_NAME).exists()


def test_what_is_not_there(tmp_path, mixed_folder):
    with pytest.raises(FileNotFoundError, match="no file or folder .*nothing"):
        prepare_corpus(tmp_path / "nothing", tmp_path / "it", **QUIET)
    with pytest.raises(FileNotFoundError, match="no file .*nothing.model"):
        prepare_corpus(mixed_folder, tmp_path / "it", tokenizer=tmp_path / "nothing.model", **QUIET)
    assert not (tmp_path / "it").exists()
