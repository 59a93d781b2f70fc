"""Pretraining: masked words and sentence order, from a corpus to a model in a folder.

Read ``batches`` (from documents to batches), ``step`` and ``trainer`` (the training loop),
``evaluation`` and ``baselines`` (how good is it, and compared with what), ``guesses``; then what
makes a run of it: ``options``, ``run_data``, ``state`` and ``run_checkpoints``, ``stopping``,
``run``. ``metrics``, ``events``, ``results`` and ``diagnosis`` tell how it went; ``parallel``,
``part_processes`` and ``distributed`` use several threads, processes and machines; ``ablation/``
changes one thing at a time.
"""

from .baselines import BigramModel, UnigramModel, evaluate_baseline
from .batches import PretrainingData, held_out_batches
from .distributed import find_communicator
from .evaluation import evaluate, top_guesses
from .guesses import show_guesses
from .run import pretrain, resume
from .stopping import RunStopped
from .trainer import train

__all__ = ["BigramModel", "PretrainingData", "RunStopped", "UnigramModel", "evaluate",
           "evaluate_baseline", "find_communicator", "held_out_batches", "pretrain", "resume",
           "show_guesses", "top_guesses", "train"]
