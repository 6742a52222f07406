"""What Entra ID is as a kind of connector."""

from connectors.connector import ConnectorKind, Late, SecretField
from connectors.entra.config import GraphConfig, check_config
from connectors.entra.mapping import DEFAULT_RULES

GRAPH = ConnectorKind(
    name="graph",
    label="Entra ID (Microsoft Graph)",
    config_type=GraphConfig,
    secret_fields=(
        SecretField("client_secret", "Client secret"),
        SecretField("certificate", "Certificate (PEM)", multiline=True),
        SecretField("private_key", "Private key of the certificate (PEM)", multiline=True),
    ),
    secrets_bound_to=("tenant", "client_id", "cloud"),
    default_rules=DEFAULT_RULES,
    connect=Late("connectors.entra.connector:Graph"),
    check_config=lambda config, _network: check_config(config),
)
