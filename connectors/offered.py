"""What connectors offer to those who may not import them: kinds as forms ask for them, checks, and rules on trial."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import inspect

from connectors.attribute_rules import Mapper, Rules, check_rules
from connectors.connector import Connector, ConnectorKind, Late, Preflight, Secrets
from connectors.errors import SourceError
from connectors.outsiders import Outsider
from connectors.registry import OURS, get_kind, kind_names
from connectors.terms import Network, Terms
from directory.errors import InvalidError
from directory.model import JsonObject, JsonValue, UserAttributes
from directory.person import check_user
from directory.pulls.kinds import Check, CheckStep, ConfigField, CredentialField, PullKind, Trial
from directory.pulls.targets import document_for

CHECK_S = 60
INPUTS_MAX = 300
_NAMED = re.compile(r"`\$\.(\w+)|field `(\w+)`")


@dataclass(frozen=True, slots=True)
class Offered:
    """The connectors of this process: ours, and those of other packages that are allowed by name."""

    network: Network
    allowed: frozenset[str] = frozenset()
    _known: dict[str, PullKind] = field(default_factory=dict)

    def kinds(self) -> tuple[PullKind, ...]:
        """Return what can be pulled from; one that does not load is not among it."""
        return tuple(self._each_kind())

    def get_kind(self, name: str) -> PullKind:
        """Return one kind.

        Raises:
            InvalidError: there is none of this name, or it does not load.
        """
        if name not in self._known:
            kind = self._found(name)
            try:
                self._known[name] = described(kind)
            except Exception as error:  # another package's may be anything
                raise InvalidError("kind", f"cannot be described ({type(error).__name__})") from error
        return self._known[name]

    def checked_config(self, kind: str, config: Mapping[str, JsonValue]) -> JsonObject:
        """Return a configuration as it is stored: every field, trimmed; texts of a form are read as what they mean.

        Raises:
            InvalidError: names the field that is unknown, missing or wrong.
        """
        found = self._found(kind)
        read = _config_of(found, config)
        try:
            found.check_config(read, self.network)
            kept: JsonObject = _plain(read)
        except SourceError as error:
            raise _invalid(found, error) from error
        except Exception as error:  # noqa: BLE001  # as above; also of ours, on a text that is no Unicode
            raise InvalidError("config", f"cannot be checked ({type(error).__name__})") from None
        return kept

    def checked_rules(self, rules: Sequence[Mapping[str, JsonValue]]) -> tuple[JsonObject, ...]:
        """Return an attribute mapping as it is stored.

        Raises:
            InvalidError: says which rule cannot work.
        """
        return tuple(_plain(_rules_of(rules)))

    def tried_rules(
        self, kind: str, rules: Sequence[Mapping[str, JsonValue]], given: Sequence[Mapping[str, JsonValue]]
    ) -> list[Trial]:
        """Return what an attribute mapping makes of objects as the directory gave them.

        Raises:
            InvalidError: a rule cannot work for anybody.
        """
        self._found(kind)
        mapper = Mapper(_rules_of(rules))
        return [_tried(mapper, one) for one in given]

    def inputs_of(self, given: Sequence[Mapping[str, JsonValue]]) -> tuple[str, ...]:
        """Return the names of attributes that objects have, also inside others, in alphabetical order."""
        names = {name for one in given for name in _names_in(one)}
        return tuple(sorted(names)[:INPUTS_MAX])

    async def check(
        self,
        kind: str,
        config: Mapping[str, JsonValue],
        secrets: Mapping[str, str],
        rules: Sequence[Mapping[str, JsonValue]] | None,
        *,
        now: datetime,
    ) -> Check:
        """Try all that a pull needs, for a minute at most; nothing is written anywhere."""
        try:
            connector = await self.connected(kind, config, secrets, rules, terms=Terms(network=self.network))
        except SourceError as error:
            return _failed("credentials", "Configuration and credentials", error)
        try:
            async with asyncio.timeout(CHECK_S):
                return _check_from(await connector.preflight(now))
        except SourceError as error:  # of a connector that does not put words to it itself
            return _failed("connection", "Connection", error)
        except TimeoutError:
            slow = SourceError("transient", f"no answer within {CHECK_S} s", remedy="Try again in a few minutes.")
            return _failed("connection", "Connection", slow)
        finally:
            await connector.aclose()

    async def connected(
        self,
        kind: str,
        config: Mapping[str, JsonValue],
        secrets: Mapping[str, str],
        rules: Sequence[Mapping[str, JsonValue]] | None,
        *,
        terms: Terms,
    ) -> Connector:
        """Return a connection as a source is configured; nothing is sent yet. ``rules`` None: those of the kind.

        The provider's library is imported on a thread, at its first use.

        Raises:
            SourceError: of kind ``config``: the configuration, the credentials or the rules cannot work.
        """
        try:
            found = self._found(kind)
            read = _config_of(found, config)
            checked = found.default_rules if rules is None else _rules_of(rules)
        except InvalidError as error:
            raise SourceError("config", str(error)) from error
        if isinstance(found.connect, Late):
            await asyncio.to_thread(found.connect.load)
        if kind in OURS:
            return found.connect(read, Secrets(secrets), checked, terms)
        return _outsider(found, read, Secrets(secrets), checked, terms)

    def _each_kind(self) -> Iterator[PullKind]:
        for name in kind_names(self.allowed):
            try:
                yield self.get_kind(name)
            except InvalidError:  # another package's; what is the matter with it says whoever asks for it by name
                continue

    def _found(self, name: str) -> ConnectorKind:
        try:
            return get_kind(name, self.allowed)
        except SourceError as error:
            raise InvalidError("kind", f"is none: {error.words}") from error


def described(kind: ConnectorKind) -> PullKind:
    """Return a kind as forms ask for it; help texts are the descriptions (``msgspec.Meta``) of its fields."""
    info = inspect.type_info(kind.config_type)
    assert isinstance(info, inspect.StructType)  # noqa: S101  # config_type is a Struct
    return PullKind(
        name=kind.name,
        label=kind.label,
        fields=tuple(_field_from(one) for one in info.fields),
        credentials=tuple(
            CredentialField(name=o.name, label=o.label, multiline=o.multiline) for o in kind.secret_fields
        ),
        bound_to=kind.secrets_bound_to,
        default_rules=tuple(_plain(kind.default_rules)),
    )


def _outsider(kind: ConnectorKind, config: msgspec.Struct, secrets: Secrets, rules: Rules, terms: Terms) -> Connector:
    try:
        return Outsider(kind.connect(config, secrets, rules, terms), secrets)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # another package may raise anything, and quote anybody
        words = f"the connector {kind.name} does not take this configuration ({type(error).__name__})"
        raise SourceError("config", words) from None


def _field_from(one: inspect.Field) -> ConfigField:
    kind, words = one.type, ""
    if isinstance(kind, inspect.Metadata):
        words = str((kind.extra_json_schema or {}).get("description", ""))
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        kind = next((part for part in kind.types if not isinstance(part, inspect.NoneType)), kind)
    default: JsonValue = None if one.default is msgspec.NODEFAULT else one.default
    if isinstance(kind, inspect.LiteralType):
        texts = [str(value) for value in kind.values]
        choices = tuple(sorted(texts, key=lambda text: (text != default, text)))
        return ConfigField(
            name=one.name, kind="choice", choices=choices, default=default, required=one.required, help=words
        )
    shown: Literal["text", "switch", "number"] = "text"
    if isinstance(kind, inspect.BoolType | inspect.IntType):
        shown = "switch" if isinstance(kind, inspect.BoolType) else "number"
    return ConfigField(name=one.name, kind=shown, default=default, required=one.required, help=words)


def _plain(value: object) -> Any:  # noqa: ANN401 - what a value is in JSON
    return msgspec.json.decode(msgspec.json.encode(value))


def _config_of(kind: ConnectorKind, config: Mapping[str, JsonValue]) -> msgspec.Struct:
    trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in config.items()}
    said = {name: value for name, value in trimmed.items() if value not in ("", None)}
    try:
        return msgspec.convert(said, kind.config_type, strict=False)
    except msgspec.ValidationError as error:
        named = _NAMED.search(str(error))
        name = (named[1] or named[2]) if named else "config"
        raise InvalidError(name, _wrong_words(str(error))) from error


def _wrong_words(text: str) -> str:
    if "missing required" in text:
        return "is missing"
    if "unknown field" in text:
        return "is no field of this kind of connector"
    return "has a value that it cannot have"


def _invalid(kind: ConnectorKind, error: SourceError) -> InvalidError:
    """Return the error with its field: the one that its words begin with, else where the directory is."""
    first, _, rest = error.words.partition(" ")
    if first in kind.config_type.__struct_fields__:
        return InvalidError(first, rest)
    return InvalidError((kind.secrets_bound_to or ("config",))[0], f"is wrong: {error.words}")


def _rules_of(rules: Sequence[Mapping[str, JsonValue]]) -> Rules:
    try:
        read = msgspec.convert([_plain(rule) for rule in rules], Rules)
    except ValueError as error:
        raise InvalidError("rules", f"have one that is none: {str(error)[:200]}") from error
    try:
        check_rules(read)
    except SourceError as error:
        raise InvalidError("rules", f"cannot work: {error.words}") from error
    return read


def _tried(mapper: Mapper, given: Mapping[str, JsonValue]) -> Trial:
    try:
        values = mapper.values_for(given)
    except ValueError as error:
        return Trial(values={}, problem=str(error)[:300])
    try:
        check_user(UserAttributes(document_for(values, ext_id="on trial")))
    except (ValueError, InvalidError) as error:
        return Trial(values=values, problem=str(error)[:300])
    return Trial(values=values)


def _names_in(given: Mapping[str, JsonValue]) -> Iterator[str]:
    for name, value in given.items():
        yield name
        if isinstance(value, dict):
            yield from (f"{name}.{inner}" for inner in value)
        elif isinstance(value, list) and value:
            yield f"{name}.0"


def _check_from(found: Preflight) -> Check:
    names = ("key", "words", "outcome", "detail", "remedy", "missing", "latency_ms")
    return Check(
        steps=tuple(CheckStep(**{name: getattr(step, name) for name in names}) for step in found.steps),
        identity=found.identity,
        identity_name=found.identity_name,
        users=found.users,
        groups=found.groups,
        credential_expires_at=found.credential_expires_at,
    )


def _failed(key: str, words: str, error: SourceError) -> Check:
    step = CheckStep(key=key, words=words, outcome="failed", detail=error.words, remedy=error.remedy)
    return Check(steps=(step,))
