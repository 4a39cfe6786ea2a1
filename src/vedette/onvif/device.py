"""What a camera is, and which services it has."""

from dataclasses import dataclass
from urllib.parse import unquote

from vedette.contracts.errors import SourceRefused
from vedette.onvif.errors import Fault
from vedette.onvif.markup import Node, clean
from vedette.onvif.soap import DEVICE, EVENTS, MEDIA, MEDIA2, SoapClient

MAX_SCOPES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInfo:
    """Who made it, and what it is called; empty where it does not say."""

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    name: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Addresses of the services, on the host that was asked; empty where there is none."""

    media: str = ""
    media2: str = ""
    """The newer media service, the one that knows H.265."""
    events: str = ""


async def device_info(client: SoapClient) -> DeviceInfo:
    """Ask the device service.

    Raises:
        SourceLost, LoginRefused, SourceRefused: see `SoapClient.call`.
    """
    url = client.address.url
    told = await client.call(
        url, f"{DEVICE}/GetDeviceInformation", f'<GetDeviceInformation xmlns="{DEVICE}"/>'
    )
    scopes: list[str] = []
    try:
        answer = await client.call(url, f"{DEVICE}/GetScopes", f'<GetScopes xmlns="{DEVICE}"/>')
        scopes = [node.text for node in answer.find("ScopeItem")]
    except Fault:
        pass  # it has a model and a serial number; a name is a luxury
    named = scope_words(scopes)
    body = next(told.find("GetDeviceInformationResponse"), told)
    return DeviceInfo(
        manufacturer=_said(body, "Manufacturer"),
        model=_said(body, "Model"),
        firmware=_said(body, "FirmwareVersion"),
        serial=_said(body, "SerialNumber"),
        name=named.get("name", ""),
        location=named.get("location", ""),
    )


async def find_services(client: SoapClient) -> Services:
    """Ask which services there are; older cameras know only `GetCapabilities`.

    Raises:
        SourceLost, LoginRefused, SourceRefused: see `SoapClient.call`.
    """
    url = client.address.url
    body = (
        f'<GetServices xmlns="{DEVICE}"><IncludeCapability>false</IncludeCapability></GetServices>'
    )
    try:
        answer = await client.call(url, f"{DEVICE}/GetServices", body)
        found = {node.value("Namespace"): node.value("XAddr") for node in answer.find("Service")}
    except Fault:
        found = {}
    if not any(found.get(name) for name in (MEDIA, MEDIA2)):
        body = f'<GetCapabilities xmlns="{DEVICE}"><Category>All</Category></GetCapabilities>'
        answer = await client.call(url, f"{DEVICE}/GetCapabilities", body)
        found = {
            MEDIA: _first(answer, "Media"),
            EVENTS: _first(answer, "Events"),
            MEDIA2: "",
        }
    if not any(found.get(name) for name in (MEDIA, MEDIA2, EVENTS)):
        raise SourceRefused(f"{client.address} speaks ONVIF, but has neither video nor events")
    return Services(
        media=_placed(client, found.get(MEDIA, "")),
        media2=_placed(client, found.get(MEDIA2, "")),
        events=_placed(client, found.get(EVENTS, "")),
    )


def scope_words(scopes: list[str]) -> dict[str, str]:
    """`name`, `hardware`, `location` of ONVIF's scopes (Core, section 7.3.2.2), fit to print."""
    found: dict[str, str] = {}
    for scope in scopes[:MAX_SCOPES]:
        kind, _, value = scope.partition("onvif://www.onvif.org/")[2].partition("/")
        words = clean(unquote(value.rstrip("/").rpartition("/")[2]))
        if kind in {"name", "hardware", "location"} and words:
            found.setdefault(kind, words)
    return found


def _first(answer: Node, name: str) -> str:
    return next((url for node in answer.find(name) if (url := node.value("XAddr"))), "")


def _placed(client: SoapClient, claimed: str) -> str:
    return client.address.service(claimed) if claimed else ""


def _said(body: Node, name: str) -> str:
    return clean(body.value(name))
