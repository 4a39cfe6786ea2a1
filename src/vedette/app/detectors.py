"""Builds detectors from settings, pulling their models first where they are not installed."""

from typing import Any

from vedette.app.settings import ModuleSettings
from vedette.detect.server import DetectorServer
from vedette.kit.clock import Clock
from vedette.models.catalogue import Catalogue
from vedette.models.fetch import Progress
from vedette.models.store import ModelStore
from vedette.plugins.registry import configure


def build_detector(settings: ModuleSettings, clock: Clock, progress: Progress) -> DetectorServer:
    """Load the detector, pulling its model first where it is not installed.

    Raises:
        ModelUnavailable: it cannot be fetched or loaded.
        InvalidConfig: its settings are wrong.
    """
    plugin, config = configure("detector", settings)
    needs: dict[str, Any] = {}
    if hasattr(config, "model"):
        spec = Catalogue.load().get(config.model)
        needs = {"spec": spec, "path": ModelStore().pull(spec, progress)}
    return DetectorServer(plugin(config, **needs), clock=clock)
