"""A push service (RFC 8030) with its browsers: it checks who sends, and reads what only they can.

Written after RFC 8291, 8188 and 8292 from the receiver's side.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from secrets import token_bytes, token_urlsafe
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.servers.web import Heard, Reply, WebServer

CURVE = ec.SECP256R1()


def unpadded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _hmac(key: bytes, data: bytes) -> bytes:
    made = HMAC(key, hashes.SHA256())
    made.update(data)
    return made.finalize()


class Browser:
    """One subscription, with the private half that never leaves a browser."""

    def __init__(
        self, private: ec.EllipticCurvePrivateKey | None = None, auth: bytes = b""
    ) -> None:
        self._private = private or ec.generate_private_key(CURVE)
        self._auth = auth or token_bytes(16)
        self.point = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self.path = "/push/" + token_urlsafe(24)
        self.gone = False

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": encode(self.point), "auth": encode(self._auth)}

    def read(self, body: bytes) -> bytes:
        """The plain text. Raises where it was not meant for this browser, or was changed."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= size, "more than one record"
        point = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender)
        shared = self._private.exchange(ec.ECDH(), point)
        info = b"WebPush: info\x00" + self.point + sender
        ikm = _hmac(_hmac(self._auth, shared), info + b"\x01")
        pseudo = _hmac(salt, ikm)
        key = _hmac(pseudo, b"Content-Encoding: aes128gcm\x00\x01")[:16]
        nonce = _hmac(pseudo, b"Content-Encoding: nonce\x00\x01")[:12]
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        text, _, padding = plain.rpartition(b"\x02")
        assert not padding.strip(b"\x00"), "the record has no end"
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """One message as its browser got it."""

    browser: Browser
    said: dict[str, Any]
    headers: dict[str, str]
    claims: dict[str, Any]


class PushService(WebServer):
    """Takes messages that are signed with the key with which its browsers subscribed."""

    def __init__(self) -> None:
        super().__init__()
        self.browsers: dict[str, Browser] = {}
        self.pushed: list[Pushed] = []
        self.refused: list[str] = []
        self.busy: set[str] = set()
        """Paths that are answered 429."""
        self.key = ""
        """Of the product, base64url; empty: any."""

    def subscribe(self) -> tuple[Browser, dict[str, Any]]:
        """A browser, and what its page sends to the product."""
        browser = Browser()
        self.browsers[browser.path] = browser
        return browser, {"endpoint": self.url + browser.path, "keys": browser.keys}

    def answer(self, request: Heard) -> Reply:
        browser = self.browsers.get(request.path)
        if browser is None or browser.gone:
            return Reply(status=410)
        if request.path in self.busy:
            return Reply(status=429, headers={"Retry-After": "1"})
        try:
            claims = self._who(request.headers["authorization"])
            assert request.headers["content-encoding"] == "aes128gcm"
            assert int(request.headers["ttl"]) >= 0
            assert len(request.body) <= 4096, "too long"
            said = json.loads(browser.read(request.body))
        except (AssertionError, KeyError, ValueError, InvalidSignature) as error:
            self.refused.append(repr(error))
            return Reply(status=400, body=repr(error).encode())
        self.pushed.append(
            Pushed(browser=browser, said=said, headers=dict(request.headers), claims=claims)
        )
        return Reply(status=201)

    def _who(self, header: str) -> dict[str, Any]:
        """The claims of the sender (RFC 8292)."""
        scheme, _, rest = header.partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert scheme == "vapid"
        assert self.key in ("", parts["k"]), "not who the browsers subscribed with"
        signed, _, signature = parts["t"].rpartition(".")
        head, claims = (json.loads(unpadded(part)) for part in signed.split("."))
        assert head == {"typ": "JWT", "alg": "ES256"}
        raw = unpadded(signature)
        both = encode_dss_signature(
            int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        )
        public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unpadded(parts["k"]))
        public.verify(both, signed.encode(), ec.ECDSA(hashes.SHA256()))
        assert claims["aud"] == self.url, "meant for another service"
        found: dict[str, Any] = claims
        return found
