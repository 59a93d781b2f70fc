"""What this site asks of Sphinx beyond its own: equation numbers that are our labels.

- An equation with ``:label: ATT.9`` is numbered (ATT.9), and not (1), (2), ... page by page.
- Wherever prose says (ATT.9), in a docstring, a page or a tutorial, it becomes a link to the row
  of that equation on its reader page, or else to the equation.
- Names that a package only passes on (``albert_np.layers.attention_forward``) lead to where the
  object is documented, once, in the module that defines it.
- The pages of the API are written here: one for each module, in the order of the floors.
- Labels and modules that have a reader page lead to it (``albert_np.course.reader``).
- The pages of the tutorials show the output of their last full run (see ``tutorial_pages``).
"""

import functools
import importlib
import pkgutil
import re
from pathlib import Path

import furo
from docutils import nodes
from shapes import shapes_svg
from sphinx import addnodes
from sphinx.domains.math import MathDomain
from sphinx.transforms import SphinxTransform
from sphinx.util.nodes import make_refnode
from tutorial_pages import add_output

from albert_np.course.reader.pairs import find_pairs, pages_of_labels
from albert_np.gradcheck.equations import LABEL, find_equations

# The floors of the package, bottom to top.
FLOORS = ("files", "functional", "model_files", "config", "parameters", "optim", "layers",
          "text", "models", "plotting", "inference", "pretraining", "tasks", "gradcheck", "course",
          "commands")


class LabelledMath(MathDomain):
    """Equations are numbered by their own labels."""

    def note_equation(self, docname, labelid, location=None):
        super().note_equation(docname, labelid, location)
        self.equations[labelid] = (docname, labelid)


class LinkLabels(SphinxTransform):
    """Turn labels in prose into links."""

    default_priority = 5
    leave = (nodes.literal, nodes.literal_block, nodes.doctest_block, nodes.math, nodes.math_block,
             nodes.reference, nodes.title, nodes.comment, nodes.raw, addnodes.pending_xref)
    known = read = None

    def apply(self):
        if LinkLabels.known is None:
            LinkLabels.known = {equation.label for equation in find_equations()}
            LinkLabels.read = pages_of_labels()
        for text in list(self.document.findall(nodes.Text)):
            parent = text.parent
            while parent is not None and not isinstance(parent, self.leave):
                parent = parent.parent
            if parent is None:
                self.link(text)

    def link(self, text):
        parts = re.split(rf"(\({LABEL}\))", str(text))
        if len(parts) == 1:
            return
        replacement = []
        for part in parts:
            label = part[1:-1]
            if part.startswith("(") and label in self.read:
                up = "../" * self.env.docname.count("/")
                replacement.append(nodes.reference(
                    part, "", nodes.literal(part, part), internal=False,
                    refuri=f"{up}reader/{self.read[label]}.html#{label}"))
            elif part.startswith("(") and label in self.known:
                reference = addnodes.pending_xref(
                    part, nodes.literal(part, part), refdomain="math", reftype="eq",
                    reftarget=label, refdoc=self.env.docname, refwarn=True)
                replacement.append(reference)
            elif part:
                replacement.append(nodes.Text(part))
        text.parent.replace(text, replacement)


def find_defined(app, env, node, contnode):
    """A name that some package passes on: link to the module that defines it."""
    if node.get("refdomain") != "py":
        return None
    parts = node.get("reftarget", "").split(".")
    for module in filter(None, (node.get("py:module"), "albert_np", "")):
        found = resolve(parts, module) or resolve(parts, ".".join(module.split(".")[:-1]))
        if found:
            entry = env.get_domain("py").objects.get(found)
            if entry:
                return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id,
                                    contnode, found)
    return None


def resolve(parts, module):
    """The full name under which the object is defined, or None."""
    if parts[0] == "albert_np":
        for cut in range(len(parts), 0, -1):
            try:
                here, rest = importlib.import_module(".".join(parts[:cut])), parts[cut:]
                break
            except ImportError:
                continue
        else:
            return None
    else:
        try:
            here, rest = importlib.import_module(module or "albert_np"), parts
        except ImportError:
            return None
    for name in rest:
        here = getattr(here, name, None)
    home, name = getattr(here, "__module__", None), getattr(here, "__qualname__", None)
    return f"{home}.{name}" if home and name and str(home).startswith("albert_np") else None


def write_api(app):
    """One page for each public module of the package, and the list of them."""
    import albert_np

    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    names = [module.name for module in pkgutil.walk_packages(albert_np.__path__, "albert_np.")
             if not module.name.endswith("__main__")]
    keep = {"index.rst"}
    readers = {}
    for pair in find_pairs():
        module = "albert_np." + pair.file.removesuffix(".py").replace("/", ".")
        readers.setdefault(module, []).append(f"`{pair.name} <../reader/{pair.name}.html>`__")
    for name in names:
        keep.add(f"{name}.rst")
        reader = f"Line by line: {', '.join(readers[name])}.\n\n" if name in readers else ""
        write_if_new(folder / f"{name}.rst",
                     f"{name}\n{'=' * len(name)}\n\n{reader}.. automodule:: {name}\n"
                     "   :members:\n   :ignore-module-all:\n")
    for old in folder.glob("*.rst"):
        if old.name not in keep:
            old.unlink()

    def floor(name):
        return FLOORS.index(name.split(".")[1]), name

    listed = "".join(f"   {name}\n" for name in sorted(names, key=floor))
    write_if_new(folder / "index.rst",
                 "The code, module by module\n==========================\n\nBottom to top: each "
                 "floor imports only from the floors beneath it.\n\n.. toctree::\n"
                 "   :maxdepth: 1\n\n" + listed)


def write_equations(app):
    """The page that lists all equations."""
    rows = [("Equation", "Line by line", "Formula", "Derived in")]
    pages = pages_of_labels()
    for equation in find_equations():
        module = "albert_np." + equation.file.removesuffix(".py").replace("/", ".")
        page = pages.get(equation.label)
        rows.append((f":eq:`{equation.label}`",
                     f"`{page} <reader/{page}.html#{equation.label}>`__" if page else "",
                     f":math:`{' '.join(equation.latex.split())}`",
                     f":py:obj:`{equation.function} <{module}.{equation.function}>`"
                     if equation.function else f":py:mod:`{module}`"))
    table = "".join(f"   * - {one}\n" + "".join(f"     - {other}\n" for other in others)
                    for one, *others in rows)
    write_if_new(Path(app.srcdir) / "equations.rst",
                 "All equations\n=============\n\nEach is derived in a docstring; its label stands "
                 "at the end of the line that computes it. `Line by line <reader/index.html>`__ "
                 "shows formula, code, shape and numbers beside each other.\n\n.. list-table::\n"
                 "   :header-rows: 1\n\n" + table)


def write_shapes(app):
    """The picture of the front page."""
    write_if_new(Path(app.srcdir) / "shapes.svg", shapes_svg())


def write_course(app):
    """The list of the tutorials with its routes, and the page for teachers: pages here too."""
    tutorials = Path(app.srcdir).parent / "tutorials"

    def page(match):
        there = (tutorials / f"{match[2]}.py").exists()
        return f"[{match[1]}](tutorials/{match[2]}.rst)" if there else match[1]

    for source, name in (("README.md", "course.md"), ("teaching.md", "teaching.md")):
        text = (tutorials / source).read_text(encoding="utf-8")
        text = re.sub(r"\[([^\]]*)\]\((\d\d_\w+)\.py\)", page, text)
        if name == "course.md":
            text += "\n```{toctree}\n:hidden:\n:glob:\n\ntutorials/*\n```\n"
        write_if_new(Path(app.srcdir) / name,
                     text.replace("](pictures/", "](../tutorials/pictures/")
                         .replace("](../docs/", "]("))


def write_if_new(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def forget_modules_without_source(app, env):
    """Modules in C, whose source no page shows, do not belong in the list of source pages."""
    modules = getattr(env, "_viewcode_modules", {})
    for name in [name for name, entry in modules.items() if not entry]:
        del modules[name]


def share_navigation(app, page, template, context, doctree):
    """Compute the list of all pages once for the source pages of one folder depth.

    A source page stands nowhere in this list, so nothing in it is marked as the present page, and
    only the links differ with the depth. To compute it for each page takes a third of the build.
    """
    if page.startswith("_modules/"):
        compute, depth = context["toctree"], page.count("/")
        context["toctree"] = lambda **options: _navigation(app, depth, compute, options)


def _navigation(app, depth, compute, options):
    known = app.__dict__.setdefault("shared_navigation", {})
    if depth not in known:
        known[depth] = compute(**options)
    return known[depth]


def setup(app):
    """Called by Sphinx."""
    furo.get_navigation_tree = functools.lru_cache(furo.get_navigation_tree)
    app.connect("html-page-context", share_navigation, priority=400)       # before the theme
    # It copies MathJax when the pages are built. It does not say that reading can be parallel.
    app.extensions["sphinx-mathjax-offline"].parallel_read_safe = True
    app.add_domain(LabelledMath, override=True)
    app.add_transform(LinkLabels)
    app.connect("builder-inited", write_api)
    app.connect("builder-inited", write_equations)
    app.connect("builder-inited", write_shapes)
    app.connect("builder-inited", write_course)
    app.add_config_value("tutorial_outputs", "outputs", "env")
    app.connect("source-read", add_output)
    app.connect("missing-reference", find_defined)
    app.connect("env-updated", forget_modules_without_source)
    return {"parallel_read_safe": True, "version": "1"}
