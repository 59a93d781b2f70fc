"""What a run is at a given step, as arrays and numbers that a checkpoint can hold."""

from ..parameters import flatten
from .metrics import from_matrix, to_matrix
from .options import OPTIONS_NAME


def capture(model, optimizer, rng, position, metrics, fingerprint, options=None):
    """Everything that the rest of the run depends on.

    Parameters
    ----------
    model : AlbertForPreTraining
    optimizer
        One of :mod:`albert_np.optim`.
    rng : numpy.random.Generator
        Of the dropout masks.
    position : (int, int, int)
        Of the next batch.
    metrics : list of dict
    fingerprint : str
        Of the text.
    options : dict, optional
        What `PretrainingOptions.lasting` gives.

    Returns
    -------
    tensors : dict of str to array
    state : dict
    """
    tensors = {**flatten(model.params, "params."),
               **{f"optimizer.{name}": array for name, array in optimizer.state().items()},
               "metrics": to_matrix(metrics)}
    state = {"rng": rng.bit_generator.state, "position": list(position),
             "fingerprint": fingerprint, "options": options}
    return tensors, state


def restore(checkpoint, model, optimizer, rng, fingerprint, options=None):
    """Put a run back to where it was captured.

    Parameters
    ----------
    checkpoint : (step, tensors, state)
        From :func:`~albert_np.pretraining.run_checkpoints.newest_checkpoint`.
    model, optimizer, rng : as in `capture`
        They change in place.
    fingerprint : str
        Of the text that the run would go on with.
    options : dict, optional
        Those that the run would go on with, as for `capture`.

    Returns
    -------
    metrics : list of dict
    position : (int, int, int)

    Raises
    ------
    ValueError
        An option or the text is another one, or the checkpoint belongs to another model.
    """
    step, tensors, state = checkpoint
    refuse_changed_options(step, state.get("options") or options or {}, options or {})
    if state.get("fingerprint") != fingerprint:
        raise ValueError("the text is not the one that this run began with: the corpus or the "
                         "tokenizer has changed; bring it back, or begin a new run")
    restore_parameters(tensors, model, optimizer)
    rng.bit_generator.state = state["rng"]
    return from_matrix(tensors["metrics"]), tuple(state["position"])


def refuse_changed_options(step, saved, options):
    """Refuse to go on with other options than a run was begun with.

    Parameters
    ----------
    step : int
        Of the checkpoint.
    saved, options : dict
        The options in the checkpoint, and those that the run would go on with.

    Raises
    ------
    ValueError
        It names the first that differs, and both values.
    """
    for name, value in options.items():
        if value != saved.get(name):
            raise ValueError(f"{name} is {value!r} in {OPTIONS_NAME}, but {saved.get(name)!r} in "
                             f"the checkpoint of step {step}; put it back, or begin a new run")


def restore_parameters(tensors, model, optimizer):
    """Put parameters and the optimiser's state, as `capture` names them, back in their places.

    Parameters
    ----------
    tensors : dict of str to array
    model, optimizer
        They change in place.

    Raises
    ------
    ValueError
        A parameter is missing or has another shape; nothing is changed then.
    """
    params = flatten(model.params)
    for name, parameter in params.items():
        saved = tensors.get(f"params.{name}")
        if saved is None or saved.shape != parameter.shape:
            raise ValueError(f"the checkpoint belongs to another model: its {name} "
                             + ("is missing" if saved is None else
                                f"has the shape {saved.shape}, not {parameter.shape}"))
    optimizer.load_state({name.removeprefix("optimizer."): array for name, array in tensors.items()
                          if name.startswith("optimizer.")})
    for name, parameter in params.items():
        parameter[...] = tensors[f"params.{name}"]
