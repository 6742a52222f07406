"""Configuration and credentials of a connection that is pulled: from a form to values, and back."""

from collections.abc import Mapping
from dataclasses import dataclass

from directory.errors import InvalidError
from directory.model import JsonObject, JsonValue
from directory.pulls.kinds import ConfigField, PullKind
from portal.confirming import SECRET_PREFIX
from portal.connector_words import choice_words, field_label
from portal.forms import Form

CONFIG_PREFIX = "config_"
FILE_SUFFIX = "_file"
TEXT_CHARS_MAX = 500
SECRET_CHARS_MAX = 20_000
NUMBER_MAX = 1_000_000
AGAIN = "Enter it once more: credentials are not kept while you confirm who you are."


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """One field of a configuration as the form has it."""

    name: str
    kind: str
    label: str
    hint: str
    required: bool
    options: tuple[tuple[str, str], ...]


def shown_fields(kind: PullKind) -> list[ShownField]:
    """Return the fields of a configuration in words."""
    return [_shown(field) for field in kind.fields]


def config_fields(kind: PullKind, config: Mapping[str, JsonValue]) -> dict[str, str]:
    """Return a configuration, or what stands for it where it says nothing, as fields of a form."""
    fields: dict[str, str] = {}
    for field in kind.fields:
        value = config.get(field.name, field.default)
        if field.kind == "switch":
            if value is True:
                fields[CONFIG_PREFIX + field.name] = "yes"
        elif value is not None:
            fields[CONFIG_PREFIX + field.name] = str(value)
    return fields


def read_config(form: Form, kind: PullKind) -> JsonObject:
    """Return the configuration that a form holds; empty fields are left out, and what is wrong is noted."""
    config: JsonObject = {}
    for field in kind.fields:
        value = _read_field(form, field)
        if value is not None:
            config[field.name] = value
    return config


def read_secrets(form: Form, kind: PullKind) -> dict[str, str]:
    """Return the credentials that were entered, by name: typed, or out of a file."""
    found: dict[str, str] = {}
    for credential in kind.credentials:
        name = SECRET_PREFIX + credential.name
        text = form.fields.get(name, "").strip() or form.fields.get(name + FILE_SUFFIX, "").strip()
        if not text:
            continue
        if len(text) > SECRET_CHARS_MAX:
            form.errors[name] = f"Use at most {SECRET_CHARS_MAX:,} characters."
        elif not text.isascii():
            form.errors[name] = "This is not text: upload the key or certificate as PEM."
        found[credential.name] = text.replace("\r\n", "\n")
    if kind.credentials and not any(name.startswith(SECRET_PREFIX) for name in form.fields):
        form.errors[SECRET_PREFIX + kind.credentials[0].name] = AGAIN
    return found


def without_secrets(form: Form) -> Form:
    """Return a form as it is shown again: what is wrong with it, and no credential."""
    kept = Form({name: value for name, value in form.fields.items() if not name.startswith(SECRET_PREFIX)})
    kept.errors |= form.errors
    return kept


def note_refused(form: Form, error: InvalidError, kind: PullKind) -> None:
    """Put why a value was refused beside its field."""
    name = {"audits_source_id": "audits"}.get(error.attribute, error.attribute)
    if name in {field.name for field in kind.fields}:
        name = CONFIG_PREFIX + name
    elif name in {credential.name for credential in kind.credentials}:
        name = SECRET_PREFIX + name
    form.errors[name] = f"It {error.reason.rstrip('.')}."


def _shown(field: ConfigField) -> ShownField:
    return ShownField(
        name=CONFIG_PREFIX + field.name,
        kind=field.kind,
        label=field_label(field.name),
        hint=field.help,
        required=field.required,
        options=tuple((value, choice_words(field.name, value)) for value in field.choices),
    )


def _read_field(form: Form, field: ConfigField) -> JsonValue:
    name = CONFIG_PREFIX + field.name
    match field.kind:
        case "switch":
            return form.flag(name)
        case "choice":
            return form.choice(name, field.choices)
        case "number" if field.required or form.fields.get(name, "").strip():
            return form.number(name, low=0, high=NUMBER_MAX)
        case "number":
            return None
        case _:
            return form.text(name, chars_max=TEXT_CHARS_MAX, required=field.required) or None
