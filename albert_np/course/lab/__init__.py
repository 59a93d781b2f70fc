"""The lab: the reader pages with numbers that can be typed over, on this computer alone.

A page sends numbers and perhaps the name of a planted fault. It gets back what every line makes of
them, and what the gradient check says. Read ``answers`` (what is sent, what is refused, what comes
back), ``server`` (who may ask) and ``lab.js`` (the fields of a page).
"""

from .server import LabServer

__all__ = ["LabServer"]
