"""`vedette rules`: which rules count where, packs of rules, and whether a pack is right."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from vedette.cli.backtest import when
from vedette.cli.look import out, part_bar, table
from vedette.cli.options import AsJson, InForce, Kept
from vedette.kit.clock import SystemClock

app = typer.Typer(
    help="Rules: which count at which camera, packs that come with Vedette, checks of your own.",
    no_args_is_help=True,
    epilog="Example: vedette rules list",
)

SUGGEST_EXAMPLES = """Examples:

  vedette events mark 6f2d7c1e-0000-5000-8000-00000000000e false

  vedette rules suggest --camera yard --since 14d
"""

STYLES = {"critical": "red", "warning": "yellow"}

File = Annotated[Path, typer.Argument(help="The settings file.")]


@app.command("list")
def list_rules(
    file: File = Path("vedette.yaml"),
    camera: Annotated[str, typer.Option(help="Only this one.")] = "",
) -> None:
    """Show the rules of each camera; and those of packs that do not count there, and why."""
    from vedette.app.rule_list import list_rules as rules_of

    shown = table("Rules", "camera", "rule", "from", "severity", "", "about")
    absent: dict[tuple[str, str], list[str]] = {}
    for each in rules_of(file):
        if camera and each.camera_id != camera:
            continue
        if each.missing:
            absent.setdefault((each.camera_id, each.missing), []).append(each.rule_id)
            continue
        style = STYLES.get(each.severity)
        shown.add_row(
            each.camera_id,
            each.rule_id,
            each.pack or f"[dim]{each.kind}[/]",
            f"[{style}]{each.severity}[/]" if style else each.severity,
            each.complexity,
            escape(each.about),
        )
    out.print(shown)
    for (where, reason), rules in absent.items():
        do = "does" if len(rules) == 1 else "do"
        out.print(
            f"{where}: {', '.join(rules)} [yellow]{do} not count:[/] {escape(reason)}",
            soft_wrap=True,
        )


@app.command("packs")
def packs() -> None:
    """Show the packs that come with Vedette; `packs: [NAME]` in the settings puts one in force."""
    from vedette.app.packs import read_pack, shipped

    shown = table("Packs", "name", ">rules", "about", "file")
    for name, file in shipped().items():
        pack = read_pack(file)
        shown.add_row(name, str(len(pack.rules)), escape(pack.about), escape(str(file)))
    out.print(shown)


@app.command("check")
def check(file: Annotated[Path, typer.Argument(help="A pack of rules (YAML).")]) -> None:
    """Say what is wrong in a pack, with the line; exit code 3 if anything is."""
    from vedette.app.packs import read_pack

    pack = read_pack(file)
    out.print(f"{escape(str(file))}: fine. {len(pack.rules)} rules")


@app.command("suggest", epilog=SUGGEST_EXAMPLES)
def suggest(
    camera: Annotated[str, typer.Option(help="Only this one.")] = "",
    since: Annotated[str, typer.Option(help="`30d`, `12h`, or a moment (UTC).")] = "30d",
    config: InForce = Path("vedette.yaml"),
    data: Kept = None,
    as_json: AsJson = False,
) -> None:
    """Propose the change of settings that spares you the events marked false, or sees what was
    missed, with what it would have done so far. Nothing is changed."""
    import asyncio

    from vedette.app.settings import default_data_folder
    from vedette.app.suggest import suggest_offline

    now = SystemClock().now()
    folder = data or default_data_folder()
    with part_bar("trying") as bar:
        found = asyncio.run(
            suggest_offline(
                config, folder, since=when(since, now), until=now, camera=camera, progress=bar
            )
        )
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    for each in found.items:
        out.print(
            f"[bold]{each.rule_id} at {each.camera_id}[/]: {escape(each.why)}.", soft_wrap=True
        )
        was = "nothing" if each.old is None else escape(json.dumps(each.old))
        out.print(f"  {escape(each.setting)}: was {was}", soft_wrap=True)
        out.print(
            f"  on {each.tracks} tracks of {each.days:g} days: {each.false_removed} of "
            f"{each.false} false ones less, {each.others_lost} of {each.others} others lost, "
            f"{each.missed_found} of {each.missed} missed moments seen, {each.more} more",
            soft_wrap=True,
        )
        out.print(f"  {escape(each.apply)}\n", soft_wrap=True, highlight=False)
    for note in found.notes:
        out.print(escape(note), soft_wrap=True)
    if not found.items and not found.notes:
        out.print("nothing was marked false or missed; see vedette events mark --help")


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a pack, for editors."""
    from vedette.app.schema import pack_schema

    typer.echo(json.dumps(pack_schema(), indent=2))
