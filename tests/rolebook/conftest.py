"""What the program sets for its whole process is set back after each test."""

import logging
import os
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def process_as_before() -> Iterator[None]:
    """Set logging and the rights of new files back."""
    handlers, level, rights = logging.root.handlers, logging.root.level, os.umask(0o022)
    os.umask(rights)
    yield
    logging.root.handlers = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()
    os.umask(rights)
