"""`vedette models`: what can be used by name, what is installed, and where it comes from."""

from typing import Annotated

import typer

from vedette.cli.look import download_bar, out, table

app = typer.Typer(
    help="Detection models: list, pull, info.",
    no_args_is_help=True,
    epilog="Example: vedette models pull, vedette models info nanodet",
)


@app.command("list")
def list_models() -> None:
    """Say which models there are, and which are installed."""
    from vedette.models.catalogue import DEFAULT_MODEL, Catalogue
    from vedette.models.store import ModelStore

    store = ModelStore()
    shown = table("Models", "name", "installed", "licence", "what it is")
    for spec in Catalogue.load():
        known = store.info(spec)
        state = "yes" if known.problem is None else "no"
        name = f"[bold]{spec.name}[/] (default)" if spec.name == DEFAULT_MODEL else spec.name
        unverified = "" if spec.verified else " (unverified)"
        shown.add_row(name, state, spec.licence, spec.summary + unverified)
    out.print(shown)
    out.print(f"folder: {store.folder}")


@app.command("pull")
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="The default one if absent.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Even if it is installed.")] = False,
) -> None:
    """Fetch, convert, check and install models; nothing is fetched twice."""
    from vedette.models.catalogue import Catalogue
    from vedette.models.store import ModelStore

    catalogue, store = Catalogue.load(), ModelStore()
    for spec in [catalogue.get(name) for name in names] if names else [catalogue.get()]:
        with download_bar() as bar:
            path = store.pull(spec, bar, force=force)
        out.print(f"{spec.name}: {path}")


@app.command("info")
def info(
    name: Annotated[str | None, typer.Argument(help="The default one if absent.")] = None,
) -> None:
    """Say all that is known of one model."""
    from vedette.models.catalogue import Catalogue
    from vedette.models.store import ModelStore

    spec = Catalogue.load().get(name)
    known = ModelStore().info(spec)
    shown = table(spec.name, "", "")
    rows = {
        "what it is": spec.summary,
        "installed": str(known.file) if known.problem is None else f"no: {known.problem}",
        "source": spec.source,
        "converter": spec.converter or "none (is ONNX already)",
        "weights by": spec.origin,
        "licence": spec.licence,
        "input": f"{spec.input.width} x {spec.input.height} {spec.input.channels}",
        "classes": spec.labels,
        "score": f"{spec.score:g}",
        "sha256": spec.sha256 or "",
        "verified": "yes" if spec.verified else "no: could not be fetched where this was written",
    }
    for key, value in rows.items():
        shown.add_row(key, value)
    out.print(shown)
