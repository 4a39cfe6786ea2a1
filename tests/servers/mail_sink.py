"""An SMTP server that keeps what it gets; it can demand a login, offer TLS, and refuse."""

import ssl
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any, Self

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    over_tls: bool
    user: str | None


def tls_for_loopback() -> ssl.SSLContext:
    """A certificate for 127.0.0.1 of an authority that nobody knows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


class _Controller(Controller):
    """Takes any free port: the parent would knock at port 0."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class MailSink:
    """Use as a context manager. Refusals are replies such as `550 no such user`.

    A login needs TLS, offered by STARTTLS where `tls` is given.
    """

    def __init__(
        self,
        *,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        refuse: dict[str, str] | None = None,
        first: tuple[str, ...] = (),
    ) -> None:
        self.mails: list[Mail] = []
        self._login = login
        self._refuse = refuse or {}
        self._first = list(first)
        options: dict[str, Any] = {}
        if login is not None:
            options = {"authenticator": self._authenticate, "auth_required": True}
        self._controller = _Controller(
            self, hostname="127.0.0.1", port=0, tls_context=tls, ready_timeout=10, **options
        )

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _authenticate(
        self, server: object, session: Any, envelope: object, mechanism: str, data: Any
    ) -> Any:
        del server, session, envelope, mechanism
        good = isinstance(data, LoginPassword) and self._login == (
            data.login.decode(),
            data.password.decode(),
        )
        return AuthResult(success=good, handled=good, auth_data=data)

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: object, session: object, envelope: Any, address: str, options: object
    ) -> str:
        del server, session, options
        if address in self._refuse:
            return self._refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: object, session: Any, envelope: Any
    ) -> str:
        del server
        if self._first:
            return self._first.pop(0)
        message = message_from_bytes(envelope.content, policy=SMTP_POLICY)
        assert isinstance(message, EmailMessage)
        auth = session.auth_data
        self.mails.append(
            Mail(
                sender=envelope.mail_from,
                recipients=tuple(envelope.rcpt_tos),
                message=message,
                over_tls=session.ssl is not None,
                user=auth.login.decode() if isinstance(auth, LoginPassword) else None,
            )
        )
        return "250 kept"
