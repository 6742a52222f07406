"""What Okta is as a kind of connector."""

from connectors.connector import ConnectorKind, SecretField
from connectors.okta.config import OktaConfig
from connectors.okta.connector import Okta
from connectors.okta.mapping import DEFAULT_RULES

OKTA = ConnectorKind(
    name="okta",
    label="Okta",
    config_type=OktaConfig,
    secret_fields=(
        SecretField("private_key", "Private key of the service app (PEM or JWK)", multiline=True),
        SecretField("token", "API token"),
    ),
    secrets_bound_to=("org_url", "auth", "client_id"),
    default_rules=DEFAULT_RULES,
    connect=Okta,
)
