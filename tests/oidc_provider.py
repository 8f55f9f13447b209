"""A small OpenID Connect provider on loopback: discovery, login page, token with PKCE, keys. It can lie on request."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "wardcycle", "the-client-secret"


@dataclass
class Provider:
    """What it says of whoever logs in. claims: put over the true ones; key: what signs, when it is not its own."""

    subject: str = "u-1"
    email: str = "ana@hospital.test"
    verified: object = True
    claims: dict[str, object] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}, private=True))
    signer: RSAKey | None = None
    algorithm: str = "RS256"
    now: int = 0
    issuer: str = ""
    asked: dict[str, dict[str, str]] = field(default_factory=dict)  # code -> what the browser brought
    n_tokens: int = 0

    def authorize(self, query: dict[str, str]) -> str:
        """Log somebody in; gives the way back."""
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = token_urlsafe(12)
        self.asked[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, given: dict[str, str], authorization: str) -> dict[str, object] | None:
        """Give the token for a code, once, to the browser's own verifier and the right client."""
        asked = self.asked.pop(given.get("code", ""), None)
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization != expected or asked["redirect_uri"] != given.get("redirect_uri"):
            return None
        challenge = base64.urlsafe_b64encode(sha256(given.get("code_verifier", "").encode()).digest())
        if asked["code_challenge"] != challenge.rstrip(b"=").decode():
            return None
        self.n_tokens += 1
        return {"access_token": token_urlsafe(8), "token_type": "Bearer", "id_token": self.signed(asked["nonce"])}

    def signed(self, nonce: str) -> str:
        """Sign what it says."""
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": self.subject,
            "email": self.email,
            "email_verified": self.verified,
            "nonce": nonce,
            "iat": self.now,
            "exp": self.now + 300,
        }
        header = {"alg": self.algorithm, "kid": "1"}
        return jwt.encode(header, claims | self.claims, self.signer or self.key, algorithms=[self.algorithm])

    def discovery(self) -> dict[str, object]:
        """Say where everything is."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }


@contextmanager
def provider_at_work(now: int) -> Iterator[Provider]:
    """Run one."""
    provider = Provider(now=now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(_first(parts.query)))
                self.end_headers()
            elif parts.path == "/keys":
                self._say({"keys": [provider.key.as_dict(private=False)]})
            elif parts.path == "/.well-known/openid-configuration":
                self._say(provider.discovery())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            given = provider.token(_first(body), self.headers.get("Authorization", ""))
            self._say(given or {"error": "invalid_grant"}, 200 if given else 400)

        def _say(self, what: dict[str, object], status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(what).encode())

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _first(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
