import pytest
from pydantic import ValidationError

from shared.kit.settings import ServiceSettings
from tests.unit.kit.a_service import some_settings


def test_settings_are_read_from_the_environment_without_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLISHER_URLS", '{"alpha": "http://127.0.0.1:8001"}')
    monkeypatch.setenv("DATABASE_POOL_SIZE", "7")
    settings = some_settings()
    assert settings.publisher_urls == {"alpha": "http://127.0.0.1:8001"}
    assert settings.database_pool_size == 7


def test_no_secret_has_a_default() -> None:
    secrets = {"database_url", "database_direct_url", "client_secret", "data_keys", "audit_signing_key"}
    assert all(ServiceSettings.model_fields[name].is_required() for name in secrets)


def test_settings_never_print_a_secret() -> None:
    assert "s3cret" not in repr(some_settings())
    with pytest.raises(ValidationError) as refused:
        some_settings(data_keys='{"active": "k1", "keys": {"k1": "sesame"}}')
    assert "sesame" not in str(refused.value)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="databse_url"):
        some_settings(databse_url="x")


def test_settings_do_not_change_while_the_process_runs() -> None:
    settings = some_settings()
    with pytest.raises(ValidationError):
        settings.log_level = "DEBUG"  # type: ignore[misc]
