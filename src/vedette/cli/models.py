"""`vedette models`: what can be used by name, what is installed, and where it comes from."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli import model_bench
from vedette.cli.look import download_bar, out, table

app = typer.Typer(
    help="Detection models: list, pull, info, use, bench, quantise.",
    no_args_is_help=True,
    epilog="Example: vedette models pull, vedette models use nanodet",
)

app.command("bench")(model_bench.bench)


@app.command("list")
def list_models() -> None:
    """Say which models there are, and which are installed."""
    from vedette.models.catalogue import DEFAULT_MODEL, Catalogue
    from vedette.models.own import NAMES
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
    out.print(f"With weights of your own: {', '.join(NAMES)} (docs/models.md)")
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


@app.command("use")
def use(
    name: Annotated[str, typer.Argument(help="A model of the catalogue, or a YAML file.")],
    detector: Annotated[
        str, typer.Option(help="Which detector of the settings changes.")
    ] = "default",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Even if cameras follow classes it does not know.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option("--data", "-d", help="Data folder of the product; $VEDETTE_DATA if absent."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Address of the product, instead of its data folder.")
    ] = None,
) -> None:
    """Let a running product detect with another model, while its cameras go on."""
    from vedette.app.ask import find_address
    from vedette.app.use_model import ask_exchange
    from vedette.contracts.model import ModelWish
    from vedette.models.catalogue import Catalogue
    from vedette.models.store import ModelStore

    address = url or find_address(data)
    with download_bar() as bar:
        ModelStore().pull(Catalogue.load().get(name), bar)
    model = str(Path(name).absolute()) if name.endswith((".yaml", ".yml")) else name
    for done in ask_exchange(address, ModelWish(model=model, detector=detector, anyway=anyway)):
        where = f"{done.worker}: " if done.worker else ""
        computed = f" on {done.engine}" if done.engine else ""
        out.print(f"{where}{done.model}{computed}; the gap was {done.gap_s * 1000:.0f} ms")
        if done.lost:
            out.print(f"  nobody detects any more: {', '.join(done.lost)}", style="yellow")
    key = "detector" if detector == "default" else f"detectors.{detector}"
    out.print(f"To keep it after a restart, set {key}.model: {name} in the settings.")


@app.command("quantise")
def quantise(
    name: Annotated[str | None, typer.Argument(help="The default one if absent.")] = None,
    video: Annotated[
        Path | None,
        typer.Option(help="Pictures like those to come; the bundled clip if absent."),
    ] = None,
    frames: Annotated[int, typer.Option(min=4, max=500, help="Frames to look at.")] = 40,
) -> None:
    """Make the int8 form of a model (`precision: int8`); kept only if it sees the same."""
    from vedette.app.demo import example
    from vedette.app.quantise import quantise as make
    from vedette.kit.clock import SystemClock
    from vedette.models.catalogue import Catalogue
    from vedette.models.store import ModelStore

    spec = Catalogue.load().get(name)
    with download_bar() as bar:
        ModelStore().pull(spec, bar)
        bar(0, None, f"quantising {spec.name}")
        made = make(spec, video or example("pedestrians.mp4"), SystemClock(), frames=frames)
    out.print(
        f"{spec.name}: {made.file}\nOn frames that it was not made from it finds "
        f"{made.agrees.recall:.1%} of what the model finds, and {made.agrees.precision:.1%} of its "
        f"boxes are the model's.\nUse it with precision: int8; compare: vedette models bench"
    )


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
