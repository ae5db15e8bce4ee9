"""Settings of one service, read from the environment once, by `main.py` and `worker.py` only."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kit.crypto import Algorithm, KeyRing
from shared.kit.limits import Rates
from shared.kit.signing import KeyPair, PublicKey, parse_public_keys
from shared.kit.tokens import ALGORITHMS, ClaimNames, TokenAlgorithm, TokenType

CorsOrigin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$")]
"""Scheme, host and port: no path, no wildcard."""
Port = Annotated[int, Field(ge=0, le=65535)]


class ServiceSettings(BaseSettings):
    """What every process of every service needs. No secret has a default; durations carry their unit.

    Read without a prefix: each process has its own environment. Unknown arguments are refused; foreign
    variables of the environment are not ours to judge.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: Literal["demo", "test", "production"]
    service: str
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    database_url: SecretStr
    """Through a pooler if there is one: `postgresql+psycopg://...`."""
    database_direct_url: SecretStr
    """Straight to the server: leader locks must not pass a transaction pooler."""
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = 5

    nats_url: str
    nats_user: str | None = None
    nats_password: SecretStr | None = None
    nats_nkey_seed: SecretStr | None = None
    """Proves who we are to the broker without telling it anything secret; in place of user and password."""
    nats_replicas: Annotated[Literal[1, 3, 5], BeforeValidator(int)] = 1
    """Copies of the streams this service creates: 3 in a cluster."""
    nats_monitor_url: str
    """Where the broker answers `/jsz?config=true`."""
    nats_sync_unverified: bool = False
    """Start although the broker does not show that it syncs every write (a managed broker)."""

    token_issuer: str
    token_audience: str = "liangfu"  # noqa: S105 - a name, not a secret
    token_jwks_url: str
    token_types: tuple[TokenType, ...] = ("at+jwt",)
    """`typ` headers of access tokens; `JWT` is for issuers that do not follow RFC 9068 (Keycloak)."""
    token_algorithms: tuple[TokenAlgorithm, ...] = ALGORITHMS
    token_claims: ClaimNames = ClaimNames()
    """Where the issuer writes roles, divisions and the like."""
    token_lifetime_seconds_max: Annotated[int, Field(gt=0)] = 24 * 3600
    """A token that was issued for longer is refused."""
    token_keys_seconds: Annotated[float, Field(gt=0)] = 300.0
    """After this a key that the issuer has withdrawn verifies nothing any more."""
    token_keys_stale_seconds: Annotated[float, Field(gt=0)] = 4 * 3600.0
    """So long the keys known last go on while the issuer cannot be reached."""
    token_url: str
    client_id: str
    client_secret: SecretStr

    publisher_urls: dict[str, str] = Field(default_factory=dict)
    """Base URL of the API of each service this one reads, by service name."""

    data_keys: SecretStr
    """JSON for `KeyRing.parse`: the active key, the keys still readable, the key of blind indexes."""
    data_algorithm: Literal["AES-256-GCM", "SM4-GCM"] = "AES-256-GCM"
    """How new values are encrypted; what was made otherwise stays readable and is what a rotation makes anew."""
    blob_dir: Path

    audit_signing_key: SecretStr
    """JSON for `KeyPair.parse`: signs the heads of the audit chain."""
    audit_public_keys: str = "{}"
    """JSON for `parse_public_keys`: the public halves of signing keys used before."""
    audit_dir: Path
    """Where heads are anchored: best a disk that the owner of the database cannot write."""
    audit_kept_months: Annotated[int, Field(ge=6)] = 36
    """Audit entries are kept at least so long; fewer than six months the Cybersecurity Law does not allow."""

    http_host: str = "127.0.0.1"
    http_port: Port
    ops_port: Port
    body_bytes_max: Annotated[int, Field(ge=1)] = 32 * 1024 * 1024
    cors_origins: tuple[CorsOrigin, ...] = ()
    """Web origins whose pages may call this API from a browser; none unless named."""
    budgets: dict[str, Rates] = Field(default_factory=dict)
    """Rates of single budgets (shared/kit/limits.py) in place of the ordinary ones."""
    api_processes: Annotated[int, Field(ge=1)] = 1
    """API processes of this service. Each counts for itself, so each admits this part of every budget."""
    graceful_shutdown_seconds: Annotated[int, Field(ge=0, le=300)] = 10

    anti_entropy_seconds: Annotated[float, Field(gt=0)] = 30.0

    @property
    def is_production(self) -> bool:
        """Whether conveniences (moving the clock) are off."""
        return self.environment == "production"

    def key_ring(self) -> KeyRing:
        """The keys, and how to use them."""
        return KeyRing.parse(self.data_keys, algorithm=Algorithm[self.data_algorithm.replace("-", "_")])

    def audit_signer(self) -> KeyPair:
        """What signs the heads of the audit chain."""
        return KeyPair.parse(self.audit_signing_key)

    def audit_keys(self) -> dict[str, PublicKey]:
        """What verifies them, today's and earlier ones."""
        signer = self.audit_signer()
        return parse_public_keys(self.audit_public_keys) | {signer.key_id: signer.public_key}

    @field_validator("audit_signing_key")
    @classmethod
    def _audit_signing_key_is_usable(cls, text: SecretStr) -> SecretStr:
        KeyPair.parse(text)
        return text

    @field_validator("audit_public_keys")
    @classmethod
    def _audit_public_keys_are_usable(cls, text: str) -> str:
        parse_public_keys(text)
        return text

    @field_validator("data_keys")
    @classmethod
    def _data_keys_are_usable(cls, text: SecretStr) -> SecretStr:
        KeyRing.parse(text)
        return text
