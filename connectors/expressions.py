"""Expressions of attribute rules, in the Common Expression Language."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import cel

from connectors.errors import SourceError
from directory.model import JsonValue

LENGTH_MAX = 1000
# One inside the other, six deep over lists of ten, take more than a second for one person (measured).
_LOOP = re.compile(r"\b(?:map|filter|all|exists|exists_one)\b")
_BOUND = re.compile(r"\.\s*(?:map|filter|all|exists|exists_one)\s*\(\s*([A-Za-z_]\w*)\s*,")

# Names and meanings of CEL's string extensions, which the library leaves out.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "lowerAscii": lambda text: text.lower(),
    "upperAscii": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "replace": lambda text, old, new: text.replace(old, new[:1_000])[:10_000],
    "split": lambda text, by: (text.split(by) if by else list(text))[:1_000],
    "substring": lambda text, first, last=None: text[int(first) : None if last is None else int(last)],
}


class Expression:
    """An expression that was read once and is worked out for many people."""

    def __init__(self, text: str) -> None:
        """Read an expression.

        Raises:
            SourceError: it does not parse, is longer than 1,000 characters, or goes through lists more than once.
        """
        if len(text) > LENGTH_MAX:
            raise SourceError("config", f"an expression has at most {LENGTH_MAX} characters")
        if len(_LOOP.findall(text)) > 1:
            words = "an expression goes through one list: of map, filter, all and exists one may stand in it, and once"
            raise SourceError("config", words)
        try:
            self._program = cel.compile(text)
        except ValueError as error:
            raise SourceError("config", f"the expression does not parse: {_first_line(error)}") from error
        bound = set(_BOUND.findall(text))
        self.inputs = frozenset(self._program.variables()) - bound

    def value_for(self, inputs: Mapping[str, Any]) -> JsonValue:
        """Return what the expression gives for these inputs; names that are not among them are null.

        Raises:
            ValueError: it gives nothing, for a reason that stands in the error.
        """
        known = {name: inputs.get(name) for name in self.inputs}
        try:
            value = self._program.execute(cel.Context(variables=known, functions=FUNCTIONS))
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(_first_line(error)) from error
        if not isinstance(value, str | int | float | bool | list | dict | None):
            raise ValueError(f"it gives a {type(value).__name__}, which no attribute can have")  # noqa: TRY004 one kind for the caller
        return value


def _first_line(error: Exception) -> str:
    text = str(error)
    return text.splitlines()[0][:200] if text else type(error).__name__
