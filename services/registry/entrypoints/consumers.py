"""The registry listens to nobody."""

from __future__ import annotations

from services.registry.adapters.work import RegistryWork
from shared.kit.consumer import Subscription

SUBSCRIPTIONS: tuple[Subscription[RegistryWork], ...] = ()
