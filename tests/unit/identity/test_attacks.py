"""Forged tokens against a whole application: each is a 401 problem that says nothing, and none reaches a route."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router
from shared.kit.tokens import IssuerKeys, TokenVerifier
from tests.unit.kit.a_service import AUDIENCE, ISSUER, JwksServer, a_client, an_api

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
PUBLISHED: dict[str, tuple[Any, str]] = {"rsa": (RSA, "RS256"), "ed": (ED, "Ed25519"), "ec": (EC, "ES256")}


def packed(part: object) -> str:
    text = part if isinstance(part, (bytes, str)) else json.dumps(part)
    return base64.urlsafe_b64encode(text.encode() if isinstance(text, str) else text).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "u-1",
        "client_id": "desk",
        "roles": ["clerk"],
        "divisions": ["34"],
        "iat": now,
        "exp": now + 300,
    }
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


def signed(header: dict[str, Any] | None = None, payload: object = None) -> str:
    """By hand, with the genuine Ed25519 key: what is wrong is only what the case says."""
    about = {"alg": "Ed25519", "typ": "at+jwt", "kid": "ed", **(header or {})}
    told = claims() if payload is None else payload
    signing_input = f"{packed({k: v for k, v in about.items() if v is not None})}.{packed(told)}"
    assert ED.private_key is not None
    return f"{signing_input}.{packed(ED.private_key.sign(signing_input.encode()))}"  # type: ignore[union-attr]


def keyed(algorithm: str, secret: bytes, kid: str) -> str:
    """HMAC with what is public: the confusion of algorithms."""
    signing_input = f"{packed({'alg': algorithm, 'typ': 'at+jwt', 'kid': kid})}.{packed(claims())}"
    return f"{signing_input}.{packed(hmac.new(secret, signing_input.encode(), hashlib.sha256).digest())}"


def unsigned(algorithm: object, kid: str = "ed", signature: str = "") -> str:
    return f"{packed({'alg': algorithm, 'typ': 'at+jwt', 'kid': kid})}.{packed(claims())}.{signature}"


Attacks = Iterator[tuple[str, str]]


def on_the_algorithm() -> Attacks:
    """Another algorithm than the key's, none, or one that makes a secret of what is public."""
    signature = signed().rpartition(".")[2]
    for spelling in ("none", "None", "NONE", "nOnE", "", " none", None, ["none"], {"alg": "none"}, 0, True):
        yield f"alg {spelling!r}, no signature", unsigned(spelling)
        yield f"alg {spelling!r}, the genuine signature", unsigned(spelling, signature=signature)
    for spelling in ("ed25519", "ED25519", "eddsa", "rs256", "RS256 ", "Rs256", "RS256\u0000", "RSA256", "RS1"):
        yield f"alg spelt {spelling!r}", signed({"alg": spelling})
    for kid, (key, _) in PUBLISHED.items():
        pem = key.as_pem(private=False)
        raw = key.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        public = json.dumps(key.as_dict(private=False)).encode()
        for algorithm in ("HS256", "HS384", "HS512"):
            for form, secret in {"pem": pem, "pem stripped": pem.strip(), "der": raw, "jwk": public}.items():
                yield f"{algorithm} with the public key {kid} as {form}", keyed(algorithm, secret, str(kid))
        yield f"HS256 with an empty secret, kid {kid}", keyed("HS256", b"", str(kid))
        for other in ("RS256", "PS256", "ES256", "Ed25519", "EdDSA", "ES384", "RS512"):
            if kid != "ed" or other not in {"Ed25519", "EdDSA"}:
                yield f"{other} claimed for key {kid}", signed({"alg": other, "kid": kid})


def on_the_claims() -> Attacks:
    """For somebody else, from somebody else, at another time, or of another shape."""
    now = int(time.time())
    changes: dict[str, dict[str, Any]] = {
        "wrong iss": {"iss": "https://evil.test"},
        "iss with a slash more": {"iss": f"{ISSUER}/"},
        "iss in capitals": {"iss": ISSUER.upper()},
        "iss as a list": {"iss": [ISSUER]},
        "no iss": {"iss": None},
        "wrong aud": {"aud": "another"},
        "aud as a part": {"aud": "liang"},
        "aud list without us": {"aud": ["a", "b"]},
        "aud empty": {"aud": []},
        "aud an object": {"aud": {"liangfu": True}},
        "no aud": {"aud": None},
        "expired": {"exp": now - 60},
        "expired, for ever back": {"exp": 0, "iat": -10},
        "exp as text": {"exp": str(now + 300)},
        "exp true": {"exp": True},
        "exp huge": {"exp": 10**400},
        "exp a list": {"exp": [now + 300]},
        "no exp": {"exp": None},
        "lives too long": {"exp": now + 30 * 24 * 3600},
        "not yet valid": {"nbf": now + 120},
        "nbf as text": {"nbf": "soon"},
        "issued in the future": {"iat": now + 120, "exp": now + 300},
        "issued after its end": {"iat": now, "exp": now},
        "no iat": {"iat": None},
        "iat huge": {"iat": 1e308},
        "no sub": {"sub": None},
        "sub a number": {"sub": 1},
        "sub empty": {"sub": ""},
        "sub a list": {"sub": ["u-1"]},
        "roles an object": {"roles": {"clerk": True}},
        "roles of numbers": {"roles": [1]},
        "divisions no code": {"divisions": ["'; DROP TABLE person; --"]},
        "divisions an object": {"divisions": {"*": True}},
    }
    for name, change in changes.items():
        yield name, signed(payload=claims(**change))
    yield "exp NaN", signed(payload=json.dumps(claims()).replace(str(now + 300), "NaN"))
    yield "exp Infinity", signed(payload=json.dumps(claims()).replace(str(now + 300), "Infinity"))


def on_the_header() -> Attacks:
    """Another type, a name that means something to a file system or a database, a key brought along."""
    for kind in ("JWT", "jwt", "id+jwt", "at+jwt+x", "dpop+jwt", "", None, ["at+jwt"], 1, "application/jwt"):
        yield f"typ {kind!r}", signed({"typ": kind})
    names: tuple[Any, ...] = (
        "../../../../etc/passwd",
        "/dev/null",
        "file:///etc/passwd",
        "ed' OR '1'='1",
        "ed; SELECT pg_sleep(9)",
        "http://evil.test/jwks",
        "ed\u0000",
        " ed",
        "ED",
        "",
        "k" * 257,
        "k" * 4000,
        None,
        1,
        ["ed"],
        {"$ne": ""},
        "${jndi:ldap://evil.test}",
        "%65%64",
    )
    for kid in names:
        yield f"kid {str(kid)[:30]!r}", signed({"kid": kid})
    mine = OKPKey.generate_key("Ed25519", {"kid": "ed"})
    yield (
        "another key under a known name",
        jwt.encode({"alg": "Ed25519", "typ": "at+jwt", "kid": "ed"}, claims(), mine, algorithms=["Ed25519"]),
    )
    yield (
        "a key of our own brought along, signed with it",
        jwt.encode(
            {"alg": "Ed25519", "typ": "at+jwt", "kid": "ed", "jwk": dict(mine.as_dict(private=False))},
            claims(),
            mine,
            algorithms=["Ed25519"],
        ),
    )
    for pointer in ("jku", "x5u"):
        for url in ("https://evil.test/jwks", f"{ISSUER}/jwks", f"{ISSUER}@evil.test/jwks", "file:///etc/passwd"):
            yield f"{pointer} {url}", signed({pointer: url})
    yield "jwk, even the genuine one", signed({"jwk": ED.as_dict(private=False)})
    yield "x5c", signed({"x5c": ["MIIB"]})
    for critical in (["exp"], ["b64"], ["x"], [], "exp", {"a": 1}, ["typ", "kid"]):
        yield f"crit {critical!r}", signed({"crit": critical, "x": 1, "b64": True})
    yield "b64 without crit", signed({"b64": False})
    yield "zip", signed({"zip": "DEF"})
    yield "enc", signed({"enc": "A256GCM"})


def on_the_shape() -> Attacks:
    """Cut off, blown up, nested, or something else than a compact signature."""
    good = signed()
    header, payload, signature = good.split(".")
    for end in (0, 1, 10, len(header), len(header) + 1, len(good) - 44, len(good) - 2, len(good) - 1):
        yield f"cut off after {end}", good[:end]
    yield "without its signature", f"{header}.{payload}."
    yield "without its payload", f"{header}..{signature}"
    yield "without its header", f".{payload}.{signature}"
    yield "a part more", f"{good}.{signature}"
    yield "payload changed", f"{header}.{packed(claims(roles=['admin']))}.{signature}"
    yield "header changed", f"{packed({'alg': 'Ed25519', 'typ': 'at+jwt', 'kid': 'rsa'})}.{payload}.{signature}"
    yield "signature of zeros", f"{header}.{payload}.{packed(bytes(64))}"
    yield "ECDSA signature of zeros", unsigned("ES256", "ec", packed(bytes(64)))
    yield "oversized", signed(payload=claims(filler="x" * 20_000))
    yield "a million characters", "a" * 1_000_000
    yield "header too large", signed({"filler": "x" * 2_000})
    yield "header nested without end", f"{packed('[' * 350)}.{payload}.{signature}"
    yield "payload nested without end", signed(payload="[" * 11_000)
    yield "payload an array", signed(payload=[claims()])
    yield "payload a text", signed(payload='"text"')
    yield "payload no JSON", signed(payload="{")
    yield "payload no UTF-8", signed(payload=b"\xff\xfe")
    yield "header an array", f"{packed(['alg', 'Ed25519'])}.{payload}.{signature}"
    yield "header no JSON", f"{packed('{')}.{payload}.{signature}"
    twice = packed('{"alg":"Ed25519","alg":"none","typ":"at+jwt","kid":"ed"}')
    yield "header with alg twice", f"{twice}.{payload}."
    yield "nested: a good token inside a signed one", signed({"cty": "JWT"}, payload=good)
    yield "JSON serialisation", json.dumps({"protected": header, "payload": payload, "signature": signature})
    yield (
        "encrypted to our public key",
        jwe.encrypt_compact(
            {"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "rsa", "typ": "at+jwt"}, json.dumps(claims()), RSA
        ),
    )
    yield (
        "encrypted with a secret, directly",
        jwe.encrypt_compact(
            {"alg": "dir", "enc": "A256GCM", "kid": "ed"}, json.dumps(claims()), OctKey.generate_key(256)
        ),
    )
    yield "blanks inside", f"{header} .{payload}.{signature}"
    yield "standard base64", f"{header}.{payload}.{signature[:-3]}+/="
    yield "two tokens", f"{good} {good}"


def attacks() -> dict[str, str]:
    """All of them, made now: what lies two minutes ahead would have come true by the end of a long run."""
    return dict(chain(on_the_algorithm(), on_the_claims(), on_the_header(), on_the_shape()))


def a_router(reached: list[str]) -> Router:
    """One route; `reached` tells who got through to it."""
    router = Router()

    @router.get("/things")
    async def things(caller: Annotated[Caller, Permit("thing:read")]) -> str:
        reached.append(caller.subject)
        return caller.subject

    return router


def a_verifier_of_three_keys() -> tuple[TokenVerifier, JwksServer]:
    """Of an issuer that publishes one key of each kind, and by mistake a secret."""
    server = JwksServer(RSA, ED, EC, OctKey.generate_key(256, {"kid": "oct"}))
    client = httpx.AsyncClient(transport=httpx.MockTransport(server))
    keys = IssuerKeys(f"{ISSUER}/jwks", client, monotonic=lambda: 0.0)  # all of it happens in one moment
    return TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE), server


def an_app() -> tuple[Any, JwksServer, list[str]]:
    reached: list[str] = []
    verifier, server = a_verifier_of_three_keys()
    return an_api(a_router(reached), tokens=verifier), server, reached


async def test_every_attack_is_a_401_that_tells_nothing_and_reaches_no_route() -> None:
    app, server, reached = an_app()
    unexpected: dict[str, object] = {}
    tokens = attacks()
    async with a_client(app) as client:
        for name, token in tokens.items():
            answer = await client.get("/things", headers=[(b"authorization", b"Bearer " + token.encode())])
            told = answer.json()
            if (
                answer.status_code != 401
                or told["code"] not in {"token_invalid", "token_missing"}
                or answer.headers["content-type"] != "application/problem+json"
                or not answer.headers["www-authenticate"].startswith("Bearer")
                or told["errors"]
            ):
                unexpected[name] = (answer.status_code, told)
        good = await client.get("/things", headers={"Authorization": f"Bearer {signed()}"})
    print(f"token attacks: {len(tokens)} cases, {len(unexpected)} unexpected")
    assert not unexpected
    assert good.status_code == 200, "the same token without anything wrong gets in"
    assert reached == ["u-1"]
    assert server.reads == 1, "no attack makes us ask the issuer again at once"


def test_enough_attacks_are_tried() -> None:
    assert len(attacks()) >= 180


@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearer2", "", "Digest"])
async def test_a_token_under_another_scheme_is_no_token(scheme: str) -> None:
    app, _, reached = an_app()
    async with a_client(app) as client:
        answer = await client.get("/things", headers={"Authorization": f"{scheme} {signed()}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert not reached


@pytest.mark.parametrize("place", ["/things?access_token={}", "/things?token={}"])
async def test_a_token_in_the_address_is_not_read(place: str) -> None:
    app, _, reached = an_app()
    async with a_client(app) as client:
        answer = await client.get(place.format(signed()))
    assert answer.status_code == 401
    assert not reached
