"""Where each camera is: as it says itself, as its site says, or where this machine is."""

from collections.abc import Sequence

from tzlocal import get_localzone_name

from vedette.app.camera_settings import CameraSettings
from vedette.app.settings import SiteSettings
from vedette.calendar.schedule import Place


def place_of(camera: CameraSettings, sites: Sequence[SiteSettings]) -> Place:
    """The place whose clocks, sun and holidays the schedules of a camera mean."""
    if camera.place is not None:
        return camera.place
    return next((place_of_site(site) for site in sites if site.id == camera.site), somewhere())


def place_of_site(site: SiteSettings) -> Place:
    """The same of a site."""
    return site.place or somewhere()


def somewhere() -> Place:
    """Where nobody says more: the clocks of this machine."""
    return Place(time_zone=own_time_zone())


def own_time_zone() -> str:
    """This machine's, as `TZ` or the system says; UTC where nobody says."""
    try:
        return get_localzone_name() or "UTC"
    except (LookupError, ValueError, OSError):
        return "UTC"
