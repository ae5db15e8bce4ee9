"""The configuration for production: the server takes it, and takes nothing it does not name."""

import datetime as dt
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.local.nats import ADMIN
from deploy.nats import permissions
from deploy.nats.permissions import production_users, rendered
from shared.kit.nkeys import Nkey

SHIPPED = Path(permissions.__file__).parent
SERVER = Path(sysconfig.get_path("scripts")) / "nats-server"


def a_certificate(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nats-1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    for file in ("server.crt", "ca.crt"):
        (directory / file).write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / "server.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def environment() -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "NATS_SERVER_NAME": "nats-1",
        "NATS_ROUTES_SECRET": "secret-of-the-routes",
        "NATS_STORE_KEY": "secret-of-the-store",
        **{user.nkey.removeprefix("$"): Nkey.generate().public for user in production_users()},
    }


def judged(directory: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What the server itself says of the configuration."""
    return subprocess.run(
        [SERVER, "-t", "-c", directory / "nats-server.conf"],
        env=env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The shipped files where an operator would put them, with certificates."""
    a_certificate(tmp_path)
    told = (SHIPPED / "nats-server.conf").read_text()
    (tmp_path / "nats-server.conf").write_text(
        told.replace("/etc/nats/tls", str(tmp_path)).replace("/var/lib/nats", str(tmp_path / "store"))
    )
    (tmp_path / "users.conf").write_text((SHIPPED / "users.conf").read_text())
    return tmp_path


def test_the_server_takes_the_shipped_configuration(installed: Path) -> None:
    verdict = judged(installed, environment())
    assert verdict.returncode == 0, verdict.stderr
    assert "configuration file" in verdict.stderr
    assert "Plaintext passwords" not in verdict.stderr


@pytest.mark.parametrize("variable", [name for name in environment() if name != "PATH"])
def test_it_does_not_start_while_a_key_or_secret_is_missing(installed: Path, variable: str) -> None:
    without = {name: value for name, value in environment().items() if name != variable}
    assert judged(installed, without).returncode != 0


def test_every_write_is_synced_and_the_store_is_encrypted() -> None:
    told = (SHIPPED / "nats-server.conf").read_text()
    assert "sync_interval: always" in told
    assert 'cipher: "aes"' in told


def test_the_stacks_own_administrator_is_not_shipped() -> None:
    users = production_users()
    assert ADMIN not in {user.name for user in users}
    assert all(user.nkey.startswith("$") and not user.password and user.permissions for user in users)
    assert "password" not in rendered(users)
