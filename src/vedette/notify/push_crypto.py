"""The cryptography of Web Push: messages for one browser alone, and who sends them.

RFC 8291 (Message Encryption for Web Push) upon RFC 8188 (aes128gcm), and RFC 8292 (VAPID).
"""

import json
import secrets
from base64 import urlsafe_b64encode
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vedette.contracts.push import PushKeys, unpadded

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (FIPS 186-5)."""
RECORD_BYTES = 4096
"""All is one record; push services need take no more (RFC 8030, section 7.2)."""
MOST_BYTES = RECORD_BYTES - 86 - 17
"""Of plain text: less the header, the tag and the padding's end."""
_SALT_BYTES = 16


def private_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """The key of 32 random bytes."""
    number = int.from_bytes(secret, "big") % (ORDER - 1) + 1
    return ec.derive_private_key(number, CURVE)


def public_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Its public half, as an uncompressed point."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def encrypt(
    plain: bytes,
    keys: PushKeys,
    *,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push message, `Content-Encoding: aes128gcm`.

    Args:
        plain: at most `MOST_BYTES`.
        sender, salt: of this message alone; new ones if absent, and only tests give them.
    Raises:
        ValueError: it is too long, or the browser's key is no point of the curve.
    """
    if len(plain) > MOST_BYTES:
        raise ValueError(f"{len(plain)} bytes are too many, {MOST_BYTES} may be")
    sender = sender or ec.generate_private_key(CURVE)
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    theirs, ours = unpadded(keys.p256dh), public_point(sender)
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs)
    shared = sender.exchange(ec.ECDH(), receiver)
    ikm = _derive(shared, unpadded(keys.auth), b"WebPush: info\x00" + theirs + ours, 32)
    key = _derive(ikm, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(ikm, salt, b"Content-Encoding: nonce\x00", 12)
    head = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return head + AESGCM(key).encrypt(nonce, plain + b"\x02", None)


def authorization(
    endpoint: str, sender: ec.EllipticCurvePrivateKey, contact: str, expires_s: int
) -> str:
    """The header that says who sends (RFC 8292): a JWT signed with ES256, and the public key.

    Args:
        endpoint: of the subscription.
        contact: `mailto:` or `https:` of who runs this.
        expires_s: seconds since 1970, at most a day ahead.
    """
    address = urlsplit(endpoint)
    claims = {"aud": f"{address.scheme}://{address.netloc}", "exp": expires_s, "sub": contact}
    parts = [encode(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims)]
    signed = ".".join(parts)
    r, s = decode_dss_signature(sender.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={encode(public_point(sender))}"


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
