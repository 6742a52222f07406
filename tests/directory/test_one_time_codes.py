"""Codes of an authenticator app, and recovery codes."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.one_time_codes import (
    RECOVERY_COUNT,
    STEP_S,
    digests_of,
    enrolment_uri,
    matching_step,
    new_factor_secret,
    new_recovery_codes,
    recovery_digest,
)

NOW = datetime(2026, 11, 22, 10, 0, 7, tzinfo=UTC)
STEP = timedelta(seconds=STEP_S)
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def code_at(at: datetime) -> str:
    return pyotp.TOTP(SECRET).at(at)


@pytest.mark.rfc("6238#appendix-B")
@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)

    assert matching_step(SECRET, code, now=at, after_step=0) == seconds // STEP_S


@pytest.mark.parametrize(("steps_off", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(steps_off: int, *, right: bool) -> None:
    assert (matching_step(SECRET, code_at(NOW + steps_off * STEP), now=NOW, after_step=0) is not None) is right


def test_a_code_works_once_and_none_before_it_works_afterwards() -> None:
    used = matching_step(SECRET, code_at(NOW), now=NOW, after_step=0)
    assert used is not None

    assert matching_step(SECRET, code_at(NOW), now=NOW, after_step=used) is None
    assert matching_step(SECRET, code_at(NOW - STEP), now=NOW, after_step=used) is None
    assert matching_step(SECRET, code_at(NOW + STEP), now=NOW, after_step=used) == used + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "-12345"])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert matching_step(SECRET, code, now=NOW, after_step=0) is None


def test_blanks_between_the_digits_do_not_matter() -> None:
    code = code_at(NOW)
    assert matching_step(SECRET, f" {code[:3]} {code[3:]} ", now=NOW, after_step=0) is not None


def test_a_new_secret_is_160_bits_that_apps_can_read() -> None:
    secret = new_factor_secret()

    assert len(pyotp.TOTP(secret).byte_secret()) == 20
    assert secret != new_factor_secret()


def test_the_address_for_the_app_names_account_and_tenant() -> None:
    uri = enrolment_uri(SECRET, account="rosa@example.org", tenant="North & Wind")

    parsed = pyotp.parse_uri(uri)
    assert isinstance(parsed, pyotp.TOTP)
    assert (parsed.name, parsed.issuer) == ("rosa@example.org", "Rolebook (North & Wind)")


def test_recovery_codes_are_ten_and_kept_as_hashes() -> None:
    codes = new_recovery_codes()
    digests = digests_of(codes)

    assert len(set(codes)) == len(set(digests)) == RECOVERY_COUNT
    assert not any(code.replace("-", "")[:8] in digest for code in codes for digest in digests)


def test_a_recovery_code_is_known_however_it_is_typed() -> None:
    code = new_recovery_codes()[0]

    typed = {code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} "}
    assert {recovery_digest(one) for one in typed} == {recovery_digest(code)}
    assert recovery_digest("O" * 16) == recovery_digest("0" * 16)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_code_or_none(text: str) -> None:
    digest = recovery_digest(text)
    assert digest is None or len(digest) == 64
    assert matching_step(SECRET, text, now=NOW, after_step=0) is None or "".join(text.split()) in {
        code_at(NOW + off * STEP) for off in (-1, 0, 1)
    }
