"""The whole configuration: the only module that reads the environment."""

import ipaddress
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from directory.key_ring import KeyRingError, parse_keys
from rolebook.mail_server import parse_mail_sender, parse_mail_server

# ruff: noqa: RUF009 - setting() and secret() give dataclass fields

PREFIX = "ROLEBOOK_"
FILE_SUFFIX = "_FILE"
KEY_FILE_SUFFIX = ".keys"
LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """Everything that is wrong with the settings, one line a problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Secret:
    """A text that shows itself only when asked: ``repr`` and ``str`` hide it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; whoever calls this takes care where it goes."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('…')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other.reveal()

    def __hash__(self) -> int:
        return hash(self._text)


def parse_database_url(text: str) -> Secret:
    """Return the address; it may hold a password, hence the wrapping."""
    parts = urlsplit(text)
    is_sqlite = parts.scheme == "sqlite" and not parts.netloc
    if (is_sqlite or parts.scheme in {"postgresql", "postgres"}) and parts.path.removeprefix("/"):
        return Secret(text)
    raise ValueError("it is neither sqlite:///PATH nor postgresql://USER@HOST/NAME")


def parse_owner_url(text: str) -> Secret:
    """Return the address of PostgreSQL as the owner of the schema."""
    if text.startswith("sqlite"):
        raise ValueError("only PostgreSQL has an owner")
    return parse_database_url(text)


def parse_key_ring(text: str) -> Secret:
    """Return the keys as they are written, once they are known to make a ring; what is wrong never quotes one."""
    try:
        parse_keys(text)
    except KeyRingError as error:
        raise ValueError(str(error)) from None
    return Secret(text)


def parse_smtp_url(text: str) -> Secret:
    """Return the address of the mail server, once it is known to be one; it may hold a password."""
    parse_mail_server(text)
    return Secret(text)


def parse_mail_from(text: str) -> str:
    """Return in whose name mails come, once it is known to be an address."""
    parse_mail_sender(text)
    return text


def parse_switch(text: str) -> bool:
    """Return whether something is on."""
    if text.lower() not in {"yes", "no", "true", "false", "on", "off"}:
        raise ValueError(f"'{text}' is neither yes nor no")
    return text.lower() in {"yes", "true", "on"}


def parse_certificates(text: str) -> Path:
    """Return the file of certificates, once it is known to hold some."""
    try:
        ssl.create_default_context(cafile=text)
    except (OSError, ValueError):
        raise ValueError(f"the file {text} holds no certificates that can be read") from None
    return Path(text)


def parse_graph_at(text: str) -> str:
    """Return where Microsoft signs in and where its Graph is, with a blank between, or one address for both."""
    addresses = [one.rstrip("/") for one in text.split()]
    if not 1 <= len(addresses) <= 2 or not all(map(is_https_base, addresses)):
        raise ValueError("it is neither https://HOST nor two of these")
    return " ".join(addresses)


def is_https_base(text: str) -> bool:
    """Whether an address is ``https://HOST``, perhaps with a port, and nothing more: neither a user nor a path."""
    parts = urlsplit(text)
    return bool(parts.scheme == "https" and parts.hostname and "@" not in text and text == f"https://{parts.netloc}")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_public_url(text: str) -> str:
    """Return the address without a slash at its end; plain http only where nobody can listen in."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"'{text}' is not https://HOST")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ValueError(f"'{text}' may hold only scheme, host and port")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(f"'{text}' must be https: plain http is for this machine only (localhost)")
    return text.rstrip("/")


def parse_whole_number(text: str, *, least: int, most: int) -> int:
    """Return a whole number between ``least`` and ``most``."""
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"'{text}' is not a whole number")
    if not least <= int(text) <= most:
        raise ValueError(f"{text} is not between {least} and {most}")
    return int(text)


def parse_port(text: str) -> int:
    """Return a TCP port; 0 asks the system for a free one."""
    return parse_whole_number(text, least=0, most=65_535)


def parse_workers(text: str) -> int:
    """Return a number of processes."""
    return parse_whole_number(text, least=1, most=64)


def parse_log_level(text: str) -> str:
    """Return the level in small letters."""
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"'{text}' is none of {', '.join(LOG_LEVELS)}")
    return text.lower()


def setting(parse: Callable[[str], object], default: object, says: str, *, shown: str | None = None) -> Any:  # noqa: ANN401 - callers see the field's own type
    """Return a field of Settings.

    ``parse`` turns text into the value, or raises ValueError with words that follow the setting's name; ``says`` and
    ``shown``, the default in words, are the row of docs/operations.md.
    """
    return field(default=default, metadata={"parse": parse, "says": says, "shown": shown or str(default)})


def secret(parse: Callable[[str], object], default: Secret | None, says: str) -> Any:  # noqa: ANN401 - as setting
    """Return a field whose value may also stand in the file that ``NAME_FILE`` names."""
    shown = default.reveal() if default else "none"
    metadata = {"parse": parse, "says": says, "shown": shown, "secret": True}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration, read once at start."""

    database_url: Secret = secret(
        parse_database_url,
        Secret("sqlite:///rolebook.sqlite"),
        "Where the directory is kept: `sqlite:///PATH`, or `postgresql://USER@HOST/NAME` as the application role.",
    )
    database_owner_url: Secret | None = secret(
        parse_owner_url,
        None,
        "PostgreSQL only: the same database as the owner of its schema. Migrations run as the owner and grant the "
        "application role what it needs; without it the application role migrates and owns the tables.",
    )
    keys: Secret | None = secret(
        parse_key_ring,
        None,
        "The key ring that seals second factors, secrets of webhooks and credentials of connectors: 32 random bytes or "
        "more each, in base 64 or hex, the newest first, with blanks between them. Without it a file with one key is "
        "made beside the SQLite database. PostgreSQL has no such place: beyond this machine it needs this setting.",
    )
    public_url: str = setting(
        parse_public_url,
        "",
        "The address that browsers and identity providers use. Plain http is accepted for localhost only.",
        shown="http://localhost:PORT",
    )
    host: str = setting(str, "127.0.0.1", "The address to listen on.")
    port: int = setting(parse_port, 8000, "The port to listen on; 0 takes a free one.")
    workers: int = setting(parse_workers, 1, "Server processes; more than one needs PostgreSQL.")
    forwarded_allow_ips: str = setting(
        str,
        "",
        "Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses or networks, with commas.",
        shown="none",
    )
    metrics_token: Secret | None = secret(
        Secret, None, "Bearer token for `/metrics`; without it only direct requests from this machine are answered."
    )
    smtp_url: Secret | None = secret(
        parse_smtp_url,
        None,
        "The mail server: `smtp://USER:PASSWORD@HOST:587?tls=starttls`, or `smtps://` for TLS from the start; "
        "`ca=FILE` names certificates to trust. Without it mails stay queued.",
    )
    mail_from: str = setting(
        parse_mail_from, "", "In whose name mails come: `Rolebook <rolebook@example.com>`.", shown="none"
    )
    allow_private_webhooks: bool = setting(
        parse_switch,
        default=False,
        says="Whether webhooks may lead to private addresses and to plain http: `yes` or `no`.",
        shown="no",
    )
    connectors: str = setting(
        str,
        "",
        "Connectors of other packages that may be used, by name, with commas; those to Entra ID and Okta always may.",
        shown="none",
    )
    pull_private: bool = setting(
        parse_switch,
        default=False,
        says="Whether connectors may lead to private addresses: `yes` or `no`.",
        shown="no",
    )
    pull_ca: Path | None = setting(
        parse_certificates,
        None,
        "File of certificates (PEM) that connectors trust beside the usual ones, for directories on the own network.",
        shown="none",
    )
    pull_graph: str | None = setting(
        parse_graph_at,
        None,
        "Where Microsoft signs in and where its Graph is, for a cloud that Rolebook does not know yet or a Graph of "
        "one's own: `https://HOST`, or two of these with a blank between.",
        shown="none",
    )
    log_level: str = setting(parse_log_level, "info", "How much is logged: `debug`, `info`, `warning` or `error`.")

    @property
    def base_url(self) -> str:
        """The public address, without a slash at its end."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def is_sqlite(self) -> bool:
        """Whether the directory is one file, with one server process."""
        return self.database_url.reveal().startswith("sqlite:")

    @property
    def database_path(self) -> Path | None:
        """The SQLite file; None with PostgreSQL."""
        return Path(self.database_url.reveal().removeprefix("sqlite:///")) if self.is_sqlite else None

    @property
    def key_file(self) -> Path | None:
        """The file of the key ring where no keys are set; None with PostgreSQL."""
        path = self.database_path
        return None if path is None else path.with_name(path.name + KEY_FILE_SUFFIX)

    @property
    def beyond_loopback(self) -> bool:
        """Whether others than this machine reach the server by its public address."""
        return not is_loopback(urlsplit(self.base_url).hostname or "")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **flags: str | int | None) -> Self:
        """Read ``ROLEBOOK_*`` from the environment; a flag that is not None wins over its variable.

        Raises:
            SettingsError: all problems at once, unknown names among them.
        """
        taken = os.environ if environ is None else environ  # noqa: TID251 - the one place
        given = {name: value for name, value in taken.items() if name.startswith(PREFIX)}
        problems: list[str] = []
        values: dict[str, object] = {}
        for known in fields(cls):
            name = PREFIX + known.name.upper()
            try:
                text = text_of(name, known, given, flags.get(known.name))
                if text:
                    values[known.name] = known.metadata["parse"](text)
            except ValueError as problem:
                problems.append(f"{name}: {problem}")
        problems += [f"{name}: no such setting" for name in given]
        settings = cls(**values)  # type: ignore[arg-type]  # `parse` of a field gives what its annotation says
        problems += contradictions(settings)
        if problems:
            raise SettingsError(sorted(problems))
        return settings


def text_of(name: str, known: Field[Any], given: dict[str, str], flag: str | int | None) -> str:
    """Take what is said about one setting out of ``given``: the flag, the variable, or the file it names."""
    text = given.pop(name, "")
    path = given.pop(name + FILE_SUFFIX, "") if known.metadata.get("secret") else ""
    if flag is not None:
        return str(flag)
    if text and path:
        raise ValueError(f"{name}{FILE_SUFFIX} is set too: which of them holds?")
    if not path:
        return text
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"the file {path} cannot be read") from None


def contradictions(settings: Settings) -> Iterator[str]:
    """Say which settings do not go together."""
    if settings.smtp_url and not settings.mail_from:
        yield "ROLEBOOK_MAIL_FROM: ROLEBOOK_SMTP_URL needs an address in whose name mails come"
    if settings.is_sqlite and settings.workers > 1:
        yield "ROLEBOOK_WORKERS: more than one process needs PostgreSQL (ROLEBOOK_DATABASE_URL)"
    if settings.is_sqlite and settings.database_owner_url:
        yield "ROLEBOOK_DATABASE_OWNER_URL: only PostgreSQL has an owner, and ROLEBOOK_DATABASE_URL is SQLite"
