"""Finds the mutants of a Python file in its syntax tree.

Changes nobody could notice are left out: docstrings, annotations, imports, decorators, log lines, messages of errors,
`__all__`, texts.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple, TypeVar

from devtools.mutants import Mutant, SourceText

_BOUNDARIES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_TEXT_CALLS = frozenset({"print", "console", "logger", "logging", "workflow.logger"})
"""Functions and objects that only write for humans."""
_TYPE_CALLS = frozenset({"NewType", "ParamSpec", "TypeVar", "assert_never", "cast", "isinstance", "issubclass"})
"""Calls about types, which mypy checks."""
_SYMMETRIC_CALLS = frozenset({"any_missing", "duplicated", "gather", "isclose", "isdisjoint", "max", "min", "suppress"})
"""Calls whose arguments may be swapped."""
_UNOBSERVABLE_KEYWORDS = frozenset({"frozen", "strict"})
"""Guards against defects of the code itself: `zip(…, strict=True)`, models that nothing may change."""
_LARGE = 1000
Node = TypeVar("Node", bound=ast.AST)
_SCOPES = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class _Change(NamedTuple):
    kind: str
    node: ast.expr | ast.stmt
    replacement: str


class _Site(NamedTuple):
    node: ast.AST
    scope: str
    returns_bool: bool


def python_mutants(file: str, text: str) -> Iterator[Mutant]:
    """All mutants of a Python file, in the order of its syntax tree."""
    source = _PythonText(file, text)
    for site in _sites(ast.parse(text), "", returns_bool=False):
        for change in _changes(site):
            start, end = source.span(change.node)
            yield source.mutant(start, end, change.replacement, change.kind, site.scope)


class _PythonText(SourceText):
    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a node starts and ends; `ast` counts columns in UTF-8 bytes."""
        end_line, end_column = node.end_lineno or 0, node.end_col_offset or 0  # a parsed node has both
        return self._offset(node.lineno, node.col_offset), self._offset(end_line, end_column)

    def _offset(self, line: int, column: int) -> int:
        start, end = self.line_starts[line - 1], self.line_starts[line]
        return start + len(self.text[start:end].encode()[:column].decode())


def _sites(node: ast.AST, scope: str, *, returns_bool: bool) -> Iterator[_Site]:
    """A node and everything below it that may be changed."""
    if isinstance(node, _SCOPES):
        scope = f"{scope}.{node.name}".lstrip(".")
        returns_bool = _is_named(getattr(node, "returns", None), "bool")
    yield _Site(node, scope, returns_bool)
    for child in _changeable_children(node):
        yield from _sites(child, scope, returns_bool=returns_bool)


def _changeable_children(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Raise | ast.JoinedStr):
        return
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "bases", "cases", "decorator_list", "returns"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_unobservable(child):
                yield child
    for case in getattr(node, "cases", ()):
        yield from [case.guard] if case.guard else []
        yield from case.body


def _is_unobservable(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.AnnAssign(annotation=annotation):
            return _is_named(annotation, "TypeAlias")
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Compare(left=ast.Name(id="__name__"))):
            return True
        case ast.keyword(arg=str(name)):
            return name in _UNOBSERVABLE_KEYWORDS
        case ast.Call(func=function):
            called = ast.unparse(function)
            return bool({called, *called.rsplit(".", 1)} & (_TEXT_CALLS | _TYPE_CALLS))
    return False


def _changes(site: _Site) -> Iterator[_Change]:
    yield from (_Change("condition negated", test, f"(not {_bracketed(test)})") for test in _conditions(site.node))
    if isinstance(site.node, ast.stmt):
        yield from _changed_statement(site.node, returns_bool=site.returns_bool)
    elif isinstance(site.node, ast.expr):
        yield from _changed_expression(site.node)


def _conditions(node: ast.AST) -> list[ast.expr]:
    """The conditions of a node that no other mutant negates."""
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            tests = [test]
        case ast.comprehension(ifs=tests):
            pass
        case ast.Match(cases=cases):
            tests = [case.guard for case in cases if case.guard]
        case _:
            tests = []
    return [test for test in tests if not _has_opposite(test)]


def _has_opposite(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) or (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not))


def _changed_statement(node: ast.stmt, *, returns_bool: bool) -> Iterator[_Change]:
    if isinstance(node, ast.Return) and node.value and not _is_none(node.value):
        yield _changed_result(node.value, returns_bool=returns_bool)
    elif _may_be_dropped(node):
        yield _Change("statement dropped", node, "pass")


def _changed_expression(node: ast.expr) -> Iterator[_Change]:
    match node:
        case ast.Compare():
            yield from _changed_comparisons(node)
        case ast.BoolOp():
            yield from _changed_connections(node)
        case ast.Call():
            yield from _swapped_arguments(node)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield _Change("negation dropped", node, _bracketed(operand))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield _Change("sign dropped", node, _bracketed(operand))
        case ast.BinOp(op=operator) if type(operator) in _OPERATORS and not _builds_text(node):
            yield _Change("operator", node, _bracketed(_with(node, op=_OPERATORS[type(operator)]())))
        case ast.Constant(value=bool(value)):
            yield _Change("constant", node, str(not value))
        case ast.Constant(value=int(value) | float(value)):
            yield from (_Change("constant", node, _number(other)) for other in _other_numbers(value))


def _changed_comparisons(node: ast.Compare) -> Iterator[_Change]:
    for number, operator in enumerate(node.ops):
        for kind, others in (("boundary", _BOUNDARIES), ("comparison", _OPPOSITES)):
            if other := others.get(type(operator)):
                operators = [*node.ops[:number], other(), *node.ops[number + 1 :]]
                yield _Change(kind, node, _bracketed(_with(node, ops=operators)))


def _changed_connections(node: ast.BoolOp) -> Iterator[_Change]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield _Change("and/or", node, _bracketed(_with(node, op=other)))
    for number in range(len(node.values)):
        values = [*node.values[:number], *node.values[number + 1 :]]
        remaining = _with(node, values=values) if len(values) > 1 else values[0]
        yield _Change("condition dropped", node, _bracketed(remaining))


def _swapped_arguments(node: ast.Call) -> Iterator[_Change]:
    name = ast.unparse(node.func).rpartition(".")[2]
    if name in _SYMMETRIC_CALLS:
        return
    for number, (first, second) in enumerate(pairwise(node.args)):
        starred = isinstance(first, ast.Starred) or isinstance(second, ast.Starred)
        if not starred and ast.dump(first) != ast.dump(second):
            arguments = [*node.args[:number], second, first, *node.args[number + 2 :]]
            yield _Change("arguments swapped", node, ast.unparse(_with(node, args=arguments)))


def _changed_result(value: ast.expr, *, returns_bool: bool) -> _Change:
    if returns_bool:
        return _Change("result negated", value, f"not {_bracketed(value)}")
    return _Change("result dropped", value, "None")


def _may_be_dropped(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call() | ast.Await() as value):
            return not _is_unobservable(value)
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.AugAssign() | ast.Delete():
            return True
        case ast.Raise(exc=exc):
            return exc is None or not _is_named(exc, "NotImplementedError")
    return isinstance(node, ast.Return | ast.Continue | ast.Break) and not getattr(node, "value", None)


def _builds_text(node: ast.BinOp) -> bool:
    operands = (node.left, node.right)
    return any(isinstance(each, ast.JoinedStr) or isinstance(getattr(each, "value", None), str) for each in operands)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_named(node: ast.expr | None, name: str) -> bool:
    return node is not None and ast.unparse(node).partition("(")[0] == name


def _with(node: Node, **fields: object) -> Node:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _bracketed(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if isinstance(node, ast.Attribute | ast.Call | ast.Constant | ast.Name | ast.Subscript) else f"({text})"


def _other_numbers(value: float) -> tuple[float, float]:
    """One more and one less; nobody would notice one byte more of many, so twice and half of large numbers."""
    return (value + 1, value - 1) if abs(value) < _LARGE else (value * 2, value // 2)


def _number(value: float) -> str:
    return repr(value) if value >= 0 else f"({value!r})"
