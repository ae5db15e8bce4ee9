"""An issuer of tokens for one machine: what Keycloak or a provincial IAM is elsewhere.

It hands a token to whoever asks on the loopback interface, so it refuses to start in production.
"""

import secrets
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.local.program import NotReady, until

HOST: Final = "127.0.0.1"
AUDIENCE: Final = "liangfu"
ALGORITHM: Final = "RS256"
PERSON_GRANT: Final = "urn:liangfu:grant:local-person"
"""A grant of ours, for developers and tests: a person's token without a password."""
PERSON_CLIENT: Final = "local-console"
"""The client whose users persons are; a token whose subject is its client would be a machine's (RFC 9068 2.2)."""
LIFETIME_SECONDS: Final = 3600


class IssuerInProduction(Exception):
    """The local issuer was asked to serve a production environment."""


class TokenRefused(Exception):
    """A token request was refused; `error` is one of OAuth's codes (RFC 6749 5.2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


@dataclass(frozen=True)
class Client:
    """A machine that may ask for tokens of its own, and what these allow it."""

    secret: str
    permissions: frozenset[str]


@dataclass(frozen=True)
class Person:
    """Whom a person's token is about. ``divisions`` are prefixes of division codes; `*` is everywhere.

    ``person_id``: who they are in the register, ``ward_ids``: for whom they act; for tokens of one's own data.
    """

    subject: str
    name: str
    roles: tuple[str, ...]
    divisions: tuple[str, ...]
    person_id: str = ""
    ward_ids: tuple[str, ...] = ()


class Issuer:
    """Mints tokens and serves their keys. Raises IssuerInProduction."""

    def __init__(self, *, port: int, key: RSAKey, clients: Mapping[str, Client], environment: str) -> None:
        if environment == "production":
            message = "the local issuer gives a token to anybody; use a real one in production"
            raise IssuerInProduction(message)
        self.port = port
        self.url = f"http://{HOST}:{port}"
        self._key = key
        self._clients = dict(clients)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def jwks_url(self) -> str:
        """Where its public keys are."""
        return f"{self.url}/jwks.json"

    @property
    def token_url(self) -> str:
        """Where clients ask for tokens."""
        return f"{self.url}/token"

    # ------------------------------------------------------------------ minting

    def person_token(self, person: Person, *, lifetime_seconds: int = LIFETIME_SECONDS) -> str:
        """A token of a person, who may do what their roles allow."""
        return self._mint(
            lifetime_seconds,
            sub=person.subject,
            client_id=PERSON_CLIENT,
            name=person.name,
            roles=list(person.roles),
            divisions=list(person.divisions),
            scope="",
            **({"person_id": person.person_id} if person.person_id else {}),
            **({"ward_ids": list(person.ward_ids)} if person.ward_ids else {}),
        )

    def machine_token(
        self,
        client_id: str,
        permissions: frozenset[str],
        *,
        divisions: tuple[str, ...] = ("*",),
        lifetime_seconds: int = LIFETIME_SECONDS,
    ) -> str:
        """A token of a client itself (its subject is the client), which may do what its scopes say."""
        return self._mint(
            lifetime_seconds,
            sub=client_id,
            client_id=client_id,
            name=client_id,
            roles=[],
            divisions=list(divisions),
            scope=" ".join(sorted(permissions)),
        )

    def _mint(self, lifetime_seconds: int, **claims: str | list[str]) -> str:
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + lifetime_seconds}
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": "at+jwt"}
        about = {"iss": self.url, "aud": AUDIENCE, "jti": secrets.token_hex(16)}
        return jwt.encode(header, {**about, **times, **claims}, self._key)

    # ------------------------------------------------------------------ serving

    async def start(self) -> None:
        """Serve from a thread of its own: whoever blocks the supervisor's event loop must not block every token.

        Raises NotReady when the port cannot be had.
        """
        try:
            door = socket.create_server((HOST, self.port))
        except OSError as error:
            message = f"the issuer cannot listen on port {self.port}: {error.strerror}"
            raise NotReady(message) from error
        config = uvicorn.Config(
            self.app(), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, args=([door],), name="issuer", daemon=True)
        self._thread.start()
        await until(lambda: server.started, seconds=10)

    async def stop(self) -> None:
        """Close the door and wait until it is closed."""
        server, thread = self._server, self._thread
        if server is not None and thread is not None:
            server.should_exit = True
            await until(lambda: not thread.is_alive(), seconds=3)

    def app(self) -> Starlette:
        """The three routes of an issuer."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/jwks.json", self._keys),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _configuration(self, _request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": self.url,
                "jwks_uri": self.jwks_url,
                "token_endpoint": self.token_url,
                "grant_types_supported": ["client_credentials", PERSON_GRANT],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
            }
        )

    async def _keys(self, _request: Request) -> JSONResponse:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def _token(self, request: Request) -> JSONResponse:
        async with request.form(max_fields=20) as form:
            try:
                token = self._grant(request, form)
            except TokenRefused as refusal:
                status = 401 if refusal.error == "invalid_client" else 400
                return JSONResponse({"error": refusal.error, "error_description": str(refusal)}, status_code=status)
        headers = {"Cache-Control": "no-store"}
        return JSONResponse(
            {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS}, headers=headers
        )

    def _grant(self, request: Request, form: FormData) -> str:
        match _text(form, "grant_type"):
            case "client_credentials":
                client_id, client = self._client(request, form)
                return self.machine_token(client_id, _asked_permissions(client, _text(form, "scope")))
            case grant if grant == PERSON_GRANT:
                return self.person_token(_person(form))
            case grant:
                description = f"grant_type {grant!r} is not one of client_credentials, {PERSON_GRANT}"
                raise TokenRefused("unsupported_grant_type", description)

    def _client(self, request: Request, form: FormData) -> tuple[str, Client]:
        client_id, secret = _basic(request) or (_text(form, "client_id"), _text(form, "client_secret"))
        client = self._clients.get(client_id)
        if client is None or not secrets.compare_digest(client.secret.encode(), secret.encode()):
            raise TokenRefused("invalid_client", "unknown client or wrong secret")
        return client_id, client


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(value, validate=True).decode().partition(":")
    except ValueError as error:
        raise TokenRefused("invalid_client", "the Basic credentials are not base64 of UTF-8") from error
    return unquote_plus(user), unquote_plus(password)


def _asked_permissions(client: Client, scope: str) -> frozenset[str]:
    """All the client has, or the part it asks for. Raises TokenRefused for more than it has."""
    asked = frozenset(scope.split())
    if excess := asked - client.permissions:
        raise TokenRefused("invalid_scope", f"not granted to this client: {' '.join(sorted(excess))}")
    return asked or client.permissions


def _person(form: FormData) -> Person:
    subject = _text(form, "subject")
    if not subject:
        raise TokenRefused("invalid_request", "subject is missing")
    return Person(
        subject=subject,
        name=_text(form, "name") or subject,
        roles=tuple(_text(form, "roles").split()),
        divisions=tuple(_text(form, "divisions").split()),
        person_id=_text(form, "person_id"),
        ward_ids=tuple(_text(form, "ward_ids").split()),
    )


def _text(form: FormData, field: str) -> str:
    value = form.get(field, "")
    if not isinstance(value, str):
        raise TokenRefused("invalid_request", f"{field} must be text")
    return value
