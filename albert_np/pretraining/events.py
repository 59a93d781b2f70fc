"""Event files for TensorBoard, written with tensorboardX, a library that is an extra.

Its ``EventsWriter`` writes them, not its ``SummaryWriter``: that one writes from a thread of its
own, its ``flush`` does not wait for the thread, and if the disk is full it never returns.
"""

import contextlib
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
        import tensorboardX  # noqa: F401
    except ImportError:
        raise ValueError("TensorBoard event files need tensorboardX; install it with "
                         "pip install tensorboardX") from None
    return _writing(output / FOLDER_NAME)


@contextlib.contextmanager
def _writing(folder):
    from tensorboardX.event_file_writer import EventsWriter
    from tensorboardX.proto.event_pb2 import Event, SessionLog
    from tensorboardX.proto.summary_pb2 import Summary

    writers, written = {}, 0

    def write(split, step, **content):
        writers[split].write_event(Event(wall_time=time.time(), step=step, **content))

    def begin(first):
        """Open a file for each split. An earlier part of the run may have got beyond this step."""
        for split in SPLITS:
            make_folder(folder / split)
            # A name has the second, then this number: TensorBoard reads files in order of names.
            number = len(list((folder / split).iterdir()))
            writers[split] = EventsWriter(str(folder / split / "events"), f".{number:06d}")
            write(split, first, session_log=SessionLog(status=SessionLog.START))

    def add(metrics, flush=False):
        nonlocal written
        if not writers:
            first = metrics[-1]["step"]             # rows of earlier steps were written back then
            written = next(i for i, row in enumerate(metrics) if row["step"] == first)
            begin(first)
        for row in metrics[written:]:
            figures = [Summary.Value(tag=name, simple_value=row[name]) for name in COLUMNS
                       if name not in ("step", "split", "tokens", "seconds")
                       and row.get(name) is not None]
            write(row["split"], row["step"], summary=Summary(value=figures))
        written = len(metrics)
        if flush:
            for writer in writers.values():
                writer.flush()

    try:
        yield add
    finally:
        for writer in writers.values():
            writer.close()
