"""Conditions of the plain sort over whole columns of inputs: the same answers as CEL gives one by one, in bulk.

Plain are comparisons of sums and products of inputs and numbers, of `subject.x` with a number, joined by && || ! and
brackets. That is nearly every condition; what is not plain is left to CEL. Answers: 1 true, 0 false, -1 not known.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Answers = npt.NDArray[np.int8]
Column = npt.NDArray[np.float64]
Known = npt.NDArray[np.bool_]
#: Columns with where they are known, and the subject's attributes.
Data = tuple[Mapping[str, tuple[Column, Known]], Mapping[str, Any], int]
Numbers = Callable[[Data], tuple[Column, Known]]
Truths = Callable[[Data], tuple[Known, Known]]  # where true, where false

_TOKEN = re.compile(
    r"""\s*(?:([0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+(?:[eE][+-]?[0-9]+)?|\.[0-9]+)
      | (subject\.[A-Za-z_][A-Za-z0-9_]*|[A-Za-z_][A-Za-z0-9_]*)
      | (&&|\|\||[<>=!]=|[-+*/<>!()]))""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_FLIP = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SUMS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


class _NotPlain(Exception):
    """The text is for CEL alone."""


@dataclass(frozen=True)
class Limit:
    """A comparison of an input with a number."""

    input: str
    op: str
    value: float


@dataclass(frozen=True)
class Plain:
    """A condition over columns, and the numbers that it holds its inputs against."""

    run: Truths
    limits: tuple[Limit, ...]
    attributes: frozenset[str]  # of the subject

    def answers(self, columns: Mapping[str, Column], subject: Mapping[str, Any], n: int) -> Answers | None:
        """The answers for `n` instants; NaN is not known. None where an attribute of the subject is no number."""
        for name in self.attributes:
            if isinstance(value := subject.get(name), bool) or not (value is None or isinstance(value, int | float)):
                return None
        data = {name: (column, ~np.isnan(column)) for name, column in columns.items()}
        with np.errstate(all="ignore"):
            true, false = self.run((data, subject, n))
        out = np.full(n, -1, np.int8)
        out[false] = 0
        out[true] = 1
        return out


@lru_cache(maxsize=512)
def plain(text: str) -> Plain | None:
    """The condition in bulk, or None when it is not plain. It must have been compiled by CEL without a fault."""
    try:
        reader = _Reader(_tokens(text))
        kind, run = reader.either()
        if kind != "bool" or reader.at != len(reader.tokens):
            return None
    except (_NotPlain, IndexError):
        return None
    return Plain(run, tuple(reader.limits), frozenset(reader.attributes))


def _tokens(text: str) -> list[str]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _NotPlain
        found.append(match[0].strip())
        at = match.end()
    return found


@dataclass
class _Reader:
    """Recursive descent; each part gives its kind (num, attribute, bool) and how to run it."""

    tokens: list[str]
    at: int = 0
    depth: int = 0
    limits: list[Limit] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def either(self) -> tuple[str, Any]:
        kind, left = self.both()
        while self.peek() == "||":
            self.take()
            right = _bool(self.both())
            kind, left = "bool", _or(_bool((kind, left)), right)
        return kind, left

    def both(self) -> tuple[str, Any]:
        kind, left = self.compared()
        while self.peek() == "&&":
            self.take()
            right = _bool(self.compared())
            kind, left = "bool", _and(_bool((kind, left)), right)
        return kind, left

    def compared(self) -> tuple[str, Any]:
        start = self.at
        kind, left = self.summed()
        if self.peek() not in _COMPARE:
            return kind, left
        middle, op = self.at, self.take()
        other, right = self.summed()
        if "bool" in (kind, other) or self.peek() in _COMPARE:
            raise _NotPlain
        self._limit(self.tokens[start:middle], op, self.tokens[middle + 1 : self.at])
        return "bool", _compare(_COMPARE[op], left, right)

    def _limit(self, left: list[str], op: str, right: list[str]) -> None:
        for names, sign, numbers in ((left, op, right), (right, _FLIP[op], left)):
            negative = numbers[:1] == ["-"]
            digits = numbers[1:] if negative else numbers
            if len(names) == 1 and names[0][0].isalpha() and "." not in names[0] and len(digits) == 1:
                if digits[0][0].isdigit() or digits[0][0] == ".":
                    self.limits.append(Limit(names[0], sign, -float(digits[0]) if negative else float(digits[0])))

    def summed(self) -> tuple[str, Any]:
        return self._chain(("+", "-"), self.multiplied)

    def multiplied(self) -> tuple[str, Any]:
        return self._chain(("*", "/"), self.signed)

    def _chain(self, signs: tuple[str, str], part: Callable[[], tuple[str, Any]]) -> tuple[str, Any]:
        kind, left = part()
        while self.peek() in signs:
            op = _SUMS[self.take()]
            other, right = part()
            if kind != "num" or other != "num":  # CEL has no arithmetic of a double and an attribute's int
                raise _NotPlain
            left = _combine(op, left, right)
        return kind, left

    def signed(self) -> tuple[str, Any]:
        sign = self.peek()
        if sign not in ("-", "!"):
            return self.single()
        self.take()
        self._deeper()
        kind, run = self.signed()
        self.depth -= 1
        if kind != ("num" if sign == "-" else "bool"):
            raise _NotPlain
        return kind, _minus(run) if sign == "-" else _not(run)

    def single(self) -> tuple[str, Any]:
        token = self.take()
        if token == "(":  # noqa: S105  (a bracket)
            self._deeper()
            found = self.either()
            self.depth -= 1
            if self.take() != ")":
                raise _NotPlain
            return found
        if token[0].isdigit() or token[0] == ".":
            return "num", _constant(float(token))
        if token.startswith("subject."):
            self.attributes.add(token[8:])
            return "attribute", _attribute(token[8:])
        if token in ("true", "false", "null", "subject", "in") or not token[0].isalpha() or self.peek() == "(":
            raise _NotPlain
        return "num", _input(token)

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > 50:
            raise _NotPlain


def _bool(found: tuple[str, Any]) -> Truths:
    if found[0] != "bool":
        raise _NotPlain
    run: Truths = found[1]
    return run


def _constant(value: float) -> Numbers:
    return lambda data: (np.full(data[2], value), np.ones(data[2], bool))


def _input(name: str) -> Numbers:
    return lambda data: data[0][name]


def _attribute(name: str) -> Numbers:
    def run(data: Data) -> tuple[Column, Known]:
        value = data[1].get(name)
        return np.full(data[2], 0.0 if value is None else float(value)), np.full(data[2], value is not None)

    return run


def _combine(op: Callable[[Any, Any], Any], left: Numbers, right: Numbers) -> Numbers:
    def run(data: Data) -> tuple[Column, Known]:
        (a, a_known), (b, b_known) = left(data), right(data)
        return op(a, b), a_known & b_known

    return run


def _minus(part: Numbers) -> Numbers:
    def run(data: Data) -> tuple[Column, Known]:
        value, known = part(data)
        return -value, known

    return run


def _compare(op: Callable[[Any, Any], Any], left: Numbers, right: Numbers) -> Truths:
    def run(data: Data) -> tuple[Known, Known]:
        (a, a_known), (b, b_known) = left(data), right(data)
        holds, known = op(a, b), a_known & b_known
        return holds & known, ~holds & known

    return run


def _and(left: Truths, right: Truths) -> Truths:
    def run(data: Data) -> tuple[Known, Known]:
        (a, not_a), (b, not_b) = left(data), right(data)
        return a & b, not_a | not_b

    return run


def _or(left: Truths, right: Truths) -> Truths:
    def run(data: Data) -> tuple[Known, Known]:
        (a, not_a), (b, not_b) = left(data), right(data)
        return a | b, not_a & not_b

    return run


def _not(part: Truths) -> Truths:
    def run(data: Data) -> tuple[Known, Known]:
        true, false = part(data)
        return false, true

    return run
