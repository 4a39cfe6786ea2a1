"""An MQTT broker as settings name it: where it is, who to be there, whom to believe."""

import ssl
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, FilePath, SecretStr, model_validator

_UNFIT = frozenset("+#/\0")
"""What a name within a topic must not hold."""


class BrokerSettings(BaseModel):
    """Address, login and encryption. Errors never repeat the input: it may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field(min_length=1, pattern=r"^[A-Za-z0-9.:_-]+$")
    port: int | None = Field(
        default=None, ge=1, le=65535, description="1883, and 8883 with TLS, where absent."
    )
    tls: bool = False
    verify_tls: bool = True
    ca_file: FilePath | None = Field(
        default=None, description="Certificates to trust instead of those of the system (PEM)."
    )
    username: str | None = None
    password: SecretStr | None = None
    client_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="A new one at each connection where absent; set it where the broker asks.",
    )
    timeout_s: float = Field(default=10.0, gt=0.0, le=60.0)

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.password is not None and self.username is None:
            raise ValueError("password: it needs a username")
        if self.ca_file is not None and not self.tls:
            raise ValueError("ca_file: it has a meaning with `tls: true` only")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (8883 if self.tls else 1883)

    @property
    def login(self) -> tuple[str, str | None] | None:
        """Name and password; None for who needs none."""
        if self.username is None:
            return None
        return self.username, self.password.get_secret_value() if self.password else None

    def trust(self) -> ssl.SSLContext | None:
        """Whom to believe that it is the broker; None without TLS.

        Raises:
            OSError: `ca_file` cannot be read, or holds no certificates.
        """
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if not self.verify_tls:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def part_of(name: str) -> str:
    """A name as a part of a topic: what none may hold becomes `_`."""
    return "".join("_" if c in _UNFIT or not c.isprintable() else c for c in name) or "_"
