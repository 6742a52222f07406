"""The tables of passwords, second factors and sign-ins half way."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.table import Table


class PasswordRow(Table, tablename="password_row"):
    """Passwords, as slow hashes."""

    tenant_id = UUID(default=None)
    user_id = UUID(primary_key=True, default=None)
    hash = Text()
    set_at = Timestamptz(default=None)


class FactorRow(Table, tablename="factor_row"):
    """Authenticator apps, their secrets sealed: at most one in use and one begun per user."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    user_id = UUID(default=None)
    sealed = Text()
    created_at = Timestamptz(default=None)
    confirmed_at = Timestamptz(null=True, default=None)
    last_step = BigInt()


class RecoveryCodeRow(Table, tablename="recovery_code_row"):
    """Recovery codes, as hashes."""

    tenant_id = UUID(default=None)
    user_id = UUID(default=None)
    digest = Text(primary_key=True)
    used_at = Timestamptz(null=True, default=None)


class SigninStepRow(Table, tablename="signin_step_row"):
    """Sign-ins that still need a second factor."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    user_id = UUID(default=None)
    digest = Text()
    way = Text()
    lands_at = Text()
    permissions = Text()
    factor_id = UUID(null=True, default=None)
    created_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None)


class ThrottleRow(Table, tablename="throttle_row"):
    """Counters of tries, by hashes of what was tried: whoever does not exist is counted alike."""

    kind = Text(primary_key=True)
    key = Text()
    tries = BigInt()
    open_at = Timestamptz(default=None)
    tried_at = Timestamptz(default=None)
