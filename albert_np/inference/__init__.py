"""Using a model: guesses for masked words, vectors of sentences, a table of its parameters.

Read ``load`` (a model and its tokenizer), ``guesses``, ``vectors`` and ``sizes``; then how many
texts go through a model quickly: ``text_windows`` and ``batches_by_length``. ``translation/``
writes text with an encoder alone.
"""

from .guesses import fill_mask
from .load import load, load_config, load_model
from .sizes import parameter_table
from .vectors import sentence_vectors, similarity

__all__ = ["fill_mask", "load", "load_config", "load_model",
           "parameter_table", "sentence_vectors", "similarity"]
