"""The service on a PostgreSQL of its own, as the tests of applications have it."""

from tests.integration.subsidy_applications.conftest import house, office, server

__all__ = ["house", "office", "server"]
