"""Short runs of a tutorial: a data set or a stand-in, and fine-tuning in a few epochs."""


def data_or(fetch, stand_in):
    """Return a data set; if neither a file nor the net has it, say so and return a stand-in.

    Parameters
    ----------
    fetch : callable
        A function of `albert_np.tasks.datasets` that needs no argument.
    stand_in : callable
        Returns made-up data of the same kind.
    """
    try:
        return fetch()
    except (FileNotFoundError, ValueError) as error:
        print(f"{error} Until then this tutorial uses a small made-up stand-in. Its numbers say "
              f"little.")
        return stand_in()


def made_up_messages():
    """Make up messages with the labels spam and ham, in place of those of `fetch_sms_spam`.

    Returns
    -------
    Splits of Classification
    """
    import numpy as np

    from ...tasks.datasets import Classification, Splits

    rng = np.random.default_rng(0)
    words = {"spam": "win free prize claim cash call now txt urgent reply".split(),
             "ham": "see you later at home tonight ok dinner sorry love".split()}
    rows = []
    for _ in range(600):
        label = "spam" if rng.random() < 0.2 else "ham"
        common = rng.choice("the to a in is for on my it we".split(), 6)
        text = rng.permutation([*common, *rng.choice(words[label], 3)])
        rows.append(Classification(" ".join(text), label=label))
    return Splits(rows[:400], rows[400:500], rows[500:], ("ham", "spam"))


def two_starts(task, folder, labels, settings, seed=0):
    """Return the same model for a task twice: with fresh weights, and with pretrained weights.

    Parameters
    ----------
    task : module of :mod:`albert_np.tasks.finetuning.recipes`
    folder : Path
        The folder of the pretrained model.
    labels : tuple of str
    settings : albert_np.tasks.finetuning.Settings
    seed : int
        Draws the fresh weights. The head of the task has fresh weights in both models.

    Returns
    -------
    models : dict
        "from scratch" and "pretrained".
    tokenizer : AlbertTokenizer
        The tokenizer of the pretrained model. Both models use it.
    """
    from ...inference.load import load_config
    from ...tasks.finetuning.start import from_pretrained, from_scratch

    changes = task.configuration(labels)
    pretrained, tokenizer = from_pretrained(task.MODEL, folder, changes, settings.max_length, seed)
    positions = pretrained.config.max_position_embeddings
    fresh = from_scratch(task.MODEL, load_config(folder).to_dict(), tokenizer,
                         {**changes, "max_position_embeddings": positions}, seed)
    return {"from scratch": fresh, "pretrained": pretrained}, tokenizer


def teach(task, model, tokenizer, splits, settings, score, *, epochs, batch_size=16,
          learning_rate=1e-3, seed=0):
    """Fine-tune a model in place, and end with the parameters of the best epoch.

    ``tutorials/11_finetuning_classification.py`` writes this loop line by line. Here each batch is
    divided between two threads.

    Parameters
    ----------
    task : module of :mod:`albert_np.tasks.finetuning.recipes`
    model, tokenizer
    splits : albert_np.tasks.datasets.Splits
    settings : albert_np.tasks.finetuning.Settings
    score : callable
        ``score(rows, predictions)`` returns a :class:`albert_np.tasks.metrics.Figure`.
    epochs, batch_size, learning_rate, seed

    Returns
    -------
    dict
        The history of :func:`albert_np.tasks.finetuning.trainer.train_epochs`.
    """
    import numpy as np

    from ...files.threads import one_thread_each
    from ...tasks.finetuning.trainer import steps_of, train_epochs

    rows = task.features(tokenizer, splits.train, splits.labels, settings)
    examples = [example for row in rows for example in row]
    with one_thread_each():
        return train_epochs(
            model, examples, lambda *chosen: task.collate(model.config, *chosen),
            short_run_adamw(model.params, learning_rate, steps_of(examples, batch_size, epochs)),
            epochs=epochs, batch_size=batch_size, rng=np.random.default_rng(seed), workers=2,
            evaluate=lambda: score(splits.dev,
                                   task.predict(model, tokenizer, splits.dev, settings)))


def short_run_adamw(params, learning_rate, steps, weight_decay=0.01):
    """Return AdamW for a run of minutes. The learning rate rises, then falls to 0.

    One number differs from the original: the mean of squared gradients forgets faster (0.98 and
    not 0.999). With 0.999 the first steps would be six times as long, too long for so small a
    model. ``tutorials/10_optimizers.py`` shows why.

    Parameters
    ----------
    params : tree of arrays
    learning_rate : float
    steps : int
        The steps of the whole run. The first tenth is the warm-up.
    weight_decay : float

    Returns
    -------
    AdamW
    """
    from ...optim import AdamW, warmup_polynomial_decay

    return AdamW(params, lr=warmup_polynomial_decay(learning_rate, steps, steps // 10),
                 betas=(0.9, 0.98), weight_decay=weight_decay)


def curves(history):
    """Return a history in the form that `learning_curves_figure` draws."""
    return {"losses": [(row["step"], row["loss"]) for row in history["steps"]],
            "epochs": [(row["epoch"], row["value"], row["low"], row["high"])
                       for row in history["epochs"]]}
