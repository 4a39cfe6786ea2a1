"""`vedette cameras`: find cameras in the network, and say how to watch one."""

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from vedette.cli.camera_tables import MEASURED, as_json_of, bar, row, show_answer, show_found
from vedette.cli.look import err, table
from vedette.contracts.errors import InvalidInput

app = typer.Typer(
    help="Cameras: find them in the network, probe one, get its settings to paste.",
    no_args_is_help=True,
    epilog="Example: vedette cameras discover, vedette cameras probe 192.168.1.20 --user admin",
)

DISCOVER_EXAMPLES = """Examples:

  vedette cameras discover

  vedette cameras discover --network 192.168.1.0/24   (where multicast does not pass)

  vedette cameras discover --json | jq -r '.cameras[].urls[0]'
"""

PROBE_EXAMPLES = """Examples:

  vedette cameras probe 192.168.1.20 --user admin   (asks for the password)

  vedette cameras probe 192.168.1.20:8000 --user admin --password-env DOOR_PASSWORD

  vedette cameras probe cam.lan --user admin --password-stdin < password.txt > door.yaml

  vedette cameras probe rtsp://192.168.1.20/stream1
"""


@app.command("discover")
def discover(
    seconds: Annotated[
        float, typer.Option("--seconds", "-s", min=0.5, max=60.0, help="How long to listen.")
    ] = 3.0,
    network: Annotated[
        list[str] | None,
        typer.Option(
            "--network", "-n", help="Ask each address of it, too: 192.168.1.0/24. Repeatable."
        ),
    ] = None,
    port: Annotated[
        list[int] | None,
        typer.Option("--port", "-p", min=1, max=65535, help="ONVIF ports for --network."),
    ] = None,
    interface: Annotated[
        list[str] | None, typer.Option("--interface", "-i", help="Only there: eth0. Repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find ONVIF cameras in the network; exit code 1 if there is none. No login is sent."""
    from vedette.onvif.knock import addresses

    hosts = [host for each in network or [] for host in addresses(each)]
    found, dropped, silent = asyncio.run(_search(seconds, hosts, port or [], interface or []))
    if as_json:
        cameras = [asdict(camera) for camera in found]
        typer.echo(json.dumps({"cameras": cameras, "dropped": dropped}, indent=2))
    else:
        show_found(found, silent, asked=bool(hosts))
    if not found:
        raise typer.Exit(1)


discover.__doc__ = f"{discover.__doc__}\n\n{DISCOVER_EXAMPLES}"


@app.command("probe")
def probe(
    address: Annotated[
        str,
        typer.Argument(help="The camera: 192.168.1.20, host:8000, rtsp://..., http://..., a file."),
    ],
    user: Annotated[str | None, typer.Option("--user", "-u", help="A user of the camera.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    password_env: Annotated[
        str | None, typer.Option(help="Take the password from this environment variable.")
    ] = None,
    seconds: Annotated[
        float,
        typer.Option("--seconds", "-s", min=1.0, max=60.0, help="How much of a stream to take."),
    ] = 4.0,
    name: Annotated[
        str | None, typer.Option("--id", help="Id of the camera in the settings.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a camera what it is, choose its streams, open them for real, print its settings.

    The settings go to standard output, all else to standard error; the password is in neither.
    """
    from vedette.kit.clock import SystemClock
    from vedette.onvif.address import Login, device_address

    password = _password(user, password_stdin, password_env)
    login = Login(user=user, password=password) if user else None
    if _is_plain(address):
        _probe_plain(address, login, SystemClock(), seconds, as_json)
    else:
        target = device_address(address, login)
        _probe_onvif(target, SystemClock(), seconds, name, as_json)


probe.__doc__ = f"{probe.__doc__}\n\n{PROBE_EXAMPLES}"


async def _search(
    seconds: float, hosts: list[str], ports: list[int], interfaces: list[str]
) -> tuple[list[Any], int, tuple[str, ...]]:
    from vedette.kit.clock import SystemClock
    from vedette.onvif.discovery import discover as search
    from vedette.onvif.knock import PORTS, knock

    clock = SystemClock()
    with bar("listening for cameras") as progress:
        result = await search(
            clock, wait_s=seconds, hosts=hosts, interfaces=interfaces, progress=progress
        )
    answered = {camera.address for camera in result.found}
    silent_hosts = [host for host in hosts if host not in answered]
    if silent_hosts:
        with bar(f"asking {len(silent_hosts)} addresses over HTTP") as progress:
            result.found += await knock(
                silent_hosts, clock, ports=ports or PORTS, progress=progress
            )
    return result.found, result.dropped, result.silent


def _password(user: str | None, from_stdin: bool, from_env: str | None) -> str:
    if from_stdin and from_env is not None:
        raise InvalidInput("give --password-stdin or --password-env, not both")
    if user is None:
        if from_stdin or from_env is not None:
            raise InvalidInput("there is a password, but no user; give --user too")
        return ""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if from_env is not None:
        if from_env not in os.environ:
            raise InvalidInput(f"the environment variable {from_env} is not set")
        return os.environ[from_env]
    if sys.stdin.isatty():
        return str(typer.prompt(f"Password of {user}", hide_input=True, err=True))
    raise InvalidInput("the user's password is missing; give --password-stdin or --password-env")


def _is_plain(address: str) -> bool:
    """Video itself, not a camera that is asked where its video is."""
    scheme, colon, rest = address.partition("://")
    if not colon:
        return address.startswith((".", "/", "~", "simulator:")) or Path(address).exists()
    if scheme.lower() not in {"http", "https"}:
        return True
    path = rest.partition("/")[2]
    return bool(path) and "onvif" not in path.lower()


def _probe_plain(address: str, login: Any, clock: Any, seconds: float, as_json: bool) -> None:
    from vedette.app.measure import measure, source_of
    from vedette.app.snippet import plain_yaml
    from vedette.onvif.address import encoded, with_login
    from vedette.sources.address import Address

    if login is not None and "://" in address and "@" not in address:
        address = with_login(address, encoded(login.user), encoded(login.password))
    shown = str(Address(address))
    with err.status(f"opening {escape(shown)}"):
        found = measure(source_of(address), clock, seconds)
    if as_json:
        typer.echo(json.dumps({"source": shown, "measured": asdict(found)}, indent=2))
    else:
        streams = table(escape(shown), *MEASURED)
        streams.add_row(*row(found))
        err.print(streams)
    _fail([found])
    if not as_json:
        typer.echo(plain_yaml(address), nl=False)


def _probe_onvif(target: Any, clock: Any, seconds: float, name: str | None, as_json: bool) -> None:
    from vedette.app.probe import ask_camera, measure_stream
    from vedette.app.snippet import camera_id, camera_yaml, secret_name

    with err.status(f"asking {target}") as status:
        answer = ask_camera(target, clock, progress=lambda what: status.update(f"{target}: {what}"))
        measured: list[dict[str, Any]] = []
        for number, lens in enumerate(answer.lenses, start=1):
            for use, stream in (("source", lens.main), ("detect_source", lens.detect)):
                if stream is not None:
                    status.update(f"{target}: watching {use} for {seconds:g} s")
                    found = measure_stream(stream, target.login, clock, seconds)
                    measured.append({"lens": number, "use": use, "found": found, "at": stream})
    chosen = name or camera_id(answer)
    snippet = camera_yaml(answer, chosen)
    if as_json:
        typer.echo(json.dumps(as_json_of(answer, measured, snippet), indent=2))
    else:
        show_answer(answer, measured)
        typer.echo(snippet, nl=False)
        if target.login is not None:
            err.print(
                f"put the password into the environment, or into .env beside the settings: "
                f"{secret_name(chosen)}=..."
            )
    _fail([each["found"] for each in measured])


def _fail(measured: list[Any]) -> None:
    """End with the code of the first stream that could not be used; its sentence is shown."""
    for found in measured:
        if found.problem:
            err.print(f"[bold red]vedette:[/] {escape(found.problem)}", highlight=False)
            raise typer.Exit(found.exit_code)
