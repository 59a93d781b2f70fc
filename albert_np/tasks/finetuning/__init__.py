"""Fine-tuning: a pretrained ALBERT learns a task from labelled rows.

Read one task, such as ``recipes/classification.py``; then ``data`` (its rows), ``source_task``
and ``start`` (its model), ``class_weights``, ``distilling`` (a teacher), ``text_notes``,
``prepare``, ``batches``, ``parallel``, ``state`` and ``trainer`` (the training loop), ``outputs``
and ``predicting``,
``report`` and ``pictures``. ``run`` puts them together, with ``options`` and ``settings``.
``evaluate`` scores a finished model on other rows, and ``quantizing`` writes it in 8 bits. For
texts without labels there are ``unlabelled``, ``pseudo_labels`` and ``self_training``.
"""

from .recipes import TASKS
from .run import finetune, resume
from .settings import Settings, read_settings

__all__ = ["TASKS", "Settings", "finetune", "read_settings", "resume"]
