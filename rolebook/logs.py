"""Log lines: JSON on standard error, one an event, without secrets, personal values or line breaks."""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = re.compile(
    r"rbk_[A-Za-z]_\w+"  # our own secrets
    r"|(?i:bearer|basic|ssws)\s+[\w.~+/=-]{8,}"  # Authorization, in whatever text it stands
    r"|(?<=://)[^\s/@\"]+:[^\s/@\"]+(?=@)"  # a password in an address
)
TEXT_LENGTH_MAX = 500
FRAME_COUNT_MAX = 20

QUOTING_PACKAGES = ("asyncpg", "sqlite3", "piccolo")
"""Their messages quote the values of a row: a unique violation names the e-mail address."""

QUIET_LOGGERS = {
    "apscheduler": logging.WARNING,
    "asyncio": logging.WARNING,
    "httpx": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
}
"""The tick would log twice a second; the others log whole addresses, queries included."""

HUSHED = ("No supported WebSocket library detected",)
"""What libraries advise that does not apply: we speak no WebSocket, and any client can ask for one."""

Event = MutableMapping[str, Any]


class StandardError:
    """Writes to whatever standard error is at that moment."""

    def write(self, text: str) -> None:
        """Write part of a line; for the libraries' handler."""
        sys.stderr.write(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def msg(self, line: str) -> None:
        """Write one line."""
        sys.stderr.write(line + "\n")

    debug = info = warning = error = critical = exception = log = msg


def redact(text: str) -> str:
    """Return ``text`` with every secret in it hidden."""
    return HIDDEN.sub("[hidden]", text)


def describe_error(error: BaseException) -> dict[str, object]:
    """Return what an operator needs of an unexpected error: its kind, where it arose, and words that quote nobody."""
    quotes = type(error).__module__.split(".")[0] in QUOTING_PACKAGES
    frames = traceback.extract_tb(error.__traceback__)[-FRAME_COUNT_MAX:]
    described: dict[str, object] = {
        "error": type(error).__qualname__,
        "message": "[not shown: it may quote values of a row]" if quotes else str(error),
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    cause = error.__cause__ or error.__context__
    if cause is not None:
        described["cause"] = type(cause).__qualname__
    return described


def unfold_error(_logger: object, _method: str, event: Event) -> Event:
    """Replace ``exc_info`` by words that quote nobody."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event.update(describe_error(error))
    return event


def shorten(_logger: object, _method: str, event: Event) -> Event:
    """Cut long texts, so that no caller can fill the log with one request."""
    for key, value in event.items():
        if isinstance(value, str) and len(value) > TEXT_LENGTH_MAX:
            event[key] = value[:TEXT_LENGTH_MAX] + "…"
    return event


def hide(_logger: object, _method: str, line: str) -> str:
    """Hide secrets in the finished line, wherever they stand."""
    return redact(line)


def is_wanted(record: logging.LogRecord) -> bool:
    """Whether a library's line says something."""
    return not record.getMessage().startswith(HUSHED)


def set_up(level: str) -> None:
    """Send every log line of the process, ours and the libraries', through one pipeline."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        unfold_error,
        shorten,
    ]
    render: list[Any] = [structlog.processors.JSONRenderer(ensure_ascii=True), hide]
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_names: StandardError(),
        cache_logger_on_first_use=True,
    )
    lines = logging.StreamHandler(StandardError())
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.root.handlers = [lines]
    logging.root.setLevel(level.upper())
    logging.getLogger("uvicorn.error").addFilter(is_wanted)
    for name, least in QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(least)
