"""What differed between a file of weights and the model they were loaded into."""

from dataclasses import dataclass, field


@dataclass
class LoadReport:
    """What was loaded, and everything that was not simply copied.

    ``print(model.load_report)`` shows it as a few lines.

    Attributes
    ----------
    source : str
        Where the weights came from.
    model : str
        The class of the model.
    loaded : int
        How many of its tensors the file had.
    initialised : list of str
        Tensors that the file did not have: drawn with the seed, biases 0, gammas 1.
    mismatched : list of str
        Tensors of a head that have another shape in the file: drawn likewise.
    seed : int
    unused : list of str
        Tensors of the file that the model has no place for.
    ignored : list of str
        Tensors of the file that hold no weights: positions counted from 0, optimiser's moments.
    tied : list of str
        What was done about second copies of tied weights.
    converted : dict of str to int
        "float16 to float32": in how many tensors.
    prefix : str
        "added" or "removed", where the names of the file begin otherwise than those of the model.
    not_finite : list of str
        Tensors in which there are infinite numbers or NaN; a note says so too.
    notes : list of str
        All else, in sentences.
    remarks : list of str
        What every command that uses the model prints: the run is not finished, the file has
        weights that no model here has, or its weights have 8 bits.
    """

    source: str
    model: str
    seed: int = 0
    loaded: int = 0
    initialised: list = field(default_factory=list)
    mismatched: list = field(default_factory=list)
    unused: list = field(default_factory=list)
    ignored: list = field(default_factory=list)
    tied: list = field(default_factory=list)
    converted: dict = field(default_factory=dict)
    prefix: str = ""
    not_finite: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    remarks: list = field(default_factory=list)

    def __str__(self):
        total = self.loaded + len(self.initialised) + len(self.mismatched)
        lines = [f"{self.model} from {self.source}: {self.loaded} of {total} tensors loaded"]
        if self.initialised:
            lines.append(f"not in the file, initialised with seed {self.seed}: "
                         + ", ".join(self.initialised))
        if self.mismatched:
            lines.append(f"of another shape in the file, initialised with seed {self.seed}: "
                         + ", ".join(self.mismatched))
        if self.unused:
            lines.append("in the file, not used: " + ", ".join(self.unused))
        if self.ignored:
            lines.append("in the file, no weights: " + ", ".join(self.ignored))
        lines += [f"tied: {sentence}" for sentence in self.tied]
        lines += [f"converted from {what}: {count} tensors"
                  for what, count in self.converted.items()]
        if self.prefix:
            lines.append(f"the prefix 'albert.' was {self.prefix}")
        lines += [f"note: {note}" for note in self.notes]
        return "\n  ".join(lines)
