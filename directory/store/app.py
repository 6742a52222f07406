"""The Piccolo app, for Piccolo's own command line: where the migrations lie."""

from piccolo.conf.apps import AppConfig

from directory.store.schema import APP_NAME, MIGRATIONS

APP_CONFIG = AppConfig(
    app_name=APP_NAME,
    migrations_folder_path=str(MIGRATIONS),
    table_classes=[],  # migrations are SQL, never derived from tables
    migration_dependencies=[],
)
