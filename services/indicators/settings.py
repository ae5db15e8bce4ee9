"""Settings of the indicators service's processes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.kit.settings import ServiceSettings


class IndicatorsSettings(ServiceSettings):
    """``small_cell_min``: numbers from one to below it are told to nobody, nor what they could be subtracted from."""

    service: Literal["indicators"] = "indicators"
    small_cell_min: int = Field(default=5, ge=1, le=100)
