"""Settings of the registry's processes."""

from __future__ import annotations

from typing import Literal

from shared.kit.settings import ServiceSettings


class RegistrySettings(ServiceSettings):
    """Nothing beyond what every service needs."""

    service: Literal["registry"] = "registry"
