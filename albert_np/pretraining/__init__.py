"""Pretraining: masked words and sentence order."""

from .baselines import BigramModel, UnigramModel, evaluate_baseline
from .batches import PretrainingData, held_out_batches
from .distributed import find_communicator
from .evaluation import evaluate, top_guesses
from .guesses import show_guesses
from .run import RunStopped, pretrain, resume
from .trainer import train

__all__ = ["BigramModel", "PretrainingData", "RunStopped", "UnigramModel", "evaluate",
           "evaluate_baseline", "find_communicator", "held_out_batches", "pretrain", "resume",
           "show_guesses", "top_guesses", "train"]
