"""A live secret that a client sends where it does not belong: neither stored with the request nor shown."""

from datetime import UTC, datetime

import pytest

from directory import locks, secret_keys, signins, traffic
from directory.store.tenancy import HOUSE
from directory.store.unit import current_engine
from tests.directory.world import create_world
from tests.rolebook.house import open_house, settings_for

pytestmark = pytest.mark.anyio

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


async def test_a_live_secret_is_in_no_record_of_a_request_and_on_no_page(database_url: str) -> None:
    async with open_house(settings_for(database_url)) as http:
        world = await create_world("northwind")
        now = datetime.now(UTC)
        secret = (await secret_keys.issue_secret(world.source.source_id, label="", by=world.system, now=now)).token
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/scim+json"}
        told = [await http.get(f"/scim/v2/{path}", headers=headers) for path in (
            f"Users/{secret}", f"Users?filter=userName eq {secret}", f'Users?filter=externalId eq "{secret}"',
            f'Users?filter=password eq "{secret}"', f"Users?attributes={secret}", f"Users?startIndex={secret}",
        )]  # fmt: skip
        told += [await http.post(f"/scim/v2/{path}", headers=headers, json=body) for path, body in (
            ("Users", {"userName": "", "title": secret}),
            ("Users", {"userName": "ada", "active": secret}),
            ("Users", {"userName": ["x"], secret: secret}),
            ("Bulk", {"schemas": [BULK], "Operations": [{"method": "DELETE", "path": f"/Users/{secret}"}]}),
        )]  # fmt: skip
        body = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": f'emails[type eq "{secret}"', "value": 1}]}
        told.append(await http.patch(f"/scim/v2/Groups/{secret}", headers=headers, json=body))
        await traffic.flush(now=now)
        rows = await current_engine().fetch("SELECT * FROM request_row", scope=HOUSE)
        records = await traffic.list_requests(world.tenant.tenant_id, limit=50)

        role_id = world.roles["administrator"].role_id
        rosa = await locks.create_local_user("rosa", role_id=role_id, by=world.system, now=now)
        await http.post(
            f"/sign-in/{await signins.create_link(rosa.user_id, by=world.system, now=now)}", headers=SAME_ORIGIN
        )
        paths = ["activity", "activity/requests", "overview", "configure-scim"]
        paths += [f"activity/requests/{record.reference}" for record in records]
        pages = [await http.get(f"/t/northwind/{path}", follow_redirects=True) for path in paths]

    assert len(rows) >= len(told) - 1
    assert {page.status_code for page in pages} == {200}
    assert any("(dropped)" in page.text for page in pages)
    for text in (*map(str, rows), *(page.text for page in pages)):
        assert secret not in text
