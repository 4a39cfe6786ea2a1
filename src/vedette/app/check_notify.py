"""Checks who is told: that the channels, cameras and sites are there, and the hours known."""

from collections.abc import Callable, Sequence

from vedette.app.camera_settings import ModuleSettings
from vedette.app.gateway_settings import SiteNotifySettings, read_policies
from vedette.app.places import place_of_site
from vedette.app.settings import Settings
from vedette.calendar.schedule import Schedule
from vedette.config.check import Problems
from vedette.config.secrets import reveal
from vedette.contracts.errors import InvalidConfig
from vedette.plugins.registry import configure

Loc = tuple[str | int, ...]

CheckPlugin = Callable[[str, Loc, ModuleSettings], bool]
"""Checks the settings of a plug-in: its kind, where they stand, what they are; True where fine."""


class NotifyCheck:
    """Of one document; what is wrong goes to `problems`."""

    def __init__(self, problems: Problems, settings: Settings, plugin: CheckPlugin) -> None:
        self._problems = problems
        self._settings = settings
        self._plugin = plugin
        self._cameras = [camera.id for camera in settings.cameras]
        self._channels = [
            str(each.get("id") or each.get("type")) for each in settings.notify.channels
        ]

    def all(self) -> None:
        """Everything."""
        for index, channel in enumerate(self._settings.notify.channels):
            self._channel(("notify", "channels", index), channel)
        if (quiet := self._settings.notify.quiet_hours) is not None:
            self._known_hours(("notify", "quiet_hours"), quiet)
        self._people()
        self._escalation()
        self._sites()
        self._gateway()

    def _channel(self, loc: Loc, settings: ModuleSettings) -> None:
        if not self._plugin("channel", loc, settings):
            return
        _, config = configure("channel", reveal(settings))
        hours = getattr(config, "hours", None)
        if isinstance(hours, Schedule):
            self._known_hours((*loc, "hours"), hours)
        self._known_rules(loc, config)
        wanted = settings.get("cameras", ())
        if isinstance(wanted, list | tuple):
            self._known_cameras((*loc, "cameras"), list(map(str, wanted)))

    def _known_rules(self, loc: Loc, config: object) -> None:
        """Zones and rules of cameras; rules of packs come later, and are not looked for."""
        zones = [str(zone.get("id", "")) for c in self._settings.cameras for zone in c.zones]
        self._known("zone", (*loc, "zones"), getattr(config, "zones", ()), zones)
        if not self._settings.packs:
            rules = [str(rule.get("id", "")) for c in self._settings.cameras for rule in c.rules]
            self._known("rule", (*loc, "rules"), getattr(config, "rules", ()), rules)

    def _people(self) -> None:
        for index, person in enumerate(self._settings.notify.people):
            loc: Loc = ("notify", "people", index)
            self._known_channels((*loc, "channels"), person.channels)
            self._known_cameras((*loc, "cameras"), person.cameras)
            if person.hours is not None:
                self._known_hours((*loc, "hours"), person.hours)

    def _escalation(self) -> None:
        for index, step in enumerate(self._settings.notify.escalate):
            self._known_channels(("notify", "escalate", index, "channels"), step.channels)

    def _sites(self) -> None:
        for index, site in enumerate(self._settings.sites):
            loc: Loc = ("sites", index, "notify")
            self._known_channels((*loc, "channels"), site.notify.channels or ())
            for number, route in enumerate(site.notify.routes):
                self._known_channels((*loc, "routes", number, "channels"), route.channels)

    def _gateway(self) -> None:
        """What its file says of sites, beside what they say themselves."""
        gateway = self._settings.notify.gateway
        if gateway is None or gateway.policies is None:
            return
        loc: Loc = ("notify", "gateway", "policies")
        try:
            policies = read_policies(gateway.policies)
        except InvalidConfig as error:
            self._problems.add(loc, str(error))
            return
        sites = {site.id: site.notify for site in self._settings.sites}
        for site, policy in policies.items():
            if site not in sites:
                said = f"no site is called {site!r}; there are: {', '.join(sites)}"
                self._problems.add(loc, said)
            elif sites[site] != SiteNotifySettings():
                said = f"site {site!r} has `notify` in the settings, too; say it in one place"
                self._problems.add(loc, said)
            named = {*(policy.channels or ()), *(c for r in policy.routes for c in r.channels)}
            self._known_channels(loc, sorted(named))

    def _known_channels(self, loc: Loc, named: Sequence[str]) -> None:
        self._known("channel", loc, named, self._channels)

    def _known_cameras(self, loc: Loc, named: Sequence[str]) -> None:
        self._known("camera", loc, named, self._cameras)

    def _known(self, what: str, loc: Loc, named: Sequence[str], known: Sequence[str]) -> None:
        for name in sorted(set(named).difference(known)):
            there = ", ".join(known) or "none"
            self._problems.add(loc, f"no {what} is called {name!r}; there are: {there}")

    def _known_hours(self, loc: Loc, hours: Schedule) -> None:
        for site in self._settings.sites:
            try:
                hours.demand(place_of_site(site))
            except ValueError as error:
                self._problems.add(loc, f"site {site.id!r}: {error}")
