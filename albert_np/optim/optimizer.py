"""What an optimiser remembers from step to step, handed out and taken back."""

import numpy as np

from ..functional.trees import flatten


class Optimizer:
    """The part that all optimisers have in common: their state can be saved and restored.

    An optimiser that was restored goes on exactly as the one that was saved would have::

        saved = {name: array.copy() for name, array in optimizer.state().items()}
        ...
        another.load_state(saved)

    The learning rate and the other settings are no part of the state; make the new optimiser with
    those of the old one.
    """

    def zero_grad(self):
        """Do nothing: ``backward`` returns new gradients each time."""

    def state(self):
        """Everything that the next step depends on beside parameters, gradient and settings.

        Returns
        -------
        dict of str to array
            ``steps``, an array without axes, and the moments, ``m.`` or ``v.`` before the dotted
            name of the parameter. The moments are the optimiser's own arrays, which the next step
            changes: copy what is to stay.
        """
        return {"steps": np.array(self.steps, np.int64), **flatten(self.leaves.moments)}

    def load_state(self, state):
        """Copy in what :meth:`state` gave, in this or in an earlier process.

        Parameters
        ----------
        state : dict of str to array

        Raises
        ------
        ValueError
            It names the first array that is missing, unknown, of another shape or dtype, or that
            no step gives; nothing is changed then.
        """
        if not isinstance(state, dict):
            raise ValueError(f"the state of an optimiser is a dict, not a {type(state).__name__}")
        own = self.state()
        for name in own:
            if name not in state:
                raise ValueError(f"the state of the optimiser lacks {name}")
        for name, array in state.items():
            if name not in own:
                raise ValueError(f"the state has {name}, which this {type(self).__name__} for "
                                 f"these parameters does not have")
            for what, is_, needed in (("shape", np.shape(array), own[name].shape),
                                      ("dtype", np.asarray(array).dtype, own[name].dtype)):
                if is_ != needed:
                    raise ValueError(f"{name} in the state of the optimiser has {what} {is_}, "
                                     f"where {needed} is needed")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} in the state of the optimiser is not finite")
            if name.startswith("v.") and np.any(np.less(array, 0)):
                raise ValueError(f"{name} in the state of the optimiser has a negative entry, but "
                                 f"it is a mean of squares")
        if state["steps"] < 0:
            raise ValueError(f"the state of the optimiser says that {state['steps']} steps were "
                             f"taken")
        self.steps = int(state["steps"])
        for name, array in own.items():
            array[...] = state[name]
