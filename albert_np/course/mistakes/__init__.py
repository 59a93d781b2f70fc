"""The catalogue of a class: what students write, beside the planted faults of ``gradcheck``.

Those prove that the gradient checks catch mistakes. These prove nothing about gradient checks: many
are of forward passes, of data and of schedules, and the trials of the exercises catch them. A
student who makes one is told which it is. Read ``functions``, ``layers``, ``data``, ``training``,
``distillation``, ``compression``, ``few_labels``, ``patches`` and ``trust``, in the order of the
units.
"""

from ...gradcheck.planted_faults import PLANTED_FAULTS
from . import (compression, data, distillation, few_labels, functions, layers, patches, training,
               trust)

PARTS = (functions, layers, data, training, distillation, compression, few_labels, patches, trust)
MISTAKES = tuple(fault for part in PARTS for fault in part.FAULTS)
KNOWN = (*PLANTED_FAULTS, *MISTAKES)

__all__ = ["KNOWN", "MISTAKES"]
