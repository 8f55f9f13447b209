"""The hospital's OpenID Connect provider: where to send people, and what it has signed about those who come back."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from config.settings import Settings
from engine.single_sign_on import Proven
from models.errors import WardcycleError
from web.access import LOOPBACK

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client

ALGORITHMS = ("RS256", "PS256", "ES256")  # never `none`, never one whose key the browser could know
LEEWAY_S = 60
TIMEOUT_S = 5.0
WELL_KNOWN = "/.well-known/openid-configuration"


class ProviderSilent(WardcycleError):
    """Single sign-on does not work at the moment ({why}). Log in by password, or try again later."""

    zh = "统一身份认证暂时不可用（{why}）。请使用密码登录，或稍后再试。"
    exit_code = 3


@dataclass(frozen=True)
class Attempt:
    """One way to the provider and back: what must come back, and the proof that it is the same browser."""

    state: str
    nonce: str
    verifier: str
    next: str

    @staticmethod
    def make(page: str) -> "Attempt":
        """Make one that nobody can guess."""
        return Attempt(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), page)


@dataclass(frozen=True)
class Provider:
    """The provider of the settings. Authlib, httpx and joserfc are loaded at the first use only: they are an extra."""

    settings: Settings

    @property
    def return_address(self) -> str:
        """Where the provider sends people back to."""
        return f"{self.settings.base_url.rstrip('/')}/login/oidc/return"

    def way_there(self, attempt: Attempt) -> str:
        """Write the address of the provider's login. Raises ProviderSilent."""
        if not self.settings.base_url:
            raise ProviderSilent(why="WARDCYCLE_BASE_URL")  # the provider must know where to send people back to
        endpoint = self._endpoints()["authorization_endpoint"]
        with self._client() as client:
            url, _ = client.create_authorization_url(
                endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
            )
        return str(url)

    def prove(self, code: str, attempt: Attempt, *, now: datetime) -> Proven | None:
        """Turn the code that came back into what the provider signed; None when it does not hold.

        Raises ProviderSilent.
        """
        from authlib.integrations.base_client.errors import OAuthError
        from httpx import HTTPError
        from joserfc.errors import JoseError

        endpoints = self._endpoints()
        try:
            with self._client() as client:
                token = client.fetch_token(endpoints["token_endpoint"], code=code, code_verifier=attempt.verifier)
            keys = self._get(endpoints["jwks_uri"])
            claims = self._claims(str(token.get("id_token", "")), keys, attempt.nonce, now)
        except (JoseError, OAuthError, ValueError):
            return None
        except HTTPError as error:
            raise ProviderSilent(why=type(error).__name__) from error
        subject, email = claims.get("sub"), claims.get("email")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            return None
        verified = claims.get("email_verified") is True and isinstance(email, str)
        return Proven(self.settings.oidc_issuer, subject, str(email) if verified else None)

    def _claims(self, signed: str, keys: dict[str, object], nonce: str, now: datetime) -> dict[str, object]:
        from joserfc import jwt
        from joserfc.jwk import KeySet

        token = jwt.decode(signed, KeySet.import_key_set(keys), algorithms=list(ALGORITHMS))  # type: ignore[arg-type]
        wanted = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.settings.oidc_issuer},
            aud={"essential": True, "value": self.settings.oidc_client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        wanted.validate(token.claims)
        if isinstance(token.claims.get("aud"), list) and token.claims.get("azp") != self.settings.oidc_client_id:
            raise ValueError("azp")
        return dict(token.claims)

    def _endpoints(self) -> dict[str, str]:
        """Ask the provider where its parts are. Raises ProviderSilent, also for one that speaks for another."""
        found = self._get(self.settings.oidc_issuer.rstrip("/") + WELL_KNOWN)
        parts = {name: str(found.get(name, "")) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        if found.get("issuer") != self.settings.oidc_issuer or not all(map(_is_safe, parts.values())):
            raise ProviderSilent(why="issuer")
        return parts

    def _get(self, url: str) -> dict[str, object]:
        _require_extra()
        import httpx

        try:
            answer = httpx.get(url, timeout=TIMEOUT_S, follow_redirects=False)
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderSilent(why=type(error).__name__) from error
        return found if isinstance(found, dict) else {}

    def _client(self) -> "OAuth2Client":
        _require_extra()
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            self.settings.oidc_client_id,
            self.settings.oidc_client_secret.get_secret_value() or None,
            scope="openid email",
            redirect_uri=self.return_address,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._has_secret else "none",
            timeout=TIMEOUT_S,
        )

    @property
    def _has_secret(self) -> bool:
        return bool(self.settings.oidc_client_secret.get_secret_value())


def _require_extra() -> None:
    if not (find_spec("authlib") and find_spec("httpx")):
        raise ProviderSilent(why="pip install wardcycle[oidc]")


def _is_safe(address: str) -> bool:
    """Answer whether nobody on the way can read: https, or this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
