"""Settings of a camera's ONVIF services."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vedette.contracts.errors import InvalidInput
from vedette.onvif.address import device_address


class OnvifConfig(BaseModel):
    """The camera's ONVIF services (see `vedette cameras probe`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, Field(repr=False)] = Field(
        description="Its device service: `http://user:password@host/onvif/device_service`."
    )
    verify_tls: bool = Field(
        default=False,
        description="For https: refuse a certificate that is not trusted. Cameras sign their own.",
    )

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        try:
            device_address(url)
        except InvalidInput as error:
            raise ValueError(str(error)) from None
        return url
