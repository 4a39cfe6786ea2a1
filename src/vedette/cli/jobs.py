"""`vedette jobs`: long work of a running product."""

from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from vedette.cli.look import clock_time, out, table
from vedette.cli.options import Data
from vedette.contracts.job import Job, JobState
from vedette.kit.clock import SystemClock

if TYPE_CHECKING:
    from vedette.app.ask_jobs import JobsOf

app = typer.Typer(
    help="Long work of a running product: look at it, cancel it, have it tried again.",
    no_args_is_help=True,
    epilog="Example: vedette jobs list --state failed",
)

JobId = Annotated[str, typer.Argument(help="Id of the job.")]

STYLES = {JobState.DONE: "green", JobState.RUNNING: "cyan", JobState.FAILED: "red"}
EVERY_S = 0.5


@app.command("list")
def list_jobs(
    state: Annotated[list[JobState] | None, typer.Option(help="Only these.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    data: Data = None,
) -> None:
    """Show what is done, waits or has failed; the newest first."""
    found = jobs_of(data).find(states=tuple(state or ()), limit=limit)
    shown = table("Jobs", "id", "kind", "state", ">progress", "asked for", "")
    for job in found:
        style = STYLES.get(job.state, "default")
        shown.add_row(
            str(job.id),
            job.kind,
            f"[{style}]{job.state.value}[/]",
            f"{job.progress:.0%}",
            clock_time(job.created_at),
            job.error or job.note,
        )
    out.print(shown)


@app.command("show")
def show(job: JobId, data: Data = None) -> None:
    """Print everything that is known of one, as JSON."""
    typer.echo(jobs_of(data).get(job).model_dump_json(indent=2))


@app.command("cancel")
def cancel(job: JobId, data: Data = None) -> None:
    """End one, at once or as soon as it can."""
    _say(jobs_of(data).cancel(job))


@app.command("retry")
def retry(job: JobId, data: Data = None) -> None:
    """Have one that failed or was cancelled done again."""
    _say(jobs_of(data).retry(job))


@app.command("wait")
def wait(job: JobId, data: Data = None) -> None:
    """Show how far one is until it is over; exit code 1 unless it is done."""
    from vedette.cli.look import part_bar

    jobs = jobs_of(data)
    with part_bar("job") as told:
        while not (now := jobs.get(job)).state.over:
            told(now.progress, now.note)
            SystemClock().wait(Event(), EVERY_S)
    _say(now)
    raise typer.Exit(0 if now.state is JobState.DONE else 1)


def jobs_of(data: Path | None) -> "JobsOf":
    """The jobs of the product that uses a data folder."""
    from vedette.app.ask import find_address
    from vedette.app.ask_jobs import JobsOf

    return JobsOf(find_address(data))


def _say(job: Job) -> None:
    out.print(f"job {job.id}: {job.state.value}{f', {job.error}' if job.error else ''}")
    for file in job.result.get("files", ()):
        out.print(
            f"  /api/v1/jobs/{job.id}/files/{file['name']}  {file['size_bytes'] / 1e6:.1f} MB"
        )
