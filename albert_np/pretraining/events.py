"""Event files for TensorBoard, written with a library that is an extra."""

import contextlib
import re
import time

from ..files import make_folder
from .metrics import COLUMNS, SPLITS

FOLDER_NAME = "tensorboard"


def event_writer(output, wanted):
    """A context that hands out ``add(metrics, flush=False)``, which writes what is new in the rows.

    Training and held-out figures go to a folder each, ``tensorboard/train`` and
    ``tensorboard/held-out``, under the same names, so that TensorBoard draws both into one chart.
    A run that goes on from a checkpoint begins further files there, which open with the step from
    which on TensorBoard is to forget what it had read before.

    Parameters
    ----------
    output : Path
        The run folder.
    wanted : bool
        False writes nothing.

    Returns
    -------
    context manager
        With ``flush=True``, ``add`` returns when everything is on the disk.

    Raises
    ------
    ValueError
        The library is not installed.
    """
    if not wanted:
        return contextlib.nullcontext(lambda metrics, flush=False: None)
    try:
        from tensorboardX import RecordWriter
        from tensorboardX.proto import event_pb2, summary_pb2
    except ImportError:
        raise ValueError("TensorBoard event files need tensorboardX; install it with "
                         "pip install 'albert-np[tensorboard]'") from None
    return _writing(output / FOLDER_NAME, RecordWriter, event_pb2, summary_pb2)


@contextlib.contextmanager
def _writing(folder, RecordWriter, event_pb2, summary_pb2):
    writers, written = {}, 0

    def write(split, step, **content):
        event = event_pb2.Event(wall_time=time.time(), step=step, **content)
        writers[split].write(event.SerializeToString())

    def begin(first):
        """Open a file for each split. An earlier part of the run may have got beyond this step."""
        for split in SPLITS:
            make_folder(folder / split)
            writers[split] = RecordWriter(str(folder / split / _next_name(folder / split)))
            write(split, 0, file_version="brain.Event:2")
            write(split, first, session_log=event_pb2.SessionLog(
                status=event_pb2.SessionLog.START))

    def add(metrics, flush=False):
        nonlocal written
        if not writers:
            first = metrics[-1]["step"]             # rows of earlier steps were written back then
            written = next(i for i, row in enumerate(metrics) if row["step"] == first)
            begin(first)
        for row in metrics[written:]:
            figures = [summary_pb2.Summary.Value(tag=name, simple_value=row[name])
                       for name in COLUMNS if name not in ("step", "split", "tokens", "seconds")
                       and row.get(name) is not None]
            write(row["split"], row["step"], summary=summary_pb2.Summary(value=figures))
        written = len(metrics)
        if flush:
            for writer in writers.values():
                writer.flush()

    try:
        yield add
    finally:
        for writer in writers.values():
            writer.close()


def _next_name(folder):
    """TensorBoard reads the files of a folder in the order of their names."""
    numbers = [int(match[1]) for path in folder.iterdir()
               if (match := re.search(r"\.tfevents\.(\d+)$", path.name))]
    return f"events.out.tfevents.{max(numbers, default=0) + 1:06d}"
