"""Fine-tuning: a pretrained ALBERT learns a task from labelled rows.

Read one task, such as ``recipes/classification.py``; then ``data`` (its rows), ``start`` (its
model), ``batches``, ``parallel`` and ``trainer`` (the training loop), ``outputs`` and
``predicting``. ``run`` puts them together, with ``options``, ``settings`` and ``pictures``.
"""

from .recipes import TASKS
from .run import finetune
from .settings import Settings, read_settings

__all__ = ["TASKS", "Settings", "finetune", "read_settings"]
