"""What the tutorials share: showing pictures and source, short runs, and a small pretrained model.

Read ``showing``, ``short_runs``, then ``small_model``.
"""

from .short_runs import curves, data_or, made_up_messages, short_run_adamw, teach, two_starts
from .showing import output_folder, quick, show, source_of
from .small_model import model_for_a_lecture, small_pretrained

__all__ = ["curves", "data_or", "made_up_messages", "model_for_a_lecture", "output_folder", "quick",
           "short_run_adamw", "show", "small_pretrained", "source_of", "teach", "two_starts"]
