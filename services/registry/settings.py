"""Settings of the registry's processes."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr

from shared.kit.message_gateway import MessageSettings
from shared.kit.signing import KeyPair, PublicKey, parse_public_keys


class RegistrySettings(MessageSettings):
    """What every service needs, who carries its messages and the key of status proofs."""

    service: Literal["registry"] = "registry"
    proof_signing_key: SecretStr
    """JSON for `KeyPair.parse`: signs proofs of a certificate's status."""
    proof_public_keys: str = "{}"
    """JSON for `parse_public_keys`: keys used before, for proofs that still hold."""
    portal_callbacks: SecretStr = SecretStr("{}")
    """JSON: client id of a portal -> {"url": where it is told of steps, "secret": what signs that}."""

    def proof_signer(self) -> KeyPair:
        """The key of status proofs."""
        return KeyPair.parse(self.proof_signing_key)

    def proof_keys(self) -> dict[str, PublicKey]:
        """Every key a proof may be checked with."""
        signer = self.proof_signer()
        return {**parse_public_keys(self.proof_public_keys), signer.key_id: signer.public_key}
