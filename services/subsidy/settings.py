"""Settings of the subsidy service's processes."""

from __future__ import annotations

from typing import Literal

from shared.kit.message_gateway import MessageSettings


class SubsidySettings(MessageSettings):
    """What every service needs, and who carries its messages."""

    service: Literal["subsidy"] = "subsidy"
