"""Conditions: CEL, statically checked. Three answers: true, false, and None where what is needed is not known.

An input without data is left out of the activation. CEL's own logic then gives the answer of three-valued logic:
`unknown || true` is true, `unknown && false` is false, everything else that touches it is an error, which is None here.

Every number written in a condition is a double (`rain > 50` means 50.0): inputs are doubles, and CEL has no comparison
of double and int. Comprehensions are refused: they are the only way to make a short text run long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

SUBJECT = "subject"
_TOKEN = re.compile(
    r"""(?P<string>[rR]?(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>(?:[0-9]+\.[0-9]+|\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_NAME = re.compile(r"No value with name")


@dataclass(frozen=True)
class Fault:
    """Why a condition cannot be used; `column` counts from 1 in the text as written."""

    message: str
    column: int | None = None


class Condition:
    """A compiled condition over inputs (doubles) and `subject` (its attributes)."""

    def __init__(self, text: str, compiled: Any) -> None:
        self.text = text
        self._compiled = compiled

    def holds(self, data: Mapping[str, Any]) -> bool | None:
        """The answer for these values; an input that is not known is not in `data`."""
        try:
            answer = self._compiled.eval(data=data).value()
        except RuntimeError:  # a bound of the library was met: nothing can be said
            return None
        return answer if isinstance(answer, bool) else None


@lru_cache(maxsize=512)
def compile_condition(text: str, inputs: frozenset[str], *, numbers: bool = True) -> Condition | Fault:
    """The condition, or what is wrong with it. `numbers`: its whole numbers are doubles too (not so over `subject`)."""
    written, shifts, fault = _doubles(text, numbers=numbers)
    if fault is not None:
        return fault
    try:
        compiled = _environment(inputs).compile(written)
    except (RuntimeError, TypeError, ValueError) as error:
        return _fault(written, str(error), shifts)
    if compiled.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        kind = compiled.return_type().name().lower()
        return Fault(f"条件的结果须是真假，这里是 {kind} · the condition gives {kind}, not true or false.")
    return Condition(text, compiled)


@lru_cache(maxsize=64)
def _environment(inputs: frozenset[str]) -> Any:
    variables = dict.fromkeys(inputs, cel.Type.DOUBLE)
    return cel.NewEnv(variables={**variables, SUBJECT: cel.Type.Map(cel.Type.STRING, cel.Type.DYN)})


def _doubles(text: str, *, numbers: bool) -> tuple[str, list[tuple[int, int]], Fault | None]:
    """The text with its whole numbers written as doubles, and (column there, characters added) of each."""
    parts: list[str] = []
    shifts: list[tuple[int, int]] = []
    length, before = 0, ""
    for found in _TOKEN.finditer(text):
        token = found[0]
        if not token.isprintable() and not token.isspace():
            return text, [], Fault("含有不可见字符 · a character that cannot be printed.", found.start() + 1)
        if found.lastgroup == "name" and before == "." and token in _MACROS:
            return (
                text,
                [],
                Fault(
                    f"条件里不能用 {token}()，请改用输入 · {token}() is not for conditions: name an input instead.",
                    found.start() + 1,
                ),
            )
        if found.lastgroup == "number" and numbers and token.isdigit():
            token += ".0"
            shifts.append((length + len(token), 2))
        parts.append(token)
        length += len(token)
        before = token if not token.isspace() else before
    return "".join(parts), shifts, None


#: How the library's own faults begin, and what they mean.
_SAID = {
    "undeclared reference to": "没有这个名称，它既不是本规则的输入，也不是函数",
    "found no matching overload": "两边的类型对不上",
    "Syntax error": "语法错误",
}


def _fault(written: str, message: str, shifts: Iterable[tuple[int, int]]) -> Fault:
    found = _PLACE.search(message)
    if found is None:
        return Fault(message.partition("\n")[0][:300])
    lines = written.split("\n")
    column = sum(len(one) + 1 for one in lines[: int(found[1]) - 1]) + int(found[2])
    column -= sum(added for end, added in shifts if end < column)
    said = found[3].replace(" (in container '')", "").strip()
    if said.startswith("undeclared reference to"):
        said += ": it is neither an input of this rule nor a function"
    told = next((f"{zh} · {said}" for start, zh in _SAID.items() if said.startswith(start)), said)
    return Fault(told[:300], max(1, column))


def names_in(text: str) -> set[str]:
    """The identifiers that a condition mentions, apart from what follows a dot."""
    found: set[str] = set()
    before = ""
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "name" and before != ".":
            found.add(token[0])
        before = token[0] if not token[0].isspace() else before
    return found


def known(names: Iterable[str], values: Iterable[float]) -> dict[str, float]:
    """The activation of inputs: those that are known (not NaN)."""
    return {name: value for name, value in zip(names, values, strict=True) if value == value}
