"""What happened in each hour is counted, gaps in the record are kept, and people's events are found among sources'."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0009_activity"
VERSION = "1.38.0"
DESCRIPTION = "counts by hour, gaps in the record, indexes of the activity pages"

# Neither index is touched by what a provider pushes every day: the first leaves its events out, the second has users
# only while they are disabled.
TABLES = """
CREATE TABLE IF NOT EXISTS activity_hour_row (
  tenant_id UUID NOT NULL,
  hour TIMESTAMPTZ NOT NULL,
  source_id UUID NOT NULL,
  kind TEXT NOT NULL,
  things BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, hour, source_id, kind)
);

CREATE TABLE IF NOT EXISTS request_gap_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  from_at TIMESTAMPTZ NOT NULL,
  until_at TIMESTAMPTZ NOT NULL,
  lost_count BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE INDEX IF NOT EXISTS event_of_people ON event_row (tenant_id, id) WHERE actor_kind <> 'source';
CREATE INDEX IF NOT EXISTS user_disabled ON user_row (tenant_id, id) WHERE NOT active AND deleted_at IS NULL;
"""

# What a database of an earlier version has recorded so far: sealed events, since the sealer counts the others.
_EVENT_KIND = """CASE action WHEN 'user:created' THEN 'created' WHEN 'user:returned' THEN 'created'
  WHEN 'user:changed' THEN 'updated' WHEN 'user:enabled' THEN 'updated'
  WHEN 'user:disabled' THEN 'disabled' WHEN 'user:deleted' THEN 'disabled' END"""
_NOBODY = "'00000000-0000-0000-0000-000000000000'"
_EARLIER = """
INSERT INTO activity_hour_row (tenant_id, hour, source_id, kind, things)
SELECT tenant_id, {hour_of_event}, CASE actor_kind WHEN 'source' THEN actor_id ELSE {nobody} END, {kind}, count(*)
FROM event_row WHERE seq IS NOT NULL AND {kind} IS NOT NULL
GROUP BY 1, 2, 3, 4 ON CONFLICT DO NOTHING;
INSERT INTO activity_hour_row (tenant_id, hour, source_id, kind, things)
SELECT tenant_id, {hour_of_request}, coalesce(source_id, {nobody}), 'requests', count(*)
FROM request_row GROUP BY 1, 2, 3 ON CONFLICT DO NOTHING;
INSERT INTO activity_hour_row (tenant_id, hour, source_id, kind, things)
SELECT tenant_id, {hour_of_request}, coalesce(source_id, {nobody}), 'failed', count(*)
FROM request_row WHERE status >= 400 AND NOT (method = 'GET' AND status = 404)
GROUP BY 1, 2, 3 ON CONFLICT DO NOTHING;
"""


def earlier(hour_of: str, nobody: str) -> str:
    """Return the statements that count what was recorded before; ``hour_of`` is the hour of the column ``{}``."""
    return _EARLIER.format(
        hour_of_event=hour_of.format("at"),
        hour_of_request=hour_of.format("started_at"),
        nobody=nobody,
        kind=_EVENT_KIND,
    )


POSTGRES = TABLES + earlier("date_trunc('hour', {}, 'UTC')", f"{_NOBODY}::uuid")
SQLITE = TABLES + earlier("substr({}, 1, 13) || ':00:00.000000+00:00'", _NOBODY)


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, postgres=POSTGRES, sqlite=SQLITE)
