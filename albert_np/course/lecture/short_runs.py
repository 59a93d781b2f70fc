"""Short runs of a tutorial: a data set or a stand-in, and fine-tuning in a few epochs."""


def data_or(fetch, stand_in):
    """Return a data set; if neither a file nor the net has it, say so and return a stand-in.

    Parameters
    ----------
    fetch : callable
        One of `albert_np.tasks.datasets`, with its arguments filled in.
    stand_in : callable
        Returns something of the same kind, made up.
    """
    try:
        return fetch()
    except (FileNotFoundError, ValueError) as error:
        print(f"{error} Until then a small made-up stand-in is used, whose figures say little.")
        return stand_in()


def made_up_messages():
    """Messages that are spam or not, to stand in for `albert_np.tasks.datasets.fetch_sms_spam`.

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
    """The same model for a task twice: with fresh weights, and with pretrained ones.

    Parameters
    ----------
    task : module of :mod:`albert_np.tasks.finetuning.recipes`
    folder : Path
        Of the pretrained model.
    labels : tuple of str
    settings : albert_np.tasks.finetuning.Settings
    seed : int
        Of fresh weights. The task's head has some in both.

    Returns
    -------
    models : dict
        "from scratch" and "pretrained".
    tokenizer : AlbertTokenizer
        Of the pretrained model. Both use it.
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
    """Fine-tune a model in place: epochs of AdamW, and at the end the parameters of the best one.

    Parameters
    ----------
    task : module of :mod:`albert_np.tasks.finetuning.recipes`
    model, tokenizer
    splits : albert_np.tasks.datasets.Splits
    settings : albert_np.tasks.finetuning.Settings
    score : callable
        From rows and predictions to a :class:`albert_np.tasks.metrics.Figure`.
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
    """AdamW with warm-up and a straight line down to 0, for a run of minutes.

    It differs from the original's in one number: the mean of squared gradients forgets faster
    (0.98 in place of 0.999). The first steps would be six times too long otherwise, which throws
    so small a model off; ``tutorials/10_optimizers.py`` shows why.

    Parameters
    ----------
    params : tree of arrays
    learning_rate : float
    steps : int
        Of the whole run. A tenth of them is warm-up.
    weight_decay : float

    Returns
    -------
    AdamW
    """
    from ...optim import AdamW, warmup_polynomial_decay

    return AdamW(params, lr=warmup_polynomial_decay(learning_rate, steps, steps // 10),
                 betas=(0.9, 0.98), weight_decay=weight_decay)


def curves(history):
    """A history as `albert_np.plotting.tasks.learning_curves_figure` draws it."""
    return {"losses": [(row["step"], row["loss"]) for row in history["steps"]],
            "epochs": [(row["epoch"], row["value"], row["low"], row["high"])
                       for row in history["epochs"]]}
