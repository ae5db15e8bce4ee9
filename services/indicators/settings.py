"""Settings of the indicators service's processes."""

from __future__ import annotations

from typing import Literal

from shared.kit.settings import ServiceSettings


class IndicatorsSettings(ServiceSettings):
    """Nothing beyond what every service needs."""

    service: Literal["indicators"] = "indicators"
