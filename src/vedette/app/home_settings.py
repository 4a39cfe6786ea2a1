"""Settings of home automation: the broker, and what is said there."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from vedette.app.camera_settings import Part
from vedette.notify.broker import BrokerSettings


def _prefix(text: str) -> str:
    if set(text) & {"+", "#"} or not text.isprintable() or text.startswith("$"):
        raise ValueError("no `+`, `#` or control characters, and it does not begin with `$`")
    if text != text.strip("/") or not text:
        raise ValueError("it is a name without `/` at its ends")
    return text


Prefix = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_prefix)]


def _switch(value: object) -> object:
    """`true`, written short, becomes a mapping."""
    return {"enabled": value} if isinstance(value, bool) else value


class HomeAssistantSettings(Part):
    """Home Assistant finds the cameras by itself (MQTT discovery)."""

    enabled: bool = True
    prefix: Prefix = Field(
        default="homeassistant", description="As `discovery_prefix` says in Home Assistant."
    )
    commands: bool = Field(
        default=True,
        description="Detection of a camera can be switched off there. Whoever may publish to the "
        "broker can do so.",
    )


class FrigateSettings(Part):
    """Topics as Frigate has them, for automations that were made for it."""

    enabled: bool = True
    prefix: Prefix = Field(
        default="frigate",
        description="Give it another one where a Frigate uses the same broker.",
    )


class MqttSettings(Part, BrokerSettings):
    """A lasting connection to a broker, for home automation (docs/home-assistant.md)."""

    prefix: Prefix = Field(default="vedette", description="What our own topics begin with.")
    home_assistant: Annotated[HomeAssistantSettings, BeforeValidator(_switch)] = Field(
        default=HomeAssistantSettings(enabled=False), description="Off, `true`, or its settings."
    )
    frigate: Annotated[FrigateSettings, BeforeValidator(_switch)] = Field(
        default=FrigateSettings(enabled=False), description="Off, `true`, or its settings."
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        used: list[tuple[str, Any]] = [("prefix", self.prefix)]
        if self.home_assistant.enabled:
            used.append(("home_assistant.prefix", self.home_assistant.prefix))
        if self.frigate.enabled:
            used.append(("frigate.prefix", self.frigate.prefix))
        for number, (name, prefix) in enumerate(used):
            for other, same in used[:number]:
                if prefix == same:
                    raise ValueError(f"{name} and {other} are both {prefix!r}; they must differ")
        return self
