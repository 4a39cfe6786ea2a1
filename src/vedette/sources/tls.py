"""TLS of cameras: whom to trust, and why a certificate was refused, in words."""

import socket
import ssl
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from vedette.contracts.errors import SourceRefused

TlsVerify = Annotated[
    bool,
    Field(
        description="Refuse a certificate that nobody vouches for. Cameras often sign their own: "
        "give it as `ca_file`, or set this to false (whoever is in between can then listen)."
    ),
]
CaFile = Annotated[
    Path | None,
    Field(
        description="Certificates to trust (PEM): the camera's own, or its issuer's. Absent: those "
        "of this system."
    ),
]

_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
_MOST_S = 3.0


def options(*, verify: bool, ca_file: Path | None) -> dict[str, str]:
    """What libav is told; without it, it trusts everybody."""
    if not verify:
        return {"tls_verify": "0"}
    trusted = str(existing(ca_file) or _system_file())
    return {"tls_verify": "1", **({"ca_file": trusted} if trusted else {})}


def existing(ca_file: Path | None) -> Path | None:
    """The file itself.

    Raises:
        SourceRefused: there is none.
    """
    if ca_file is not None and not ca_file.is_file():
        raise SourceRefused(f"the ca_file {ca_file} does not exist; give a file of certificates")
    return ca_file


def _system_file() -> str:
    named = ssl.get_default_verify_paths().cafile
    return next((path for path in (named, *_SYSTEM) if path and Path(path).is_file()), "")


def why_refused(url: str, port: int, ca_file: Path | None, limit_s: float) -> str:
    """Shake hands once more, to learn what libav does not tell; empty where that succeeds, or fails
    for another reason."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        address = (host, parts.port or port)
        with (
            socket.create_connection(address, timeout=min(limit_s, _MOST_S)) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message.rstrip(".")
    except (OSError, ValueError):
        return ""


def refusal(who: object, why: str) -> str:
    """The sentence for whoever set this camera up."""
    return (
        f"{who}: its certificate is refused ({why}); give the certificate as `ca_file`, or allow "
        "any with `tls_verify: false`"
    )
