"""The settings of Sphinx; ``docs/build`` runs it."""

import os
import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]             # extension.py, shapes.py, and the package

project, author = "albert_np", "the authors of albert_np"
copyright = author
try:
    release = metadata.version("albert-np")
except metadata.PackageNotFoundError:                    # not installed
    from albert_np import __version__ as release

extensions = ["sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx.ext.mathjax",
              "sphinx-mathjax-offline", "numpydoc", "myst_parser",
              "sphinx_gallery.gen_gallery", "extension"]
exclude_patterns = ["_build", "speed", "tutorials/*.ipynb", "tutorials/*.py", "tutorials/index.rst",
                    "sg_execution_times.rst"]
tutorial_outputs = os.environ.get("ALBERT_NP_DOCS_OUTPUTS", "outputs")     # beneath this folder
default_role = "py:obj"                                  # `name` in a docstring
nitpicky = False

html_theme = "furo"
html_title = f"albert_np {release}"
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_copy_source = html_show_sourcelink = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autosummary_generate = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

# Sphinx-Gallery writes text and code; tutorial_pages.py adds the output. course.md is the list.
sphinx_gallery_conf = {
    "examples_dirs": ["../tutorials"],
    "gallery_dirs": ["tutorials"],
    "filename_pattern": "run none",
    "within_subsection_order": "FileNameSortKey",
    "nested_sections": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "write_computation_times": False,
    "show_signature": False,
    "min_reported_time": 1,
}
