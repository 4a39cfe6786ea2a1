"""The `vedette` command: one file per sub-command; errors become sentences and exit codes."""

import logging
import os
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from vedette import __version__
from vedette.cli import (
    alerts,
    analyze,
    backtest,
    cameras,
    config,
    demo,
    doctor,
    evaluate,
    events,
    explain,
    jobs,
    models,
    modules,
    notify,
    recordings,
    replay,
    rules,
    run,
    schemas,
    status,
    up,
    worker,
)
from vedette.contracts.errors import VedetteError
from vedette.kit.logs import set_up, wants_json

EXIT_CODES = """Exit codes: 0 done; 1 failed; 2 wrong use or input; 3 settings not valid;
4 source cannot be used; 5 camera cannot be reached; 6 model not available;
7 storage failed; 8 no Vedette runs; 130 interrupted."""

app = typer.Typer(
    name="vedette",
    help="Self-hosted video intelligence: cameras in, people told what matters.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("up")(up.up)
app.command("run")(run.run)
app.command("worker", hidden=True)(worker.worker)
app.command("status")(status.status)
app.command("analyze")(analyze.analyze)
app.command("eval")(evaluate.evaluate)
app.command("explain", epilog=explain.EXAMPLES)(explain.explain)
app.command("backtest", epilog=backtest.EXAMPLES)(backtest.backtest)
app.command("replay", epilog=replay.EXAMPLES)(replay.replay)
app.command("doctor")(doctor.doctor)
app.command("schemas")(schemas.schemas)
app.add_typer(cameras.app, name="cameras")
app.add_typer(events.app, name="events")
app.add_typer(alerts.app, name="alerts")
app.add_typer(recordings.app, name="recordings")
app.add_typer(rules.app, name="rules")
app.add_typer(jobs.app, name="jobs")
app.add_typer(models.app, name="models")
app.add_typer(modules.app, name="modules")
app.add_typer(notify.app, name="notify")
app.add_typer(config.app, name="config")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vedette {__version__}")
        raise typer.Exit


@app.callback()
def common(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say more of what is done.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command."""
    del version
    set_up(logging.INFO if verbose else logging.WARNING)


def main() -> None:
    """Entry point. A traceback is shown only where `VEDETTE_DEBUG=1` asks for one."""
    try:
        app()
    except VedetteError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # the edge: whatever it is, a person gets a sentence
        if os.environ.get("VEDETTE_DEBUG") == "1":
            raise
        _complain(f"{type(error).__name__}: {error}")
        _complain("this is a defect; run again with VEDETTE_DEBUG=1 to see where")
        sys.exit(1)


def _complain(sentence: str) -> None:
    if wants_json():
        logging.getLogger(__name__).error(sentence)
        return
    Console(stderr=True).print(f"[bold red]vedette:[/] {escape(sentence)}", highlight=False)


if __name__ == "__main__":
    main()
