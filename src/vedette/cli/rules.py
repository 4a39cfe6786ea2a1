"""`vedette rules`: which rules count where, packs of rules, and whether a pack is right."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from vedette.cli.look import out, table

app = typer.Typer(
    help="Rules: which count at which camera, packs that come with Vedette, checks of your own.",
    no_args_is_help=True,
    epilog="Example: vedette rules list",
)

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


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a pack, for editors."""
    import json

    from vedette.app.schema import pack_schema

    typer.echo(json.dumps(pack_schema(), indent=2))
