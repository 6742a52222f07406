"""People with passwords and second factors, for tests of signing in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp

from directory import credentials, password_signins, second_factors, signins
from directory.model import User
from directory.operators import Operator
from directory.password_signins import Attempt
from directory.visitor import Entry, Purpose, Visitor
from tests.directory.tenant_setup import NOW, Scene

PASSWORD = "plum canoe orbit"
HERE = Visitor(network="198.51.100.0/24", software="Firefox")
OUTSIDE = Visitor(network="198.51.100.0/24", software="Firefox", beyond_loopback=True)
STEP = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session, and who has it."""

    token: str
    operator: Operator


async def signed_in(token: str, *, now: datetime = NOW) -> SignedIn:
    """Return the session of a token."""
    operator = await signins.find_session(token, now=now)
    assert operator is not None
    return SignedIn(token=token, operator=operator)


async def by_link(
    scene: Scene, user: User, *, now: datetime = NOW, visitor: Visitor = HERE, purpose: Purpose = "sign in"
) -> Entry:
    """Let somebody in by a link."""
    link = await signins.create_link(user.user_id, purpose=purpose, by=scene.by, now=now)
    return await signins.redeem_link(link, visitor=visitor, now=now)


async def with_password(scene: Scene, user: User, password: str = PASSWORD, *, now: datetime = NOW) -> SignedIn:
    """Let somebody in by a link and set their password."""
    entry = await by_link(scene, user, now=now)
    found = await signed_in(entry.token, now=now)
    token = await credentials.set_password(found.operator, found.token, current="", password=password, now=now)
    return await signed_in(token, now=now)


async def with_factor(session: SignedIn, *, now: datetime = NOW) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    """Set a second factor up; return the app and the recovery codes."""
    await second_factors.begin_enrolment(session.operator, now=now)
    enrolment = await second_factors.find_enrolment(session.operator, now=now)
    assert enrolment is not None
    app = pyotp.TOTP(enrolment.secret)
    return app, await second_factors.finish_enrolment(session.operator, app.at(now), now=now)


async def try_password(
    scene: Scene,
    user_name: str,
    password: str = PASSWORD,
    *,
    now: datetime = NOW,
    visitor: Visitor = HERE,
    device: str = "",
) -> Entry:
    """Type name and password into the sign-in page."""
    attempt = Attempt(slug=scene.tenant.slug, user_name=user_name, password=password, device=device)
    return await password_signins.sign_in(attempt, visitor, now=now)
