"""Settings of one service, read from the environment once, by `main.py` and `worker.py` only."""

from base64 import b64decode
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_KEY_BYTES = 32

Port = Annotated[int, Field(ge=0, le=65535)]


class DataKeys(BaseModel):
    """Keys for data at rest: several for reading, one active for writing, one for blind indexes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    active: str
    keys: dict[str, SecretStr]
    index_key: SecretStr

    @field_validator("keys")
    @classmethod
    def _keys_are_32_bytes(cls, keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, key in keys.items():
            if len(b64decode(key.get_secret_value(), validate=True)) != _KEY_BYTES:
                message = f"data key {name!r} must be base64 of {_KEY_BYTES} bytes"
                raise ValueError(message)
        return keys

    @model_validator(mode="after")
    def _active_key_is_known(self) -> Self:
        if self.active not in self.keys:
            message = f"active data key {self.active!r} is not among the keys"
            raise ValueError(message)
        return self


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
    token_audience: str = "liangfu"
    token_jwks_url: str
    token_url: str
    client_id: str
    client_secret: SecretStr

    publisher_urls: dict[str, str] = Field(default_factory=dict)
    """Base URL of the API of each service this one reads, by service name."""

    data_keys: SecretStr
    """JSON of DataKeys."""
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

    def keys(self) -> DataKeys:
        """The data keys, validated. Raises pydantic.ValidationError, which does not show them."""
        return DataKeys.model_validate_json(self.data_keys.get_secret_value())

    @field_validator("data_keys")
    @classmethod
    def _data_keys_are_usable(cls, text: SecretStr) -> SecretStr:
        DataKeys.model_validate_json(text.get_secret_value())
        return text
