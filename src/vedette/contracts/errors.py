"""Errors with a meaning to the caller. The docstring is the message when none is given."""


class VedetteError(Exception):
    """Something went wrong."""

    status = 500
    """HTTP status of an answer that carries this error."""
    exit_code = 1
    """Exit code of a command that ends with this error."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or (self.__doc__ or "").strip())


class NotFound(VedetteError):
    """There is no such thing."""

    status = 404


class InvalidInput(VedetteError):
    """What was given cannot be used."""

    status = 422
    exit_code = 2


class InvalidConfig(InvalidInput):
    """The settings are not valid."""

    exit_code = 3


class UnknownPlugin(InvalidConfig):
    """No plug-in of that name is installed."""


class SourceRefused(VedetteError):
    """The source cannot be used, now or later: the file is missing, or is not video."""

    status = 422
    exit_code = 4


class SourceLost(VedetteError):
    """The camera cannot be reached, or stopped sending; trying again may help."""

    status = 503
    exit_code = 5


class ModelUnavailable(VedetteError):
    """The model is not installed, cannot be fetched, or is not what it should be."""

    status = 503
    exit_code = 6


class StorageFailed(VedetteError):
    """Something could not be written or read back."""

    status = 507
    exit_code = 7


class NoAnswer(VedetteError):
    """Nobody answered in time."""

    status = 504


class DeliveryFailed(VedetteError):
    """The message could not be delivered; trying again may help."""

    status = 502

    def __init__(self, detail: str | None = None, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        """Seconds that the receiver asked to be left alone; None where it did not say."""


class DeliveryRefused(VedetteError):
    """The receiver said no for good (bad token, unknown address); trying again is useless."""

    status = 502


class NotRunning(VedetteError):
    """No Vedette runs that could be asked."""

    status = 503
    exit_code = 8


class TooMany(VedetteError):
    """There are as many as there may be; try again later."""

    status = 503


class NotAllowed(VedetteError):
    """Who asks is not known here."""

    status = 401


class LinkExpired(VedetteError):
    """This link was good for some days, and they are over."""

    status = 410


class TooMuch(VedetteError):
    """What was sent is longer than anything that could be right."""

    status = 413


class WrongState(VedetteError):
    """Something cannot be done with a thing as it is now; the sentence says when it can."""

    status = 409
    exit_code = 2
