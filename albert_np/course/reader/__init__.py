"""The reader: pages that show a function pair side by side, line by line, with its numbers.

Everything on a page comes from the source: labels and comments from its text, values from running
the example of its docstring. Read ``pairs`` (which pages there are), ``names`` (code name to
symbol), ``mathematics`` (LaTeX to MathML, docstrings to HTML), ``lines_as_formulas`` (a line of
code as LaTeX), ``rows`` (trace and labels to rows), ``runs`` (the numbers, also with a planted
fault), ``verdicts`` (the gradient check of these numbers), ``numbers`` and ``pieces`` (arrays and
code as short HTML), ``page`` (rows to HTML), ``below_the_table`` (what follows the rows) and
``write`` (all pages into a folder). It needs docutils, the extra "lab".
"""
