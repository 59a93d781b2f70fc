"""Fine-tuning: a pretrained ALBERT learns a task from labelled rows."""

from .run import finetune
from .settings import Settings, read_settings
from .recipes import TASKS

__all__ = ["TASKS", "Settings", "finetune", "read_settings"]
