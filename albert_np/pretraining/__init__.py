"""Pretraining: masked words and sentence order."""

from .baselines import BigramModel, UnigramModel, evaluate_baseline
from .data import PretrainingData
from .evaluation import evaluate, top_guesses
from .run import pretrain, show_guesses
from .trainer import train

__all__ = ["BigramModel", "PretrainingData", "UnigramModel", "evaluate", "evaluate_baseline",
           "pretrain", "show_guesses", "top_guesses", "train"]
