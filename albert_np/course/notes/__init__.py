"""Notes on derivations in other languages: one file for a module, with a section for each equation.

Read ``read_notes``, then a file such as ``zh/attention.md``. To translate a module, write its file
in the folder of the language. A new language also needs its name in ``read_notes``.
"""

from .read_notes import LANGUAGES, all_notes, as_restructured_text, notes_on, read_notes

__all__ = ["LANGUAGES", "all_notes", "as_restructured_text", "notes_on", "read_notes"]
