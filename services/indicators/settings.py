"""Settings of the indicators service's processes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from shared.kit.callbacks import Callback
from shared.kit.settings import ServiceSettings


class _LevelAbove(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")]
    secret: Annotated[SecretStr, Field(min_length=16)]


class IndicatorsSettings(ServiceSettings):
    """``small_cell_min``: numbers from one to below it are told to nobody, nor what they could be subtracted from."""

    service: Literal["indicators"] = "indicators"
    small_cell_min: int = Field(default=5, ge=1, le=100)
    level_above: SecretStr | None = None
    """JSON: {"url": where approved snapshots are handed up to, "secret": what signs that}; none unless set."""

    def above(self) -> Callback | None:
        """Who takes approved snapshots."""
        if self.level_above is None:
            return None
        told = _LevelAbove.model_validate_json(self.level_above.get_secret_value())
        return Callback(told.url, told.secret)

    @field_validator("level_above")
    @classmethod
    def _level_above_can_be_told(cls, told: SecretStr | None) -> SecretStr | None:
        if told is not None:
            _LevelAbove.model_validate_json(told.get_secret_value())
        return told
