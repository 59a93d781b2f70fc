"""A pretrained model for tutorials: the reader's own, or a small one that is made here, once."""

import os
import platform
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from .short_runs import short_run_adamw
from .showing import output_folder, quick

# One layer leaves the plateau soonest. Applied three times it then learns to go on from itself.
STAGES = ((1, 6000, 4e-3), (3, 800, 2e-3))             # layers, steps, learning rate
STAGES_IN_QUICK_MODE = ((1, 40, 4e-3), (3, 10, 2e-3))
WIDTH, PIECES, TOKENS = 64, 2000, 40                   # E = H, V, T


def small_pretrained():
    """Return the folder of a pretrained model for tasks.

    The environment variable ALBERT_NP_MODEL may name a model of yours, such as a run of
    ``albert-np pretrain``. Otherwise a small model is pretrained here, in about a minute. It learns
    to fill gaps in plain text: some of Wikipedia, and the training parts of the tasks without their
    labels. If none of these is there, it learns from the documentation that comes with Python. The
    model is kept under `output_folder` for the next tutorial.

    Returns
    -------
    Path
    """
    named = os.environ.get("ALBERT_NP_MODEL")
    if named:
        print("the pretrained model is", named)
        return Path(named)
    documents = texts_of_tasks()
    if not documents:
        return _documentation_model()[0]
    folder = _folder_for("tasks")
    if not (folder / "config.json").exists():
        training = [each for i, each in enumerate(documents) if i % 40]
        pretrain_small(folder, training, documents[::40])
    print("the pretrained model is", folder)
    return folder


def model_for_a_lecture():
    """Return a pretrained model to look at, its tokenizer, and text to try it on.

    The only argument of the script, or the environment variable ALBERT_NP_MODEL, may name the
    folder of a model, or its name on the hub. Otherwise a small model is pretrained here on the
    documentation that comes with Python, and kept for the next tutorial.

    Returns
    -------
    model : AlbertForPreTraining
    tokenizer : AlbertTokenizer
    held_out : list of dict
        Masked batches, each with the keyword arguments of the model's forward pass. A model that
        is made here was not trained on this text. A model of yours may have been.
    folder : Path
        The folder of the model.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such model, or its folder lacks something.
    """
    from ...inference import load
    from ...model_files.folders import find_folder
    from ...text import embedded_corpus

    named = _named_model()
    if named is None:
        folder, held_out = _documentation_model()
    else:
        print("the pretrained model is", named)
        folder, (documents, _) = find_folder(named), embedded_corpus()
        held_out = documents[::max(1, len(documents) // 300)]
    model, tokenizer = load(folder)
    length = min(TOKENS, model.config.max_position_embeddings)
    return model, tokenizer, _masked(held_out, tokenizer, length), folder


def texts_of_tasks():
    """Return plain text from the data sets of the tutorials; an empty list if there are none.

    Returns
    -------
    list of list of str
        Documents, each a list of sentences. Twenty unrelated lines (messages, captions) make one
        document. The development and test parts of the tasks are left out.
    """
    from ...tasks import datasets

    def lines(texts):
        return [texts[i:i + 20] for i in range(0, len(texts), 20)]

    sources = (
        lambda: [[sentence.replace("<unk>", " ") for sentence in article]
                 for part in ("valid", "test") for article in datasets.fetch_wikitext2(part)],
        lambda: lines([row.text for row in datasets.fetch_sms_spam().train]),
        lambda: lines([" ".join(row.words) for row in datasets.fetch_wnut17().train]),
        lambda: lines([text for row in datasets.fetch_stsb().train
                       for text in (row.text, row.text_pair)]),
        lambda: [context.split(" . ")
                 for context in sorted({row.context
                                        for row in datasets.fetch_squad_slice().train})])
    documents = []
    for source in sources:
        try:
            documents += source()
        except (FileNotFoundError, ValueError):      # not there: use the others
            pass
    return documents


def deepened(model, num_hidden_layers):
    """Return a model with the same parameters that applies the shared layer more or less often.

    Parameters
    ----------
    model : AlbertForPreTraining
        All its depths share one layer.
    num_hidden_layers : int

    Returns
    -------
    AlbertForPreTraining
        Its parameters are those of `model`, not a copy.
    """
    from ... import AlbertForPreTraining

    deeper = AlbertForPreTraining(replace(model.config, num_hidden_layers=num_hidden_layers),
                                  seed=None)
    deeper.params = model.params
    return deeper


def _named_model():
    """Return the name of the model that the reader has chosen, or None."""
    # A notebook's kernel and pytest have arguments too, which begin with a hyphen.
    if len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        return sys.argv[1]
    return os.environ.get("ALBERT_NP_MODEL") or None


def _folder_for(text):
    return output_folder() / f"pretrained-on-{text}{'-quick' if quick() else ''}"


def _documentation_model():
    """Return the folder of the model of Python's documentation, and the held-out documents."""
    from ...text import embedded_corpus, split_documents

    documents, modules = embedded_corpus()
    training, held_out = split_documents(documents, 0.1, groups=modules,
                                         rng=np.random.default_rng(0))
    # Another version of Python has its documentation in other words.
    folder = _folder_for(f"documentation-of-{platform.python_version()}")
    if not (folder / "config.json").exists():
        pretrain_small(folder, training, held_out)
    print("the pretrained model is", folder)
    return folder, held_out


def _options(length):
    from ...text import DataOptions
    return DataOptions(max_seq_length=length, sentence_task="none", ngram=1)


def _masked(documents, tokenizer, length):
    """Return masked batches of documents."""
    from ...pretraining import held_out_batches
    from ...text import TokenizedDocuments, tokenize_documents

    shard = TokenizedDocuments.from_lists(tokenize_documents(documents, tokenizer))
    return held_out_batches([shard], tokenizer, _options(length), 26)


def pretrain_small(folder, documents, held_out):
    """Pretrain a model: with one layer first, then with the same layer applied three times."""
    from ... import AlbertConfig, AlbertForPreTraining, AlbertTokenizer
    from ...files.freed_memory import keep_freed_memory
    from ...files.threads import one_thread_each
    from ...parameters.initial_values import wave_positions
    from ...pretraining import PretrainingData, evaluate, train
    from ...text import train_tokenizer

    print(f"pretraining a small model; it is kept in {folder}")
    keep_freed_memory()                  # large arrays are allocated again at every step
    with TemporaryDirectory() as temporary:
        file = Path(temporary) / "spiece.model"
        train_tokenizer([sentence for document in documents for sentence in document], PIECES, file)
        tokenizer = AlbertTokenizer(file)
    data = PretrainingData.from_text(documents, held_out, tokenizer, _options(TOKENS),
                                     batch_size=24, seed=0)
    model = AlbertForPreTraining(AlbertConfig(
        vocab_size=PIECES, embedding_size=WIDTH, hidden_size=WIDTH, num_hidden_layers=1,
        num_attention_heads=4, intermediate_size=4 * WIDTH, max_position_embeddings=64,
        initializer_range=0.1), seed=0)
    model.params["embeddings"]["position"][:] = wave_positions(64, WIDTH, amplitude=0.5)
    batches = data.training_batches()
    for layers, steps, rate in STAGES_IN_QUICK_MODE if quick() else STAGES:
        model = deepened(model, layers)
        with one_thread_each():
            train(model, short_run_adamw(model.params, rate, steps), batches, steps, workers=2,
                  progress=False)
    loss = evaluate(model, data.held_out)["mlm_loss"]
    print(f"loss on held-out text {loss:.2f}, where guessing blindly has ln {PIECES} = "
          f"{np.log(PIECES):.2f}")
    model.save_pretrained(folder, tokenizer)
