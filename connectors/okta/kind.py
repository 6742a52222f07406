"""What Okta is as a kind of connector."""

from connectors.connector import ConnectorKind, Late, SecretField
from connectors.okta.config import OktaConfig, check_config
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
    connect=Late("connectors.okta.connector:Okta"),
    check_config=lambda config, network: check_config(config, private=network.private_addresses),
)
