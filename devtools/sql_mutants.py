"""Finds the mutants of a GoogleSQL file in its tokens, so that the rest of its text stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import pairwise

from sqlglot import TokenType, tokenize

from devtools.mutants import Mutant, SourceText

_REPLACEMENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "<": (("boundary", "<="), ("comparison", ">=")),
    "<=": (("boundary", "<"), ("comparison", ">")),
    ">": (("boundary", ">="), ("comparison", "<=")),
    ">=": (("boundary", ">"), ("comparison", "<")),
    "=": (("comparison", "!="),),
    "!=": (("comparison", "="),),
    "AND": (("and/or", "OR"),),
    "OR": (("and/or", "AND"),),
    "TRUE": (("constant", "FALSE"),),
    "FALSE": (("constant", "TRUE"),),
    "MIN": (("function", "MAX"),),
    "MAX": (("function", "MIN"),),
    "+": (("operator", "-"),),
    "/": (("operator", "*"),),
    "NOT": (("negation dropped", ""),),
    "DISTINCT": (("DISTINCT dropped", ""),),
    "DESC": (("order reversed", ""),),
}
_CLAUSES = frozenset({"WHERE", "HAVING", "QUALIFY"})
_CONNECTIONS = frozenset({"AND", "OR"})
_CLAUSE_ENDS = _CLAUSES | {"CROSS", "GROUP BY", "INNER", "JOIN", "LEFT", "LIMIT", "ORDER BY", "UNION", "WINDOW"}
_CONDITION_ENDS = _CLAUSE_ENDS | _CONNECTIONS | {",", "AS", "THEN"}
_CONDITION_STARTS = _CLAUSES | _CONNECTIONS | {",", "ON", "SELECT", "WHEN"}
_NOT_FUNCTIONS = frozenset(
    {"AND", "AS", "BY", "EXCEPT", "FROM", "IN", "JOIN", "NOT", "ON", "OR", "OVER", "USING", "WHEN", "WHERE"}
)
"""Words that call no function, although a bracket follows."""
_UNSWAPPABLE = frozenset({"INTERVAL", "ORDER BY"})
"""Words that an argument must have at its place."""
_SYMMETRIC_FUNCTIONS = frozenset({"GREATEST", "LEAST"})
_TEXTS = frozenset({TokenType.STRING, TokenType.RAW_STRING})
_OPENING, _CLOSING = frozenset({"(", "["}), frozenset({")", "]"})


def sql_mutants(file: str, text: str) -> Iterator[Mutant]:
    """All mutants of a SELECT, in the order of its text."""
    sql = _SqlText(file, text)
    for index in range(len(sql.words)):
        yield from sql.replaced_words(index)
        yield from sql.changed_joins(index)
        yield from sql.dropped_conditions(index)
        yield from sql.swapped_arguments(index)


class _SqlText(SourceText):
    def __init__(self, file: str, text: str) -> None:
        super().__init__(file, text)
        self._tokens = tokenize(text, read="bigquery")
        words = ["" if token.token_type in _TEXTS else token.text.upper() for token in self._tokens]
        self._depths = _depths(words)
        self.words = _without_and_of_between(words, self._depths)

    def replaced_words(self, index: int) -> Iterator[Mutant]:
        """Another word in the place of one."""
        word, is_binary = self.words[index], self._ends_operand(index - 1)
        for kind, replacement in _REPLACEMENTS.get(word, ()):
            yield self._mutant(index, index, replacement, kind)
        if self._tokens[index].token_type is TokenType.NUMBER:
            number = float(word) if "." in word else int(word)
            yield from (self._mutant(index, index, str(number + step), "constant") for step in (1, -1))
        if word == "-":
            yield self._mutant(index, index, *(("+", "operator") if is_binary else ("", "sign dropped")))
        if word == "*" and is_binary and self.words[index + 1] not in {",", "FROM"}:
            yield self._mutant(index, index, "/", "operator")
        if word == "IS" and self.words[index + 1] != "NOT":
            yield self._mutant(index, index, "IS NOT", "comparison")

    def changed_joins(self, index: int) -> Iterator[Mutant]:
        """LEFT JOIN in the place of JOIN, and the reverse."""
        if self.words[index] != "JOIN" or self.words[index - 1] in {"CROSS", "FULL"}:
            return
        first = index - 1 if self.words[index - 1] in {"LEFT", "INNER"} else index
        yield self._mutant(first, index, "JOIN" if self.words[first] == "LEFT" else "LEFT JOIN", "join")

    def dropped_conditions(self, index: int) -> Iterator[Mutant]:
        """Without a whole clause, and without each of the conditions that AND and OR connect.

        `WHERE TRUE` changes nothing: GoogleSQL requires it before some clauses.
        """
        if self.words[index] in _CLAUSES and self.words[index + 1] != "TRUE":
            yield self._mutant(index, self._last_before(index, _CLAUSE_ENDS), "", "clause dropped")
        if self.words[index] in _CONNECTIONS:
            yield self._mutant(index, self._last_before(index, _CONDITION_ENDS), "", "condition dropped")
            first = self._first_after(index, _CONDITION_STARTS)
            if self.words[first - 1] not in _CONNECTIONS:
                yield self._mutant(first, index, "", "condition dropped")

    def swapped_arguments(self, index: int) -> Iterator[Mutant]:
        """A function with each two neighbouring arguments swapped."""
        name = self.words[index - 1] if index else ""
        if self.words[index] != "(" or not name.isidentifier() or name in _NOT_FUNCTIONS | _SYMMETRIC_FUNCTIONS:
            return
        end = self._closing_bracket(index)
        inside = [each for each in range(index + 1, end) if self._depths[each] == self._depths[index] + 1]
        if _UNSWAPPABLE & {self.words[each] for each in inside}:
            return
        separators = [each for each in inside if self.words[each] == ","]
        arguments = [
            (first + 1, last - 1) for first, last in zip([index, *separators], [*separators, end], strict=True)
        ]
        for one, other in pairwise(arguments):
            if self._span(*one) != self._span(*other):
                swapped = f"{self._span(*other)}, {self._span(*one)}"
                yield self._mutant(one[0], other[1], swapped, "arguments swapped")

    def _mutant(self, first: int, last: int, replacement: str, kind: str) -> Mutant:
        return self.mutant(self._tokens[first].start, self._tokens[last].end + 1, replacement, kind)

    def _span(self, first: int, last: int) -> str:
        return self.text[self._tokens[first].start : self._tokens[last].end + 1]

    def _closing_bracket(self, index: int) -> int:
        return next(each for each in range(index + 1, len(self.words)) if self._depths[each] == self._depths[index])

    def _last_before(self, index: int, ends: Set[str]) -> int:
        """The last token from `index` on before a word of `ends` at its depth, or before the closing bracket."""
        for each in range(index + 1, len(self.words)):
            is_function = self.words[each : each + 2] == ["LEFT", "("]
            same_depth = self._depths[each] == self._depths[index]
            if self._depths[each] < self._depths[index] or (
                same_depth and self.words[each] in ends and not is_function
            ):
                return each - 1
        return len(self.words) - 1

    def _first_after(self, index: int, starts: Set[str]) -> int:
        """The first token up to `index` after a word of `starts` at its depth, or after the opening bracket."""
        for each in range(index - 1, -1, -1):
            same_depth = self._depths[each] == self._depths[index]
            if self._depths[each] < self._depths[index] or (same_depth and self.words[each] in starts):
                return each + 1
        return 0

    def _ends_operand(self, index: int) -> bool:
        """Whether the token may be the left operand of an operator."""
        token_types = {TokenType.NUMBER, TokenType.VAR, *_TEXTS}
        return index >= 0 and (self._tokens[index].token_type in token_types or self.words[index] in _CLOSING)


def _depths(words: Sequence[str]) -> list[int]:
    """How many brackets are open around each word; a bracket is outside of itself."""
    depth, depths = 0, []
    for word in words:
        depth -= word in _CLOSING
        depths.append(depth)
        depth += word in _OPENING
    return depths


def _without_and_of_between(words: Sequence[str], depths: Sequence[int]) -> list[str]:
    """The words, but an empty one for the AND of each BETWEEN, which connects no conditions."""
    open_depths: set[int] = set()
    changed = []
    for word, depth in zip(words, depths, strict=True):
        is_end = word == "AND" and depth in open_depths
        changed.append("" if is_end else word)
        if word == "BETWEEN":
            open_depths.add(depth)
        elif is_end:
            open_depths.discard(depth)
    return changed
