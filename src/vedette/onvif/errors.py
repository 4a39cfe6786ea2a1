"""How a camera's ONVIF services can say no."""

from vedette.contracts.errors import SourceRefused


class LoginRefused(SourceRefused):
    """The camera refused the user name or password."""


class Fault(SourceRefused):
    """The camera understood the request and declined it (a SOAP fault)."""


class TooMuch(SourceRefused):
    """The answer is larger than what is read of a camera."""
