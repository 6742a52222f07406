"""Attribute mapping: rules that make values of ours from what a source says of somebody."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from connectors.errors import SourceError
from connectors.expressions import Expression
from directory.model import JsonValue
from directory.pulls.targets import is_target


class Direct(msgspec.Struct, frozen=True, tag_field="rule", tag="direct"):
    """The value of one attribute; ``source`` may lead inside, as in ``onPremisesExtensionAttributes.extension1``."""

    target: str
    source: str


class Constant(msgspec.Struct, frozen=True, tag_field="rule", tag="constant"):
    """The same for everybody."""

    target: str
    value: str | bool | int


class FirstOf(msgspec.Struct, frozen=True, tag_field="rule", tag="first_of"):
    """The first attribute that is not empty."""

    target: str
    sources: tuple[str, ...]


class Worked(msgspec.Struct, frozen=True, tag_field="rule", tag="expression"):
    """What an expression (CEL) over the attributes gives."""

    target: str
    expression: str


Rule = Direct | Constant | FirstOf | Worked
Rules = tuple[Rule, ...]


def check_rules(rules: Rules) -> None:
    """Refuse rules that cannot work.

    Raises:
        SourceError: a target is none or has two rules, userName has none, or an expression does not parse.
    """
    targets = [rule.target for rule in rules]
    for target in targets:
        if not is_target(target):
            raise SourceError("config", f"{target[:80]} cannot be mapped to")
        if targets.count(target) > 1:
            raise SourceError("config", f"{target} has two rules")
    if "userName" not in targets:
        raise SourceError("config", "userName has no rule: everybody needs a user name")
    Mapper(rules)


class Mapper:
    """A set of rules, ready for many people."""

    def __init__(self, rules: Rules) -> None:
        """Read the rules.

        Raises:
            SourceError: an expression does not parse.
        """
        self._expressions = {rule.target: Expression(rule.expression) for rule in rules if isinstance(rule, Worked)}
        self._rules = [(rule, self._needs(rule)) for rule in rules]
        self.inputs = frozenset[str]().union(*(needs for _, needs in self._rules))
        """The outermost names of all attributes that the rules look at."""

    def _needs(self, rule: Rule) -> frozenset[str]:
        match rule:
            case Direct():
                return frozenset({_outermost(rule.source)})
            case FirstOf():
                return frozenset(map(_outermost, rule.sources))
            case Worked():
                return self._expressions[rule.target].inputs
            case Constant():
                return frozenset()

    def values_for(self, inputs: Mapping[str, Any], *, unsaid: frozenset[str] = frozenset()) -> dict[str, JsonValue]:
        """Return values by target. A rule that looks at an input of which nothing is known gives none.

        Raises:
            ValueError: a rule fails for this person; the reason names the target.
        """
        return {
            rule.target: self._value(rule, inputs) for rule, needs in self._rules if not (unsaid and needs & unsaid)
        }

    def _value(self, rule: Rule, inputs: Mapping[str, Any]) -> JsonValue:
        match rule:
            case Direct():
                found: JsonValue = looked_up(inputs, rule.source)
                return found
            case Constant():
                return rule.value
            case FirstOf():
                return _first_said(inputs, rule.sources)
            case Worked():
                try:
                    return self._expressions[rule.target].value_for(inputs)
                except ValueError as error:
                    raise ValueError(f"the expression for {rule.target} gives nothing: {error}") from error


def _first_said(inputs: Mapping[str, Any], sources: Sequence[str]) -> JsonValue:
    found = (looked_up(inputs, source) for source in sources)
    return next((value for value in found if value not in (None, "", [])), None)


def _outermost(source: str) -> str:
    return source.partition(".")[0]


def looked_up(inputs: Mapping[str, Any], source: str) -> Any:  # noqa: ANN401 whatever the source has there
    """Return what lies at a path of names and positions (``otherMails.0``), or None."""
    value: Any = inputs
    for name in source.split("."):
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
