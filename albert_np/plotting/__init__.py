"""Every picture of the package. matplotlib is imported here and nowhere else, inside the functions.

Pictures take numbers that are already computed. Read ``figures`` (colours, axes, saving) and
``lettering``; then whatever you want to draw: ``losses`` and ``runs``, ``gradients``,
``parameter_sizes``, ``ablation``, ``search_trials``; ``tasks/`` has the pictures of fine-tuned
models.
"""

from .ablation import plot_ablation
from .figures import BLUE, GREEN, GREY, ORANGE, save_figure
from .gradients import plot_depths, plot_error_maps, plot_steps
from .losses import plot_losses
from .runs import plot_runs

__all__ = ["BLUE", "GREEN", "GREY", "ORANGE", "plot_ablation", "plot_depths", "plot_error_maps",
           "plot_losses", "plot_runs", "plot_steps", "save_figure"]
