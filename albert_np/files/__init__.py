"""Files that are whole or absent, one reader a folder, and what the machine lends.

Read ``whole_files`` (writing so that a crash loses nothing), ``git_lfs`` (pointers in the place of
files), ``json_objects`` (reading settings that may be damaged), ``file_kinds`` (what a file is) and
``text_lines`` (where a line ends), ``options`` (settings that are said once), ``locks`` (one run a
folder) and ``run_folders`` (nobody's files are overwritten), then ``freed_memory``, ``threads`` and
``processes``.
"""

from .whole_files import (in_a_sentence, make_folder, read_bytes, read_text, remove_leftovers,
                          write_together, write_whole)

__all__ = ["in_a_sentence", "make_folder", "read_bytes", "read_text", "remove_leftovers",
           "write_together", "write_whole"]
