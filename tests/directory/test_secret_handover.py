"""The cut-over from an old secret to a new one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from directory.ids import new_id
from directory.model import SecretId, SecretKey, SourceId
from directory.secret_handover import expires_soon, handover_for, is_in_use

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OLD = SecretKey(
    secret_id=SecretId(new_id(NOW)),
    source_id=SourceId(new_id(NOW)),
    public_id="AAAAAAAAAA",
    label="Old",
    last_four="aaaa",
    created_by="R. Diaz",
    created_at=NOW - timedelta(days=100),
    expires_at=NOW + timedelta(days=80),
    retiring_until=NOW + timedelta(hours=1),
)
NEW = replace(OLD, label="New", created_at=NOW - 30 * MINUTE, retiring_until=None)


@pytest.mark.parametrize(
    ("new_ago", "old_ago", "verdict"),
    [
        (None, None, "new unused"),
        (None, 2, "new unused"),
        (1, None, "safe to revoke"),
        (2, 6, "safe to revoke"),
        (1, 2, "both in use"),
        (9, 6, "both in use"),
    ],
)
def test_the_old_one_can_go_once_the_new_one_took_over(new_ago: int | None, old_ago: int | None, verdict: str) -> None:
    new = replace(NEW, last_used_at=None if new_ago is None else NOW - new_ago * MINUTE)
    old = replace(OLD, last_used_at=None if old_ago is None else NOW - old_ago * MINUTE)
    found = handover_for([new, old], NOW)
    assert found is not None
    assert (found.new, found.old, found.verdict) == (new, old, verdict)


def test_without_an_overlap_there_is_nothing_to_hand_over() -> None:
    assert handover_for([NEW], NOW) is None
    assert handover_for([NEW, replace(OLD, revoked_at=NOW)], NOW) is None
    assert handover_for([], NOW) is None


def test_only_a_valid_secret_of_the_last_minutes_is_in_use() -> None:
    assert is_in_use(replace(NEW, last_used_at=NOW - 9 * MINUTE), NOW)
    assert not is_in_use(replace(NEW, last_used_at=NOW - 11 * MINUTE), NOW)
    assert not is_in_use(NEW, NOW)
    assert not is_in_use(replace(NEW, last_used_at=NOW, revoked_at=NOW), NOW)


def test_thirty_days_before_its_end_a_secret_is_expiring() -> None:
    assert expires_soon(replace(NEW, expires_at=NOW + timedelta(days=29)), NOW)
    assert not expires_soon(NEW, NOW)
    assert not expires_soon(replace(NEW, expires_at=NOW - MINUTE), NOW)
