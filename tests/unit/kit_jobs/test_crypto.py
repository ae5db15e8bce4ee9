"""Encryption at rest: what was sealed opens only in its place, with its key, unchanged."""

import base64
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.kit.crypto import (
    Algorithm,
    BlindIndex,
    ChunkCipher,
    Cipher,
    CiphertextIsUnreadable,
    KeyIsUnknown,
    KeyRing,
    KeysAreMalformed,
)

CONTEXT = b"person.name"


def a_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def keys_json(*ids: str, active: str | None = None) -> dict[str, object]:
    return {"active": active or ids[0], "keys": {key_id: a_key() for key_id in ids}, "index_key": a_key()}


def a_ring(*ids: str) -> KeyRing:
    return KeyRing.parse(json.dumps(keys_json(*(ids or ("k1",)))))


both = pytest.mark.parametrize("algorithm", Algorithm)


@both
@given(plaintext=st.binary(max_size=200), context=st.binary(max_size=20), row=st.binary(max_size=20))
def test_what_was_encrypted_decrypts_in_its_place(
    algorithm: Algorithm, plaintext: bytes, context: bytes, row: bytes
) -> None:
    cipher = Cipher(a_ring(), algorithm)
    assert cipher.decrypt(cipher.encrypt(plaintext, context=context, row=row), context=context, row=row) == plaintext


@both
def test_changing_any_single_bit_makes_a_value_unreadable(algorithm: Algorithm) -> None:
    cipher = Cipher(a_ring(), algorithm)
    sealed = cipher.encrypt("张三".encode(), context=CONTEXT)
    for position in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[position // 8] ^= 1 << position % 8
        with pytest.raises((CiphertextIsUnreadable, KeyIsUnknown)):
            cipher.decrypt(bytes(altered), context=CONTEXT)


@both
def test_every_shortened_value_is_unreadable(algorithm: Algorithm) -> None:
    cipher = Cipher(a_ring(), algorithm)
    sealed = cipher.encrypt(b"secret", context=CONTEXT)
    for length in range(len(sealed)):
        with pytest.raises((CiphertextIsUnreadable, KeyIsUnknown)):
            cipher.decrypt(sealed[:length], context=CONTEXT)


def test_a_value_moved_to_another_column_or_row_is_unreadable() -> None:
    cipher = Cipher(a_ring())
    sealed = cipher.encrypt(b"secret", context=b"ab", row=b"c")
    for context, row in ((b"ab", b"d"), (b"xb", b"c"), (b"a", b"bc"), (b"abc", b"")):
        with pytest.raises(CiphertextIsUnreadable):
            cipher.decrypt(sealed, context=context, row=row)


def test_after_rotation_old_values_open_and_new_ones_use_the_new_key() -> None:
    raw = keys_json("k1", "k2")
    old = Cipher(KeyRing.parse(json.dumps(raw)))
    sealed = old.encrypt(b"secret", context=CONTEXT)
    rotated = Cipher(KeyRing.parse(json.dumps(raw | {"active": "k2"})))
    assert rotated.decrypt(sealed, context=CONTEXT) == b"secret"
    assert rotated.needs_rotation(sealed)
    assert not rotated.needs_rotation(rotated.encrypt(b"secret", context=CONTEXT))


def test_switching_the_algorithm_keeps_old_values_readable() -> None:
    ring = a_ring()
    sealed = Cipher(ring, Algorithm.AES_256_GCM).encrypt(b"secret", context=CONTEXT)
    national = Cipher(ring, Algorithm.SM4_GCM)
    assert national.decrypt(sealed, context=CONTEXT) == b"secret"
    assert national.needs_rotation(sealed)


def test_a_retired_key_is_named_not_guessed() -> None:
    sealed = Cipher(a_ring("old")).encrypt(b"secret", context=CONTEXT)
    with pytest.raises(KeyIsUnknown, match="old"):
        Cipher(a_ring("new")).decrypt(sealed, context=CONTEXT)


def test_equal_values_never_look_equal() -> None:
    cipher = Cipher(a_ring())
    assert len(set(cipher.encrypt_many([b"same"] * 1000, context=CONTEXT))) == 1000


@both
def test_the_bulk_form_is_the_single_form(algorithm: Algorithm) -> None:
    cipher = Cipher(a_ring(), algorithm)
    names, rows = [b"a", b"", b"ccc"], [b"1", b"2", b"3"]
    sealed = cipher.encrypt_many(names, context=CONTEXT, rows=rows)
    assert [cipher.decrypt(value, context=CONTEXT, row=row) for value, row in zip(sealed, rows, strict=True)] == names
    assert cipher.decrypt_many(sealed, context=CONTEXT, rows=rows) == names
    assert cipher.decrypt_many(cipher.encrypt_many(names, context=CONTEXT), context=CONTEXT) == names
    with pytest.raises(CiphertextIsUnreadable):
        cipher.decrypt_many(sealed, context=CONTEXT, rows=rows[::-1])


def test_bulk_refuses_a_row_too_few() -> None:
    with pytest.raises(ValueError, match="zip"):
        Cipher(a_ring()).encrypt_many([b"a", b"b"], context=CONTEXT, rows=[b"1"])


def test_a_blind_index_is_stable_keyed_and_different_for_every_purpose() -> None:
    ring = a_ring()
    index = BlindIndex(ring, b"person.identity")
    assert index.of("341502199001011234") == BlindIndex(ring, b"person.identity").of("341502199001011234")
    assert len(index.of("x")) == 32
    assert index.of("x") != BlindIndex(ring, b"person.phone").of("x")
    assert index.of("x") != BlindIndex(a_ring(), b"person.identity").of("x")
    assert index.of_many(["x", "y"]) == [index.of("x"), index.of("y")]


def test_keys_never_show() -> None:
    raw = keys_json("k1")
    ring = KeyRing.parse(SecretStr(json.dumps(raw)))
    shown = f"{ring} {ring!r} {Cipher(ring)!r} {BlindIndex(ring, b'p')!r}"
    secret = json.dumps(raw["keys"])
    assert base64.b64encode(ring.data_key("k1")).decode() in secret
    for key in (ring.data_key("k1"), ring.index_key()):
        assert repr(key) not in shown
        assert base64.b64encode(key).decode() not in shown


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        json.dumps({"active": "k1", "keys": {}}),
        json.dumps({**keys_json("k1"), "extra": 1}),
        json.dumps({**keys_json("k1"), "active": "k2"}),
        json.dumps({**keys_json("k1"), "keys": {"k1": "c2hvcnQ="}}),
        json.dumps({**keys_json("k1"), "keys": {"k1": 5}}),
        json.dumps({**keys_json("k1"), "index_key": "!!!"}),
        json.dumps(keys_json("密钥")),
        json.dumps(keys_json("k" * 33)),
    ],
    ids=range(10),  # the texts hold fresh keys: as names they would differ from worker to worker
)
def test_unusable_keys_are_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(KeysAreMalformed) as refused:
        KeyRing.parse(text)
    assert "c2hvcnQ" not in str(refused.value)


def test_one_key_may_not_serve_two_purposes() -> None:
    key = a_key()
    with pytest.raises(KeysAreMalformed):
        KeyRing.parse(json.dumps({"active": "k1", "keys": {"k1": key}, "index_key": key}))


@both
def test_chunks_open_only_as_themselves(algorithm: Algorithm) -> None:
    ring = a_ring()
    sealing = ChunkCipher.create(ring, context=b"blob1", algorithm=algorithm)
    first, last = sealing.seal(b"one", 0, last=False), sealing.seal(b"two", 1, last=True)
    opening = ChunkCipher(ring, sealing.header, context=b"blob1")
    assert (opening.open(first, 0, last=False), opening.open(last, 1, last=True)) == (b"one", b"two")
    for sealed, number, is_last in ((first, 1, False), (first, 0, True), (last, 1, False), (last, 0, True)):
        with pytest.raises(CiphertextIsUnreadable):
            opening.open(sealed, number, last=is_last)
    with pytest.raises(CiphertextIsUnreadable):
        ChunkCipher(ring, sealing.header, context=b"blob2").open(first, 0, last=False)


def test_two_files_never_share_a_key() -> None:
    ring = a_ring()
    one, two = (ChunkCipher.create(ring, context=b"blob") for _ in range(2))
    assert one.seal(b"same", 0, last=True) != two.seal(b"same", 0, last=True)
