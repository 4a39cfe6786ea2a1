"""A camera's address in two forms: the one to connect with, and the one that may be shown."""

import re
from base64 import b64encode
from urllib.parse import unquote, urlsplit

HIDDEN = "***"

_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*)://")
_NAMED = re.compile(
    r"(?i)((?:user(?:name)?|usr|login|pass(?:word|wd|phrase)?|pwd|psw|pw|token|secret|sig(?:nature)?"
    r"|key|api[-_]?key|auth|session|sid|access[-_]?token)=)([^&;?#/\s]+)"
)
_SHORTEST_SECRET = 3


class Address:
    """An URL with its secrets; `str()` and `scrub()` never show them.

    Hidden are user and password before the host, and values of parameters such as `password=`
    or `token=` in the path or the query (some cameras want them there).
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.scheme, self._user, self._rest = _split(url)
        self.public = self._shown()
        self._secrets = self._spellings()

    def __str__(self) -> str:
        return self.public

    def __repr__(self) -> str:
        return f"Address({self.public!r})"

    def scrub(self, text: str) -> str:
        """`text` without this address's secrets, however they are percent-encoded in it."""
        text = text.replace(self.url, self.public)
        for secret in self._secrets:
            text = secret.sub(HIDDEN, text)
        return _NAMED.sub(rf"\g<1>{HIDDEN}", text)

    def _shown(self) -> str:
        user = f"{HIDDEN}@" if self._user else ""
        rest = _NAMED.sub(rf"\g<1>{HIDDEN}", self._rest.partition("#")[0])
        return f"{self.scheme}://{user}{rest}" if self.scheme else rest

    def _spellings(self) -> list[re.Pattern[str]]:
        name, _, password = self._user.partition(":")
        raw = {self._user, password, name, *(found[1] for found in _NAMED.findall(self._rest))}
        plain = {unquote(secret) for secret in raw if len(secret) >= _SHORTEST_SECRET}
        return [_any_spelling(secret) for secret in sorted(plain, key=len, reverse=True)]


def basic_auth(user: str, password: str) -> str:
    """The header of basic authentication (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _any_spelling(secret: str) -> re.Pattern[str]:
    """Matches the secret with any of its characters percent-encoded."""
    spelled = []
    for character in secret:
        encoded = "".join(f"%{byte:02x}" for byte in character.encode())
        spelled.append(f"(?:{re.escape(character)}|(?i:{encoded}))")
    return re.compile("".join(spelled))


def _split(url: str) -> tuple[str, str, str]:
    """Scheme, user part and the rest; a password may hold `/`, `?` or `@` unescaped."""
    match = _SCHEME.match(url)
    if match is None:
        return "", "", url
    body = url[match.end() :]
    host_part = re.split(r"[/?#]", body, maxsplit=1)[0]
    if "@" in host_part:
        at = host_part.rindex("@")
    elif _looks_like_user(host_part) and "@" in body:
        at = body.rindex("@")
    else:
        return match[1].lower(), "", body
    return match[1].lower(), body[:at], body[at + 1 :]


def _looks_like_user(host_part: str) -> bool:
    """`name:secret`, where a host would have a port number."""
    name, colon, port = host_part.rpartition(":")
    return bool(colon and name and not name.startswith("[") and not port.isdigit())


def check_url(url: str, schemes: tuple[str, ...]) -> str:
    """The URL itself, when it can be one; the sentence never repeats it, it may hold a password.

    Raises:
        ValueError: wrong scheme, no host, bad port, blanks or control characters.
    """
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError("the address holds a blank or a control character; write it as %20")
    address = Address(url)
    if address.scheme not in schemes:
        raise ValueError(f"the address must begin with {wanted}")
    if not _host_can_be_read(url):
        raise ValueError(
            f"the address names no host, or its port is no number; write {schemes[0]}://host/path "
            "(a password with / ? # or @ must be percent-encoded)"
        )
    return url


def _host_can_be_read(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
