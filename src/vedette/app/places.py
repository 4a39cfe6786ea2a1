"""Where each camera is: as it says itself, as its site says, or where this machine is."""

from collections.abc import Sequence

from tzlocal import get_localzone_name

from vedette.app.camera_settings import CameraSettings
from vedette.app.settings import SiteSettings
from vedette.rules.schedule import Place


def place_of(camera: CameraSettings, sites: Sequence[SiteSettings]) -> Place:
    """The place whose clocks, sun and holidays the schedules of a camera mean."""
    if camera.place is not None:
        return camera.place
    for site in sites:
        if site.id == camera.site and site.place is not None:
            return site.place
    return Place(time_zone=own_time_zone())


def own_time_zone() -> str:
    """This machine's, as `TZ` or the system says; UTC where nobody says."""
    try:
        return get_localzone_name() or "UTC"
    except (LookupError, ValueError, OSError):
        return "UTC"
