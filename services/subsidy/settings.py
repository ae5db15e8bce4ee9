"""Settings of the subsidy service's processes."""

from __future__ import annotations

from typing import Literal

from shared.kit.settings import ServiceSettings


class SubsidySettings(ServiceSettings):
    """Nothing beyond what every service needs."""

    service: Literal["subsidy"] = "subsidy"
