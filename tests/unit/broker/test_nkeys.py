"""Nkeys: NATS's own form, read and written by us."""

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.kit.nkeys import Nkey, SeedIsMalformed

# The pair printed in NATS's documentation of `nk -gen user -pubout`.
SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
PUBLIC = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"


def test_a_documented_seed_gives_its_documented_public_key() -> None:
    assert Nkey(SEED).public == PUBLIC
    assert Nkey(SEED).seed == SEED


def test_a_new_key_survives_being_written_down() -> None:
    key = Nkey.generate()
    assert key.seed.startswith("SU")
    assert key.public.startswith("U")
    assert Nkey(key.seed).public == key.public
    assert Nkey.generate().public != key.public


def test_what_is_signed_verifies_with_the_public_key_alone() -> None:
    key = Nkey.generate()
    public = Ed25519PublicKey.from_public_bytes(base64.b32decode(key.public)[1:-2])
    signature = base64.urlsafe_b64decode(key.sign("nonce") + b"==")
    public.verify(signature, b"nonce")
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"another")


def test_a_key_does_not_show_its_seed() -> None:
    assert SEED not in repr(Nkey(SEED))


@pytest.mark.parametrize(
    "seed",
    [
        "",
        "SU",
        "not base32 !",
        PUBLIC,
        SEED[:-1] + "A",
        SEED[:20] + ("A" if SEED[20] != "A" else "B") + SEED[21:],
        SEED[:-4],
        # An account's seed: whole, but not a user's.
        "SAANDLKMXL6CUS3CP52WIXBEDN6YJ545GDKC65U5JZPPV6WH6ESWUA6YAI",
    ],
)
def test_what_is_no_users_seed_is_refused_without_repeating_it(seed: str) -> None:
    with pytest.raises(SeedIsMalformed) as refused:
        Nkey(seed)
    assert not seed or seed not in str(refused.value)
