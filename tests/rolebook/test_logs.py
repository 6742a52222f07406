"""Log lines: one JSON object each, with neither secrets nor values of rows."""

import json
import logging
import sqlite3

import pytest
import structlog

from rolebook import logs

TOKEN = "rbk_s_0123456789_" + "a" * 49


@pytest.fixture(autouse=True)
def set_up() -> None:
    logs.set_up("info")


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_our_lines_and_the_libraries_look_alike(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("rolebook").info("began", port=8000)
    logging.getLogger("uvicorn.error").info("Shutting %s", "down")

    ours, theirs = lines_of(capsys)

    assert (ours["event"], ours["level"], ours["port"]) == ("began", "info", 8000)
    assert (theirs["event"], theirs["level"]) == ("Shutting down", "info")
    assert ours.keys() - {"port"} == theirs.keys() - {"logger"}


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"Authorization: Bearer {TOKEN}",
        "authorization: basic YW5uOmh1bnRlcjI=",
        "postgresql://ann:hunter2@db/rolebook",
    ],
)
def test_secrets_are_hidden_wherever_they_stand(capsys: pytest.CaptureFixture[str], text: str) -> None:
    structlog.get_logger("rolebook").info("asked", nested={"deep": [text]})
    logging.getLogger("somebody").warning("got %s", text)

    captured = capsys.readouterr().err

    assert captured.count("[hidden]") >= 2
    assert not any(secret in captured for secret in (TOKEN, "YW5u", "hunter2"))


def test_line_breaks_and_control_characters_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("rolebook").info("asked", path='a\r\n{"event":"forged"}\u202e\x1b[31m')

    captured = capsys.readouterr().err

    assert captured.count("\n") == 1
    assert captured.isascii()


def test_long_texts_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("rolebook").info("asked", text="x" * 10_000)

    assert len(capsys.readouterr().err) < 1_000


def test_an_error_is_told_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    error = failing_with(ValueError("no such thing"))
    structlog.get_logger("rolebook").error("failed", exc_info=error)

    (line,) = lines_of(capsys)

    assert (line["error"], line["message"]) == ("ValueError", "no such thing")
    assert "failing_with" in str(line["frames"])


def test_the_words_of_a_database_error_are_not_told_since_they_quote_rows(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("rolebook").error("failed", exc_info=failing_with(sqlite3.IntegrityError("ann@example.com")))

    captured = capsys.readouterr().err

    assert "ann@" not in captured
    assert "IntegrityError" in captured


def test_an_error_of_a_library_is_told_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("uvicorn.error").error("failed", exc_info=failing_with(ValueError("no such thing")))

    (line,) = lines_of(capsys)

    assert (line["error"], line["message"]) == ("ValueError", "no such thing")


def test_what_is_below_the_level_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("rolebook").debug("detail")
    logging.getLogger("somebody").debug("detail")
    logging.getLogger("apscheduler.executors").info("tick")

    assert lines_of(capsys) == []


def failing_with(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as raised:
        return raised


def test_a_library_that_advises_websockets_is_not_heard(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info")
    logs.set_up("info")
    logging.getLogger("uvicorn.error").warning("No supported WebSocket library detected. Please install one.")
    logging.getLogger("uvicorn.error").warning("Something else.")

    assert [line["event"] for line in map(json.loads, capsys.readouterr().err.splitlines())] == ["Something else."]
