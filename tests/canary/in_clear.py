"""A service process with its encryption taken out, for the canary to find. A test's entry, no switch of the product."""

import importlib
import os
import sys

from shared.kit import crypto

TAG = bytes(crypto.TAG_BYTES)


class _InClear:
    """Looks like authenticated encryption and hides nothing."""

    def encrypt(self, _nonce: bytes, data: bytes, _associated_data: bytes) -> bytes:
        return data + TAG

    def decrypt(self, _nonce: bytes, data: bytes, _associated_data: bytes) -> bytes:
        return data[: -len(TAG)]


def _in_clear(*_: object, **__: object) -> _InClear:
    return _InClear()


def main() -> None:
    """Run the real entry named in the environment, in clear."""
    if os.environ["ENVIRONMENT"] != "test":
        sys.exit("only a test looks at what would lie in clear")
    crypto._aead = _in_clear
    importlib.import_module(os.environ["ENTRY_MODULE"]).main()
