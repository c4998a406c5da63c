"""Mutants of one module, by syntax tree: each is the module with one small lie in it.

What is changed: an operand of `and`/`or` is dropped, `and` and `or` are swapped, a comparison is negated or moved by its
boundary, a condition is made constant, a refusal becomes a pass, a truth value is flipped, `all`/`any`, `+`/`-` are swapped,
a number is moved, a word is changed, a case of a `match` is dropped, `not` is taken away.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.LtE: ast.Gt, ast.Gt: ast.LtE,
}  # fmt: skip
_BOUNDARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
Change = tuple[str, Callable[[ast.AST], ast.AST | None]]
"""What it is called, and a function that changes the copy of a node: gives another node, or `None` after a change in place."""


@dataclass(frozen=True)
class Mutant:
    """One mutant. `code` is compiled and ready to run as a module."""

    line: int
    text: str
    code: object

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def mutants(path: Path) -> Iterator[Mutant]:
    """All mutants of a file, top to bottom."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    silent = _not_judged(tree)
    sites = [(i, node) for i, node in enumerate(nodes) if id(node) not in silent and hasattr(node, "lineno")]
    for i, node in sorted(sites, key=lambda site: (site[1].lineno, site[1].col_offset, site[0])):
        for text, change in _changes(node):
            yield _make(tree, i, node, text, change, path)


def _make(tree: ast.Module, index: int, node: ast.AST, text: str, change: object, path: Path) -> Mutant:
    other = copy.deepcopy(tree)
    target = list(ast.walk(other))[index]
    new = change(target)  # type: ignore[operator]
    if new is not None:
        _Swap(target, new).visit(other)
    ast.fix_missing_locations(other)
    what = ast.unparse(node).replace("\n", " ")
    return Mutant(node.lineno, f"{text}: {what:.90}", compile(other, str(path), "exec"))  # type: ignore[attr-defined]


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _not_judged(tree: ast.Module) -> set[int]:
    """Doc strings, annotations, imports, decorators, the text of f-strings: nothing hangs on them."""
    silent: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        match node:
            case ast.Expr(value=ast.Constant(value=str())) | ast.Import() | ast.ImportFrom() | ast.JoinedStr():
                parts = [node]
            case ast.FunctionDef():
                parts = [*node.decorator_list, node.returns, *(a.annotation for a in node.args.args)]
            case ast.ClassDef():
                parts = list(node.decorator_list)
            case ast.AnnAssign():
                parts = [node.annotation]
        silent |= {id(n) for part in parts if part is not None for n in ast.walk(part)}
    return silent


def _changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.BoolOp():
            for k in range(len(node.values)):
                yield f"operand {k + 1} dropped", _drop_operand(k)
            yield "and/or swapped", _set(op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.Compare():
            for k, op in enumerate(node.ops):
                for name, table in (("negated", _NEGATED), ("boundary", _BOUNDARY)):
                    if type(op) in table:
                        yield f"comparison {k + 1} {name}", _set_op(k, table[type(op)])
        case ast.UnaryOp(op=ast.Not()):
            yield "not taken away", lambda n: n.operand  # type: ignore[attr-defined]
        case ast.If() | ast.IfExp():
            for value in (True, False):
                yield f"condition is {value}", _set(test=ast.Constant(value))
        case ast.comprehension(ifs=[_, *_]):
            yield "filter dropped", _set(ifs=[])
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield "passes", _set(value=ast.Constant(None))
        case ast.Constant(value=bool() as flag):
            yield "flag flipped", _set(value=not flag)
        case ast.Constant(value=int() | float() as number):
            yield "number moved", _set(value=number + 1)
        case ast.Constant(value=str() as word):
            yield "word changed", _set(value=word + "?")
        case ast.BinOp(op=ast.Add() | ast.Sub() as op):
            yield "sign changed", _set(op=ast.Sub() if isinstance(op, ast.Add) else ast.Add())
        case ast.UnaryOp(op=ast.USub()):
            yield "minus dropped", lambda n: n.operand  # type: ignore[attr-defined]
        case ast.Name(id="all" | "any" as word):
            yield "all/any swapped", _set(id="any" if word == "all" else "all")
        case ast.Match(cases=cases):
            for k in range(len(cases)):
                yield f"case {k + 1} dropped", _set(cases=[c for j, c in enumerate(cases) if j != k])
        case _:
            pass


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _set(**values: object) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        for name, value in values.items():
            setattr(node, name, value)

    return change


def _set_op(k: int, op: type[ast.cmpop]) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        node.ops[k] = op()  # type: ignore[attr-defined]

    return change


def _drop_operand(k: int) -> Callable[[ast.AST], ast.AST | None]:
    def change(node: ast.AST) -> ast.AST | None:
        del node.values[k]  # type: ignore[attr-defined]
        return node.values[0] if len(node.values) == 1 else None  # type: ignore[attr-defined]

    return change
