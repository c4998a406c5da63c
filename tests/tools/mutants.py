"""Mutants of one module, by syntax tree: each is the module with one small lie in it.

An operand of `and`/`or` is dropped, `and` and `or` are swapped, a comparison is negated or moved by its boundary, a
condition is made constant, a refusal becomes a pass, a truth value is flipped, `all`/`any` or `+`/`-` are swapped, a
number is moved, a word is changed, a case of a `match` is dropped, `not` is taken away.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import CodeType

_NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.LtE: ast.Gt, ast.Gt: ast.LtE,
}  # fmt: skip
_BOUNDARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
Change = tuple[str, Callable[[ast.AST], ast.AST | None]]
"""Its name, and what it does to the copy of a node: gives another node, or `None` after a change in place."""


@dataclass(frozen=True)
class Mutant:
    """One mutant: where the lie is, and how to compile the module with it."""

    line: int
    text: str
    compile: Callable[[], CodeType]

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def mutants(path: Path) -> Iterator[Mutant]:
    """All mutants of a file, top to bottom."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = _not_judged(tree)
    sites: list[tuple[int, int, int, ast.AST]] = [
        (node.lineno, node.col_offset, k, node)
        for k, node in enumerate(ast.walk(tree))
        if isinstance(node, ast.expr | ast.stmt) and id(node) not in silent
    ]
    sites += [
        (node.target.lineno, node.target.col_offset, k, node)
        for k, node in enumerate(ast.walk(tree))
        if isinstance(node, ast.comprehension) and id(node) not in silent
    ]
    for line, _, k, node in sorted(sites, key=lambda site: site[:3]):
        what = ast.unparse(node).replace("\n", " ")
        for text, change in _changes(node):
            yield Mutant(line, f"{text}: {what:.90}", partial(_compile, tree, k, change, path))


def _compile(tree: ast.Module, index: int, change: Callable[[ast.AST], ast.AST | None], path: Path) -> CodeType:
    other = copy.deepcopy(tree)
    target = next(islice(ast.walk(other), index, None))
    new = change(target)
    if new is not None:
        _Swap(target, new).visit(other)
    ast.fix_missing_locations(other)
    return compile(other, str(path), "exec")


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
        case ast.BoolOp(op=op, values=values):
            for k in range(len(values)):
                yield f"operand {k + 1} dropped", _drop_operand(k)
            yield "and/or swapped", _set(op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.Compare(ops=ops):
            for k, name, new in _other_comparisons(ops):
                yield f"comparison {k + 1} {name}", _set_op(k, new)
        case ast.If() | ast.IfExp():
            for value in (True, False):
                yield f"condition is {value}", _set(test=ast.Constant(value))
        case ast.Match(cases=cases):
            for k in range(len(cases)):
                yield f"case {k + 1} dropped", _set(cases=[c for j, c in enumerate(cases) if j != k])
        case _:
            yield from _small_changes(node)


def _other_comparisons(ops: list[ast.cmpop]) -> Iterator[tuple[int, str, type[ast.cmpop]]]:
    for k, op in enumerate(ops):
        for name, table in (("negated", _NEGATED), ("boundary", _BOUNDARY)):
            if type(op) in table:
                yield k, name, table[type(op)]


def _small_changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield "sign or not taken away", lambda _: operand
        case ast.Constant(value=bool() | int() | float() | str() as value):
            yield "value changed", _set(value=_other(value))
        case ast.comprehension(ifs=[_, *_]):
            yield "filter dropped", _set(ifs=[])
        case ast.Return(value=value) if value is not None and not _is_plain(value):
            yield "passes", _set(value=ast.Constant(None))
        case ast.BinOp(op=ast.Add() | ast.Sub() as op):
            yield "sign changed", _set(op=ast.Sub() if isinstance(op, ast.Add) else ast.Add())
        case ast.Name(id="all" | "any" as word):
            yield "all/any swapped", _set(id="any" if word == "all" else "all")
        case _:
            pass


def _other(value: bool | float | str) -> object:
    match value:
        case bool():
            return not value
        case str():
            return f"{value[: len(value) // 2]}?{value[len(value) // 2 :]}"
        case _:
            return value + 1


def _is_plain(node: ast.AST) -> bool:
    """`None` passes already, and `False` is no other answer than `None`: its flag is flipped instead."""
    return isinstance(node, ast.Constant) and node.value in {None, True, False}


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
