"""The main job: from a corpus to a pretrained model in a folder."""

import csv
import io
import json
import platform
from pathlib import Path

import numpy as np

from .. import __version__
from ..checkpoint import save_model
from ..config import AlbertConfig
from ..files import write_whole
from ..initialization import wave_positions
from ..models import AlbertForPreTraining
from ..optim import LAMB, SGD, Adam, AdamW, warmup_polynomial_decay
from ..plotting import plot_losses
from ..text.corpora import embedded_corpus, read_corpus, split_documents
from ..text.tokenizer import AlbertTokenizer
from ..text.train_tokenizer import train_tokenizer
from .baselines import BigramModel, UnigramModel, evaluate_baseline
from .data import PretrainingData
from .evaluation import evaluate, top_guesses
from .trainer import train

# A small ALBERT that learns within minutes. Published models start from a range of 0.02, which
# suits H = 768 and more; at H = 64 it would leave every attention uniform for thousands of steps.
# With lambda = 1 the order of short texts, which is soon learnt, would crowd out the words.
SMALL_CONFIG = dict(embedding_size=64, hidden_size=64, num_hidden_layers=3,
                    num_attention_heads=4, intermediate_size=256, initializer_range=0.05,
                    sop_weight=0.15)
OPTIMIZERS = {"adamw": AdamW, "lamb": LAMB, "adam": Adam, "sgd": SGD}
METRIC_COLUMNS = ("step", "split", "loss", "mlm_loss", "sop_loss", "mlm_accuracy", "sop_accuracy",
                  "learning_rate", "gradient_norm", "tokens", "seconds")


def pretrain(output, corpus=None, layout="auto", tokenizer=None, vocab_size=2000, config=None,
             wave_start=True, steps=9000, batch_size=26, max_length=40, learning_rate=3e-3,
             warmup_steps=None, optimizer="adamw", beta_2=0.98, weight_decay=0.01,
             max_gradient_norm=1.0, held_out=0.1, sop_everywhere=None, evaluate_every=1000,
             seed=0, workers=2, progress=True):
    """Pretrain an ALBERT and leave everything about it in a folder.

    Parameters
    ----------
    output : str or Path
        The run folder. It must not hold a model yet.
    corpus : str or Path, optional
        A text file or a folder of them; None takes the text that every Python brings along.
    layout : {"auto", "lines", "prose"}
        See :func:`albert_np.text.corpora.read_corpus`.
    tokenizer : str or Path, optional
        A SentencePiece model or a folder with one; None trains a tokenizer on the training text.
    vocab_size : int
        Of the tokenizer that is trained.
    config : dict, optional
        Fields of :class:`~albert_np.config.AlbertConfig` that differ from ``SMALL_CONFIG``.
    wave_start : bool
        Start the position table from waves (WAVE.1), from which a small model finds the neighbours
        of a gap sooner. False starts from random rows, as the original does.
    steps, batch_size, max_length : int
        How many batches of how many sequences of how many tokens.
    learning_rate : float
        At the end of the warm-up; from there it falls linearly to 0.
    warmup_steps : int, optional
        None: a twentieth of the steps.
    optimizer : {"adamw", "lamb", "adam", "sgd"}
    beta_2 : float
        How slowly the running mean of squared gradients forgets; not used by sgd. The published
        models have 0.999, which is slow for a run of a few thousand steps.
    weight_decay : float
        Of adamw and lamb.
    max_gradient_norm : float
    held_out : float
        The share of the sentences that is kept away from training, in whole documents.
    sop_everywhere : bool, optional
        Whether the order of every pair of segments is asked for, or only where the pair is the
        beginning of a document (see :class:`PretrainingData`). None: everywhere in a given corpus;
        only at beginnings in the embedded one, whose documents are so short that nothing but
        their beginning shows an order.
    evaluate_every : int
        Steps between evaluations; after each the run folder is brought up to date.
    seed : int
        Of everything that is drawn. The same seed and workers give the same weights, bit for bit.
    workers : int
        Threads among which each batch is divided. Another number gives other roundings and, with
        dropout, other masks.
    progress : bool
        Show what is going on.

    Returns
    -------
    dict
        ``model``, ``tokenizer``, ``data``, ``metrics`` (rows), ``results`` (what
        ``results.json`` holds).

    Raises
    ------
    ValueError, FileNotFoundError
        Where an option, the corpus, the tokenizer, the configuration or the folder will not do.
    FloatingPointError
        Where training diverges.
    """
    options = dict(locals())                           # kept with the results
    say = print if progress else (lambda *args: None)
    output = Path(output)
    _check_options(output, options)
    config_values = {**SMALL_CONFIG, "max_position_embeddings": max_length, **(config or {})}
    _check_config(config_values, max_length)
    warmup_steps = steps // 20 if warmup_steps is None else warmup_steps
    schedule = warmup_polynomial_decay(learning_rate, steps, warmup_steps)
    split_seed, dropout_seed = np.random.SeedSequence(seed).spawn(2)

    # ---- text
    documents, groups = (embedded_corpus() if corpus is None
                         else (read_corpus(corpus, layout), None))
    train_documents, held_out_documents = split_documents(
        documents, held_out, rng=np.random.default_rng(split_seed), groups=groups)
    say(f"corpus     {'the documentation of this Python' if corpus is None else corpus}: "
        f"{_count(train_documents)} to train on, {_count(held_out_documents)} held out")
    tokenizer = _get_tokenizer(tokenizer, train_documents, vocab_size, output)
    sop_everywhere = corpus is not None if sop_everywhere is None else sop_everywhere
    data = PretrainingData(train_documents, held_out_documents, tokenizer, max_length, batch_size,
                           seed, sop_everywhere)
    say(f"tokenizer  {tokenizer.vocab_size:,} pieces; {data.train_pieces:,} pieces to train on, "
        f"{data.held_out_pieces:,} held out")

    # ---- what counting alone can do
    text = data.training_text()
    baselines = {"unigram": evaluate_baseline(UnigramModel(text, tokenizer), data.held_out),
                 "bigram": evaluate_baseline(BigramModel(text, tokenizer), data.held_out)}
    for name, figures in baselines.items():
        say(f"baseline   {name}: MLM loss {figures['mlm_loss']:.3f}, "
            f"accuracy {figures['mlm_accuracy']:.1%}")

    # ---- model
    config = AlbertConfig.from_dict({
        **config_values, "vocab_size": tokenizer.vocab_size,
        "pad_token_id": tokenizer.pad_token_id, "bos_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id})
    model = AlbertForPreTraining(config, seed=seed)
    if wave_start:
        model.params["embeddings"]["position"][...] = wave_positions(
            config.max_position_embeddings, config.embedding_size)
    say(f"model      {sum(config.parameter_counts().values()):,} parameters: hidden size "
        f"{config.hidden_size}, {config.num_hidden_layers} layers, sharing {config.sharing}")
    dropout = max(config.hidden_dropout_prob, config.attention_probs_dropout_prob) > 0

    # ---- training
    def save(metrics):
        save_model(model, output)
        write_whole(output / "metrics.csv", _to_csv(metrics))

    metrics = train(
        model, _get_optimizer(optimizer, model.params, beta_2, weight_decay, schedule),
        data.training_batches(), steps,
        rng=np.random.default_rng(dropout_seed) if dropout else None,
        max_gradient_norm=max_gradient_norm, evaluate_every=evaluate_every,
        evaluation=lambda: evaluate(model, data.held_out), on_evaluation=save,
        workers=workers, progress=progress)

    # ---- results
    final = {key: value for key, value in metrics[-1].items() if key not in ("step", "split")}
    results = {"held_out": final, "baselines": baselines,
               "blind_guess": float(np.log(config.vocab_size)),
               "options": {**options, "warmup_steps": warmup_steps,
                           "sop_everywhere": sop_everywhere},
               "versions": {"albert_np": __version__, "numpy": np.__version__,
                            "python": platform.python_version()}}
    text = json.dumps(results, indent=2, default=str) + "\n"
    write_whole(output / "results.json", text.encode())
    plot_losses(metrics, output / "losses.png",
                {name: figures["mlm_loss"] for name, figures in baselines.items()},
                config.vocab_size, config.sop_weight)
    say(_summary(results, output))
    return {"model": model, "tokenizer": tokenizer, "data": data, "metrics": metrics,
            "results": results}


def show_guesses(model, tokenizer, batches, sentences=3, width=96):
    """Masked sentences of held-out text, with what the model would put into the gaps.

    Parameters
    ----------
    model : AlbertForPreTraining
    tokenizer : AlbertTokenizer
    batches : list of dict
        From :attr:`PretrainingData.held_out`.
    sentences : int
        How many to show, spread evenly over the batches.
    width : int
        Where lines of text are broken.

    Returns
    -------
    str
    """
    import textwrap

    rows = [{name: array[i] for name, array in batch.items()}
            for batch in batches for i in range(len(batch["input_ids"]))]
    rows = [row for row in rows if (row["input_ids"] == tokenizer.mask_token_id).any()]
    blocks = []
    for i in np.linspace(0, len(rows) - 1, min(sentences, len(rows)), dtype=int):
        row = rows[i]
        text = tokenizer.decode([t for t in row["input_ids"]
                                 if t not in (tokenizer.pad_token_id, tokenizer.cls_token_id)],
                                skip_special_tokens=False)
        lines = [textwrap.fill(text, width, initial_indent="  ", subsequent_indent="  ")]
        for _, column, guesses in top_guesses(model, tokenizer, row["input_ids"][None],
                                              row["attention_mask"][None],
                                              row["token_type_ids"][None]):
            truth = tokenizer.pieces[row["labels"][column]]
            lines.append(f"    {truth:>14}   " + "   ".join(
                f"{piece} {probability:.0%}" for piece, probability in guesses))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _check_options(output, options):
    """Refuse what cannot work before anything is read or written."""
    least = {"steps": 1, "evaluate_every": 1, "batch_size": 1, "workers": 1, "seed": 0,
             "max_length": 5, "weight_decay": 0, "beta_2": 0}
    for name, smallest in least.items():
        if not options[name] >= smallest:
            raise ValueError(f"{name} is {options[name]}; it must be at least {smallest}")
    for name in ("learning_rate", "max_gradient_norm"):
        if not 0 < options[name] < float("inf"):
            raise ValueError(f"{name} is {options[name]}; it must be a positive number")
    if not options["beta_2"] < 1:
        raise ValueError(f"beta_2 is {options['beta_2']}; it must lie in [0, 1)")
    if not 0 < options["held_out"] < 1:
        raise ValueError(f"held_out is {options['held_out']}; it is a share of the text, between "
                         f"0 and 1")
    if options["optimizer"] not in OPTIMIZERS:
        raise ValueError(f"optimizer is {options['optimizer']!r}; known are "
                         f"{', '.join(OPTIMIZERS)}")
    if (output / "model.safetensors").exists():
        raise ValueError(f"the folder {output} already holds a model; choose another --output or "
                         f"remove it")


def _check_config(values, max_length):
    config = AlbertConfig.from_dict(values)
    if max_length > config.max_position_embeddings:
        raise ValueError(f"max_length {max_length} is more than max_position_embeddings "
                         f"{config.max_position_embeddings}")
    if config.extra and "model_type" not in config.extra:      # which every config.json has
        raise ValueError(f"{next(iter(config.extra))} is no field of AlbertConfig")


def _get_tokenizer(path, documents, vocab_size, output):
    """Read the tokenizer, or train one on the training text; the run folder gets a copy."""
    if path is None:
        file = output / "spiece.model"
        train_tokenizer([sentence for document in documents for sentence in document],
                        vocab_size, file)
        tokenizer = AlbertTokenizer(file)
    elif Path(path).is_dir():
        tokenizer = AlbertTokenizer.from_folder(path)
    else:
        tokenizer = AlbertTokenizer(path)
    tokenizer.save(output)
    return tokenizer


def _get_optimizer(name, params, beta_2, weight_decay, schedule):
    options = {} if name == "sgd" else {"betas": (0.9, beta_2)}
    if name in ("adamw", "lamb"):
        options["weight_decay"] = weight_decay
    return OPTIMIZERS[name](params, lr=schedule, **options)


def _count(documents):
    return f"{sum(map(len, documents)):,} sentences in {len(documents):,} documents"


def _to_csv(metrics):
    """The rows as the bytes of a CSV file; a figure that a row lacks is left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, METRIC_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in metrics:
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value
                         for key, value in row.items()})
    return text.getvalue().encode()


def _summary(results, output):
    final, baselines = results["held_out"], results["baselines"]
    rows = [("guessing blindly", results["blind_guess"], None),
            *[(f"{name} model", figures["mlm_loss"], figures["mlm_accuracy"])
              for name, figures in baselines.items()],
            ("this ALBERT", final["mlm_loss"], final["mlm_accuracy"])]
    lines = ["", "held-out text         MLM loss   accuracy"]
    lines += [f"  {name:18s} {loss:9.3f}   {'' if accuracy is None else f'{accuracy:8.1%}'}"
              for name, loss, accuracy in rows]
    lines += [f"sentence order        {final['sop_accuracy']:.1%} right, where tossing a coin "
              f"gives 50.0%", "", f"The run is in {output}: {', '.join(_FILES)}."]
    return "\n".join(lines)


_FILES = ("config.json", "model.safetensors", "spiece.model", "tokenizer_config.json",
          "metrics.csv", "results.json", "losses.png")
