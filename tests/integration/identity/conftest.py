"""The audit tables of a real PostgreSQL, as the audit trail's own tests make them."""

from tests.integration.audit.conftest import engine, forger, server

__all__ = ["engine", "forger", "server"]
