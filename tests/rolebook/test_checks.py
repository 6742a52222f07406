"""The self-check finds what does not fit together, and nothing else."""

import stat
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner

from directory import access_roles, groups, mappings, tenants, users
from directory.model import Actor, GroupAttributes, SourceId, Tenant, UserAttributes
from directory.store.tenancy import HOUSE
from directory.store.unit import Engine, open_store
from rolebook.checks import run_checks
from rolebook.cli import main
from rolebook.command import Answer
from rolebook.duties import seal_events
from rolebook.jobs import clock
from rolebook.provision import Connection, create_source, create_tenant
from rolebook.settings import Settings
from tests.rolebook.house import settings_for

pytestmark = pytest.mark.anyio


@pytest.fixture
async def settings(store: Engine, database_url: str) -> Settings:
    """A tenant with one user, whom a mapped group makes an Editor, and sealed events."""
    settings = settings_for(database_url)
    await create_tenant("Example", slug="example", parent_slug=None, now=clock())
    tenant = await tenants.find_tenant("example")
    assert tenant is not None
    await fill(tenant, settings)
    while await seal_events(clock()):
        pass
    assert store.engine_type in database_url
    if settings.database_path is not None:
        close_to_others(settings.database_path)
    return settings


async def fill(tenant: Tenant, settings: Settings) -> None:
    wanted = Connection(kind="scim", preset="entra", label="Entra")
    made = await create_source(tenant.slug, wanted, settings.base_url, now=clock())
    by = Actor(tenant_id=tenant.tenant_id, kind="source", label="Entra", source_id=SourceId(UUID(made["source"])))
    ann = UserAttributes({"userName": "ann@example.com", "active": True, "externalId": "1"})
    user, _ = await users.create_user(ann, by=by, now=clock(), revive_inactive=False)
    group = await groups.create_group(
        GroupAttributes({"displayName": "Editors"}),
        frozenset({str(user.user_id)}),
        by=by,
        now=clock(),
        unique_name=False,
        unknown="pending",
    )
    editor = await access_roles.find_role(tenant.tenant_id, "editor")
    assert editor is not None
    operator = tenants.system_actor(tenant)
    await mappings.add_mapping(group.group_id, editor.role_id, consent=False, by=operator, now=clock())


def close_to_others(path: Path) -> None:
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)


def findings(answer: Answer) -> dict[str, list[str]]:
    """Return what each check found, without those that found nothing."""
    assert answer["ok"] == (not any(check["findings"] for check in answer["checks"]))
    return {check["check"]: check["findings"] for check in answer["checks"] if check["findings"]}


async def test_a_sound_installation_has_no_findings(settings: Settings) -> None:
    answer = await run_checks(settings)

    assert findings(answer) == {}
    assert [check["check"] for check in answer["checks"]] == [
        "packages", "database", "roles of example", "counts of example", "events of example", "keys",
    ]  # fmt: skip
    assert {check["check"]: check["checked"] for check in answer["checks"]}["roles of example"] == 1


async def test_a_second_factor_whose_key_is_gone_is_named(settings: Settings, store: Engine) -> None:
    await store.execute(
        "INSERT INTO factor_row (tenant_id, id, user_id, sealed, created_at, last_step)"
        " SELECT tenant_id, id, id, 'v1.0123abcd.x.y', created_at, 0 FROM user_row",
        scope=HOUSE,
    )

    assert findings(await run_checks(settings)) == {
        "keys": ["1 second factors are sealed with the key 0123abcd, which is not on the ring"]
    }


@pytest.mark.parametrize(
    ("damage", "check", "words"),
    [
        (
            "UPDATE user_row SET role_id = (SELECT administrator_role_id FROM tenant_row)",
            "roles of example",
            "has another role than the mappings give",
        ),
        ("DELETE FROM mapping_row", "roles of example", "has another role than the mappings give"),
        ("UPDATE group_row SET member_count = 7", "counts of example", "has a wrong count"),
        ("DELETE FROM member_row", "counts of example", "has a wrong count"),
        ("UPDATE chain_row SET hash = 'other'", "events of example", "the chain is broken at event"),
        ("UPDATE chain_row SET seq = seq + 1", "events of example", "the chain is broken at event"),
    ],
)
async def test_damage_is_found(settings: Settings, store: Engine, damage: str, check: str, words: str) -> None:
    await store.execute(damage, scope=HOUSE)

    assert words in findings(await run_checks(settings))[check][0]


async def test_a_change_of_mappings_under_way_is_no_finding(settings: Settings, store: Engine) -> None:
    await store.execute("DELETE FROM mapping_row", scope=HOUSE)
    await store.execute(
        "INSERT INTO redecision_row (tenant_id, id, asked_at) SELECT id, id, created_at FROM tenant_row", scope=HOUSE
    )
    answer = await run_checks(settings)

    assert findings(answer) == {}
    assert "being applied" in str(answer["checks"][2]["notes"])


@pytest.mark.usefixtures("sqlite_store")
async def test_a_file_that_others_may_read_is_found(sqlite_url: str) -> None:
    settings = settings_for(sqlite_url)
    assert settings.database_path is not None
    settings.database_path.chmod(0o644)

    assert findings(await run_checks(settings)) == {
        "database": ["rolebook.sqlite may be read by others than its owner"]
    }


async def test_a_server_that_does_not_sync_and_a_superuser_are_noted(postgres_owner_url: str) -> None:
    async with open_store(postgres_owner_url):
        answer = await run_checks(settings_for(postgres_owner_url))
    notes = str(answer["checks"][1]["notes"])

    assert findings(answer) == {}
    assert "fsync is off" in notes
    assert "superuser" in notes
    assert "row-level security is not in force" in notes


@pytest.mark.usefixtures("postgres_store")
async def test_of_an_application_that_owns_nothing_there_is_nothing_to_note(postgres_url: str) -> None:
    notes = str((await run_checks(settings_for(postgres_url)))["checks"][1]["notes"])
    assert "row-level security" not in notes
    assert "superuser" not in notes


def test_the_command_fails_when_there_is_a_finding(sqlite_url: str) -> None:
    Path(sqlite_url.removeprefix("sqlite:///")).chmod(0o644)
    result = CliRunner(env={"ROLEBOOK_DATABASE_URL": sqlite_url}).invoke(main, ["check"])

    assert result.exit_code == 1
    assert "packages: well" in result.stdout
    assert "may be read by others" in result.stdout
