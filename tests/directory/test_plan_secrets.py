from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.model import SecretId, SecretKey, Source, SourceId, SourceSettings, TenantId
from directory.plan import InsertRow, Plan, UpdateRows
from directory.plan_secrets import described, plan_issue, plan_revocation
from directory.secret_keys import OVERLAPS
from tests.directory.tenant_setup import DAY, HOUR, NOW

SOURCE = Source(
    source_id=SourceId(UUID(int=1)),
    tenant_id=TenantId(UUID(int=2)),
    kind="scim",
    preset="entra",
    label="Entra",
    settings=SourceSettings(),
    created_at=NOW,
)


def secret_numbered(number: int, *, at_hours: int, lifetime: timedelta) -> SecretKey:
    at = NOW + at_hours * HOUR
    return SecretKey(
        secret_id=SecretId(UUID(int=number)),
        source_id=SOURCE.source_id,
        public_id=f"{number:010}",
        label="",
        last_four=f"{number:04}",
        created_by="somebody",
        created_at=at,
        expires_at=at + lifetime,
    )


def applied(plan: Plan, secrets: Iterable[SecretKey], new: SecretKey | None) -> list[SecretKey]:
    """Return the secrets after the plan, as the table would hold them."""
    after = {secret.secret_id: secret for secret in secrets}
    for change in plan.changes:
        if isinstance(change, UpdateRows):
            secret_id: Any = change.where["id"]
            values: Any = dict(change.values)
            assert after[secret_id].revoked_at is None, "the update would find no row"
            after[secret_id] = replace(after[secret_id], **values)
        else:
            assert isinstance(change, InsertRow)
            assert new is not None
            after[new.secret_id] = new
        holders = [one for one in after.values() if one.revoked_at is None and one.retiring_until is None]
        assert len(holders) <= 1, "the unique index would refuse this"
    return list(after.values())


issues = st.tuples(
    st.just("issue"), st.integers(0, 40), st.sampled_from([DAY, 3 * DAY, 180 * DAY]), st.sampled_from(OVERLAPS)
)
revocations = st.tuples(st.just("revoke"), st.integers(0, 40), st.integers(0, 5), st.just(None))


@given(st.lists(issues | revocations, max_size=12))
def test_whatever_is_issued_and_revoked_at_most_one_is_active_and_two_are_valid(deeds: list[Any]) -> None:
    secrets: list[SecretKey] = []
    hours = 0
    for number, (deed, passed, given_value, overlap) in enumerate(deeds, 10):
        hours += passed
        at = NOW + hours * HOUR
        if deed == "issue":
            new = secret_numbered(number, at_hours=hours, lifetime=given_value)
            plan = plan_issue(SOURCE, new, secrets, digest="digest", overlap=overlap)
            secrets = applied(plan, secrets, new)
            assert new.state(at) == "active"
        elif secrets:
            chosen = secrets[given_value % len(secrets)]
            secrets = applied(plan_revocation(SOURCE, chosen, now=at), secrets, None)
        states = [secret.state(at) for secret in secrets]
        assert states.count("active") <= 1
        assert states.count("active") + states.count("retiring") <= 2


@given(st.sampled_from(OVERLAPS))
def test_the_one_before_is_valid_for_the_overlap_and_no_longer(overlap: timedelta) -> None:
    old, new = (secret_numbered(number, at_hours=0, lifetime=180 * DAY) for number in (1, 2))
    plan = plan_issue(SOURCE, new, [old], digest="digest", overlap=overlap)
    before = next(secret for secret in applied(plan, [old], new) if secret.secret_id == old.secret_id)
    assert before.state(NOW + overlap) in {"expired", "revoked"}
    if overlap:
        assert before.state(NOW + overlap - timedelta(microseconds=1)) == "retiring"


def test_revoking_again_changes_nothing() -> None:
    revoked = replace(secret_numbered(1, at_hours=0, lifetime=DAY), revoked_at=NOW)
    assert not plan_revocation(SOURCE, revoked, now=NOW)


def test_events_tell_secrets_apart_by_label_and_last_four() -> None:
    secret = secret_numbered(7, at_hours=0, lifetime=DAY)
    assert described(secret) == "…0007"
    assert described(replace(secret, label="Entra app")) == "Entra app (…0007)"
