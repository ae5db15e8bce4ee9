import base64
import json
import time
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from shared.kit.tokens import IssuerKeysUnavailable, TokenInvalid
from tests.unit.kit.a_service import KEY, JwksServer, a_token, a_verifier


async def _refusal(token: str, issuer: JwksServer | None = None) -> str:
    with pytest.raises(TokenInvalid) as refused:
        await a_verifier(issuer).verify(token)
    return refused.value.reason


async def test_a_good_token_tells_whose_it_is() -> None:
    claims = await a_verifier().verify(a_token(sub="u-7"))
    assert claims["sub"] == "u-7"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_the_issuer_may_sign_with_rsa_or_ecdsa(algorithm: str) -> None:
    key = RSAKey.generate_key(2048, {"kid": "r"}) if algorithm == "RS256" else ECKey.generate_key("P-256", {"kid": "e"})
    token = a_token(key=key, header={"alg": algorithm})
    assert (await a_verifier(JwksServer(key)).verify(token))["sub"] == "u-1"


def _signed_by_hand(**header: object) -> str:
    """A good token with a header the library would not write."""
    claims = {"iss": "https://issuer.test", "aud": "liangfu", "sub": "u", "iat": time.time(), "exp": time.time() + 60}
    parts = [{"alg": "Ed25519", "typ": "at+jwt", "kid": "k1", **header}, claims]
    signing_input = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
    )
    signature = KEY.private_key.sign(signing_input.encode())  # type: ignore[union-attr]
    return f"{signing_input}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def test_the_older_name_of_ed25519_is_understood_without_a_warning() -> None:
    assert (await a_verifier().verify(_signed_by_hand(alg="EdDSA")))["sub"] == "u"


async def test_an_extension_somebody_calls_critical_is_refused() -> None:
    assert await _refusal(_signed_by_hand(crit=["region"], region="34")) == "crit"


async def test_an_extension_nobody_calls_critical_is_passed_over() -> None:
    assert (await a_verifier().verify(_signed_by_hand(region="34")))["sub"] == "u"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://evil.test"}, "invalid_claim"),
        ({"iss": None}, "missing_claim"),
        ({"aud": "another"}, "invalid_claim"),
        ({"aud": None}, "missing_claim"),
        ({"exp": int(time.time()) - 60}, "expired_token"),
        ({"exp": None}, "missing_claim"),
        ({"nbf": int(time.time()) + 24 * 3600}, "invalid_claim"),
        ({"sub": None}, "missing_claim"),
    ],
)
async def test_a_token_for_another_time_or_place_proves_nothing(claims: dict[str, Any], reason: str) -> None:
    assert await _refusal(a_token(**claims)) == reason


@pytest.mark.parametrize(
    ("header", "reason"),
    [({"typ": "JWT"}, "typ"), ({"typ": "id+jwt"}, "typ"), ({"kid": "other"}, "kid")],
)
async def test_a_header_we_do_not_understand_is_refused(header: dict[str, Any], reason: str) -> None:
    assert await _refusal(a_token(header=header)) == reason


async def test_a_token_of_another_key_under_a_known_name_is_refused() -> None:
    assert await _refusal(a_token(key=OKPKey.generate_key("Ed25519", {"kid": "k1"}))) == "bad_signature"


async def test_a_shared_secret_is_no_signature() -> None:
    secret = OctKey.generate_key(256, {"kid": "k1"})
    assert await _refusal(a_token(key=secret, header={"alg": "HS256"})) == "algorithm"
    assert await _refusal(a_token(key=secret, header={"alg": "HS256"}), JwksServer(secret)) == "algorithm"


async def test_an_unsigned_token_is_refused() -> None:
    _, payload, _ = a_token().split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt","kid":"k1"}').rstrip(b"=").decode()
    assert await _refusal(f"{header}.{payload}.") == "algorithm"


@pytest.mark.parametrize("token", ["x", "a.b.c", "...", "é.é.é", "a" * 20_000])
async def test_what_is_no_token_is_refused(token: str) -> None:
    assert await _refusal(token) in {"malformed", "length"}


async def test_a_changed_payload_is_refused() -> None:
    header, _, signature = a_token().split(".")
    _, payload, _ = a_token(roles=["admin"]).split(".")
    assert await _refusal(f"{header}.{payload}.{signature}") == "bad_signature"


async def test_the_issuers_keys_are_read_once_for_many_tokens() -> None:
    issuer = JwksServer()
    verifier = a_verifier(issuer)
    for number in range(5):
        await verifier.verify(a_token(sub=f"u-{number}"))
    assert issuer.reads == 1


async def test_a_new_key_is_found_by_its_first_token() -> None:
    issuer, now = JwksServer(), [0.0]
    verifier = a_verifier(issuer, monotonic=lambda: now[0])
    await verifier.verify(a_token())
    key = OKPKey.generate_key("Ed25519", {"kid": "k2"})
    issuer.keys.append(key)
    now[0] = 6.0
    assert (await verifier.verify(a_token(key=key)))["sub"] == "u-1"


async def test_invented_key_names_do_not_make_us_ask_the_issuer_again_and_again() -> None:
    issuer, now = JwksServer(), [0.0]
    verifier = a_verifier(issuer, monotonic=lambda: now[0])
    for number in range(20):
        with pytest.raises(TokenInvalid):
            await verifier.verify(a_token(header={"kid": f"invented-{number}"}))
    assert issuer.reads == 1


async def test_a_withdrawn_key_stops_working_when_the_keys_are_read_again() -> None:
    issuer, now = JwksServer(), [0.0]
    verifier = a_verifier(issuer, monotonic=lambda: now[0], keep_seconds=10.0)
    await verifier.verify(a_token())
    issuer.keys = [OKPKey.generate_key("Ed25519", {"kid": "k2"})]
    now[0] = 11.0
    with pytest.raises(TokenInvalid):
        await verifier.verify(a_token(sub="another"))


async def test_known_keys_survive_an_issuer_that_is_down() -> None:
    issuer, now = JwksServer(), [0.0]
    verifier = a_verifier(issuer, monotonic=lambda: now[0], keep_seconds=10.0)
    await verifier.verify(a_token())
    issuer.down = True
    now[0] = 11.0
    assert (await verifier.verify(a_token(sub="u-2")))["sub"] == "u-2"


async def test_without_any_key_nothing_can_be_said_about_a_token() -> None:
    issuer = JwksServer()
    issuer.down = True
    with pytest.raises(IssuerKeysUnavailable):
        await a_verifier(issuer).verify(a_token())


async def test_a_remembered_token_is_not_remembered_past_its_expiry() -> None:
    verifier = a_verifier()
    soon = int(time.time()) + 1
    token = a_token(exp=soon)
    await verifier.verify(token)
    verifier._now = lambda: soon + 6.0
    verifier._claims._now = lambda: soon + 6
    with pytest.raises(TokenInvalid):
        await verifier.verify(token)
