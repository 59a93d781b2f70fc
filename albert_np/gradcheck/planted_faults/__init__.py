"""The catalogue of planted faults: classic mistakes, each a small edit of one line of this package.

They are data. :mod:`albert_np.gradcheck.planting` puts each into a copy of the package and runs the
check that is meant to catch it. Read ``fault``, then ``functional``, ``activations``, ``losses``,
``attention``, ``layers``, ``models``, ``pictures``, ``training``, ``text`` and ``compression`` as a
list of what goes wrong when backward passes are written by hand; some of these mistakes train
without complaint for days.
"""

from . import (activations, attention, compression, functional, layers, losses, models, pictures,
               text, training)
from .fault import Mistake, PlantedFault, is_test

PARTS = (functional, activations, losses, attention, layers, models, pictures, training, text,
         compression)
PLANTED_FAULTS = tuple(fault for part in PARTS for fault in part.FAULTS)

__all__ = ["PLANTED_FAULTS", "Mistake", "PlantedFault", "is_test"]
