"""Settings of one service, read from the environment once, by `main.py` and `worker.py` only."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kit.crypto import Algorithm, KeyRing

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
    nats_monitor_url: str
    """Where the broker answers `/jsz?config=true`."""
    nats_sync_unverified: bool = False
    """Start although the broker does not show that it syncs every write (a managed broker)."""

    token_issuer: str
    token_audience: str = "liangfu"  # noqa: S105 - a name, not a secret
    token_jwks_url: str
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

    http_host: str = "127.0.0.1"
    http_port: Port
    ops_port: Port
    body_bytes_max: Annotated[int, Field(ge=1)] = 32 * 1024 * 1024
    graceful_shutdown_seconds: Annotated[int, Field(ge=0, le=300)] = 10

    anti_entropy_seconds: Annotated[float, Field(gt=0)] = 30.0

    @property
    def is_production(self) -> bool:
        """Whether conveniences (moving the clock) are off."""
        return self.environment == "production"

    def key_ring(self) -> KeyRing:
        """The keys, and how to use them."""
        return KeyRing.parse(self.data_keys, algorithm=Algorithm[self.data_algorithm.replace("-", "_")])

    @field_validator("data_keys")
    @classmethod
    def _data_keys_are_usable(cls, text: SecretStr) -> SecretStr:
        KeyRing.parse(text)
        return text
