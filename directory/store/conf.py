"""What Piccolo's command line and its migrations ask for: the engine and the one app."""

from piccolo.conf.apps import AppRegistry

from directory.store.unit import Engine

APP_REGISTRY = AppRegistry(apps=["directory.store.app"])

DB: Engine | None = None
"""The engine of the migration that runs; ``migrate`` sets it."""
