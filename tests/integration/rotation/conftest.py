"""The register again, with keys that change."""

from tests.integration.privacy.conftest import _a_busy_machine, server

__all__ = ["_a_busy_machine", "server"]
