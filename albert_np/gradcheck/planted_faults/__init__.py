"""The catalogue of planted faults: classic mistakes, each a small edit of one line of this package.

They are data. :mod:`albert_np.gradcheck.planting` puts each into a copy of the package and runs the
check that is meant to catch it. Read ``fault``, then ``functional``, ``layers``, ``models``,
``training`` and ``text`` as a list of what goes wrong when backward passes are written by hand;
some of these mistakes train without complaint for days.
"""

from . import functional, layers, models, text, training
from .fault import PlantedFault, is_test

PLANTED_FAULTS = (*functional.FAULTS, *layers.FAULTS, *models.FAULTS, *training.FAULTS,
                  *text.FAULTS)

__all__ = ["PLANTED_FAULTS", "PlantedFault", "is_test"]
