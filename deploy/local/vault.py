"""Secrets of the embedded stack: made at random when first asked for, kept in one file that only its owner reads."""

import json
import os
import secrets
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from joserfc.jwk import RSAKey

from shared.kit.nkeys import Nkey
from shared.kit.signing import new_key


class Vault:
    """Passwords, data keys and the issuer's signing key of one stack directory."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        self._file = directory / "local.json"
        self._secrets: dict[str, str] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def password(self, name: str) -> str:
        """The password or client secret of this name; safe inside a URL."""
        return self._secret(f"password:{name}", lambda: secrets.token_urlsafe(24))

    def nkey(self, name: str) -> Nkey:
        """The key with which this user proves who it is to the broker."""
        return Nkey(self._secret(f"nkey:{name}", lambda: Nkey.generate().seed))

    def data_keys(self, service: str) -> str:
        """JSON of the keys a service encrypts with: several to read, one active, one for blind indexes."""
        return self._secret(f"data-keys:{service}", _new_data_keys)

    def audit_key(self, service: str) -> str:
        """JSON of the key that signs a service's audit chain."""
        return self._secret(f"audit-key:{service}", lambda: new_key("a1"))

    def proof_key(self) -> str:
        """JSON of the key that signs proofs of a certificate's status."""
        return self._secret("proof-key", lambda: new_key("p1"))

    def signing_key(self) -> RSAKey:
        """The key tokens are signed with. RSA, because verifying is what happens ten thousand times more often."""
        text = self._secret("signing-key", _new_signing_key)
        return RSAKey.import_key(json.loads(text))

    def _secret(self, name: str, make: Callable[[], str]) -> str:
        if name not in self._secrets:
            self._secrets[name] = make()
            self._keep()
        return self._secrets[name]

    def _keep(self) -> None:
        arriving = self._file.with_suffix(".arriving")
        arriving.unlink(missing_ok=True)
        descriptor = os.open(arriving, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._secrets, file, indent=2, sort_keys=True)
        arriving.replace(self._file)


def _new_data_keys() -> str:
    def key() -> str:
        return b64encode(secrets.token_bytes(32)).decode()

    return json.dumps({"active": "k1", "keys": {"k1": key()}, "index_key": key()})


def _new_signing_key() -> str:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    return json.dumps(key.as_dict(private=True))
