"""Rewrites of a source that change nothing about what it computes."""

import ast


def renamed_and_einsum(source):
    """Other names for all local variables, and einsum in place of matmul."""
    tree = ast.parse(source)
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            _rename_locals(node)
    tree = _Einsum().visit(tree)
    at = next(i for i, node in enumerate(tree.body)
              if not (isinstance(node, ast.Expr) or getattr(node, "module", "") == "__future__"))
    tree.body.insert(at, ast.parse("import numpy as numpy_again").body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


def drawing_first(source):
    """Every function that is given a generator draws something for nothing before it begins."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and "rng" in [a.arg for a in node.args.args]:
            node.body.insert(0, ast.parse("if rng is not None: rng.random(7)").body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


def _rename_locals(function):
    taken = {argument.arg for node in ast.walk(function)
             if isinstance(node, (ast.FunctionDef, ast.Lambda))
             for argument in (*node.args.args, *node.args.kwonlyargs, node.args.vararg,
                              node.args.kwarg) if argument is not None}
    taken |= {node.name for node in ast.walk(function) if isinstance(node, ast.FunctionDef)}
    names = {node.id for node in ast.walk(function)
             if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)} - taken
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in names:
            node.id = f"my_{node.id}"


class _Einsum(ast.NodeTransformer):
    def visit_BinOp(self, node):
        self.generic_visit(node)
        if not isinstance(node.op, ast.MatMult):
            return node
        function = ast.Attribute(ast.Name("numpy_again", ast.Load()), "einsum", ast.Load())
        return ast.Call(function, [ast.Constant("...ij,...jk->...ik"), node.left, node.right], [])
