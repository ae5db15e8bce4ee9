"""Settings of the rehab service's processes."""

from __future__ import annotations

from typing import Literal

from shared.kit.settings import ServiceSettings


class RehabSettings(ServiceSettings):
    """Nothing beyond what every service needs."""

    service: Literal["rehab"] = "rehab"
