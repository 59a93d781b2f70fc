"""The models: layers put together over one tree of parameters, each with forward and backward.

Read ``trunk`` (embeddings, encoder, pooler), ``outputs``, ``base``, ``albert_model`` and
``pretraining`` (the two losses); then one task: ``sequence_classification``,
``token_classification``, ``multiple_choice``, ``question_answering``, ``squad2`` or ``masked_lm``.
``words_and_pictures`` reads patches of a picture and the words of its caption in one sequence.
``inputs`` and ``labels`` check what comes in; ``loading`` reads published weights, and
``load_report`` says what did not fit. ``quantized`` writes weights in 8 bits.
"""

from .albert_model import AlbertModel
from .masked_lm import AlbertForMaskedLM
from .multiple_choice import AlbertForMultipleChoice
from .outputs import AlbertOutput
from .pretraining import AlbertForPreTraining
from .question_answering import AlbertForQuestionAnswering
from .sequence_classification import AlbertForSequenceClassification
from .squad2 import AlbertForSquad2
from .token_classification import AlbertForTokenClassification
from .trunk import albert_backward, albert_forward

TASK_MODELS = ("AlbertForMaskedLM", "AlbertForMultipleChoice", "AlbertForQuestionAnswering",
               "AlbertForSequenceClassification", "AlbertForSquad2", "AlbertForTokenClassification")

__all__ = ["AlbertForMaskedLM", "AlbertForMultipleChoice", "AlbertForPreTraining",
           "AlbertForQuestionAnswering", "AlbertForSequenceClassification", "AlbertForSquad2",
           "AlbertForTokenClassification", "AlbertModel", "AlbertOutput", "TASK_MODELS",
           "albert_backward", "albert_forward"]
