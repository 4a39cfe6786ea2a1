"""`vedette run SERVICE`: one service of the product, by itself."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.look import out
from vedette.cli.options import Kept
from vedette.contracts.errors import InvalidConfig, InvalidInput

SERVICES = {"notifier": "notifier", "notification-gateway": "notifier"}
"""By every name that a service has; the seed designs have their own."""

EXAMPLES = """Examples:

  vedette run notifier --config gateway.yaml --data /srv/gateway
"""


def run(
    service: Annotated[str, typer.Argument(help="Which one: notifier.")],
    config: Annotated[Path, typer.Option("--config", "-c", help="The settings file.")] = Path(
        "vedette.yaml"
    ),
    data: Kept = None,
) -> None:
    """Run one service: `notifier` (also notification-gateway) tells people what others ask for."""
    if service not in SERVICES:
        there = ", ".join(SERVICES)
        raise InvalidInput(f"no service is called {service!r}; there are: {there}")
    from vedette.app.load import load_settings
    from vedette.app.settings import default_data_folder
    from vedette.cli.running import run_product

    settings = load_settings(config)
    gateway = settings.notify.gateway
    if gateway is None:
        raise InvalidConfig(
            f"{config}: notify.gateway is missing: the service needs a key, which others show"
        )
    folder = data or default_data_folder()

    def started(address: str) -> None:
        out.print(f"[bold]Vedette[/] tells people what is asked for on port {gateway.port}")
        out.print(f"page: {address}   data: {folder}   stop: Ctrl-C")

    alone = settings.model_copy(update={"cameras": ()})
    run_product(alone, folder, started=started)


run.__doc__ = f"{run.__doc__}\n\n{EXAMPLES}"
