"""ALBERT for tasks: the encoder with one head and one loss each.

Every model has ``forward(input_ids, attention_mask, token_type_ids, labels, rng=...)``, which
gives ``(output, cache)``, and ``backward(cache, d_output=None)``, which gives the gradients of all
parameters. The names, the losses and, by ``state_dict``, the weights are those of the classes of
the same names in transformers, which has no ``AlbertForSquad2``.
"""

from .masked_lm import AlbertForMaskedLM
from .multiple_choice import AlbertForMultipleChoice
from .question_answering import AlbertForQuestionAnswering
from .sequence_classification import AlbertForSequenceClassification
from .squad2 import AlbertForSquad2
from .token_classification import AlbertForTokenClassification

__all__ = ["AlbertForMaskedLM", "AlbertForMultipleChoice", "AlbertForQuestionAnswering",
           "AlbertForSequenceClassification", "AlbertForSquad2", "AlbertForTokenClassification"]
