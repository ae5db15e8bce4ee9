"""Settings of the registry's processes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from shared.kit.settings import ServiceSettings
from shared.kit.signing import KeyPair, PublicKey, parse_public_keys


class RegistrySettings(ServiceSettings):
    """What every service needs, the key of status proofs and where messages are spooled."""

    service: Literal["registry"] = "registry"
    proof_signing_key: SecretStr
    """JSON for `KeyPair.parse`: signs proofs of a certificate's status."""
    proof_public_keys: str = "{}"
    """JSON for `parse_public_keys`: keys used before, for proofs that still hold."""
    message_dir: Path | None = None
    """Where messages wait for a gateway; by default beside the files."""

    portal_callbacks: SecretStr = SecretStr("{}")
    """JSON: client id of a portal -> {"url": where it is told of steps, "secret": what signs that}."""

    def proof_signer(self) -> KeyPair:
        """The key of status proofs."""
        return KeyPair.parse(self.proof_signing_key)

    def proof_keys(self) -> dict[str, PublicKey]:
        """Every key a proof may be checked with."""
        signer = self.proof_signer()
        return {**parse_public_keys(self.proof_public_keys), signer.key_id: signer.public_key}

    def spool_dir(self) -> Path:
        """Where messages wait for a gateway."""
        return self.message_dir or self.blob_dir.with_name(f"{self.blob_dir.name}-messages")
