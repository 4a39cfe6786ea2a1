"""Tables of `vedette cameras`: what was found, what a camera offers, what really came."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from vedette.cli.look import err, out, table


def show_found(found: list[Any], silent: tuple[str, ...], *, asked: bool) -> None:
    shown = table("Cameras", "address", "name", "hardware", "place", "device service", "")
    for camera in found:
        shown.add_row(
            camera.address,
            escape(camera.name),
            escape(camera.hardware),
            escape(camera.location),
            escape("\n".join(camera.urls)),
            escape("\n".join(camera.notes)),
        )
    if found:
        out.print(shown)
        service = found[0].urls[0] if found[0].urls else found[0].address
        err.print(f"next: vedette cameras probe {escape(service)} --user NAME")
        return
    err.print("no camera answered.")
    if not asked:
        err.print(
            "Multicast may not pass (another subnet, a container, Wi-Fi): ask each address with "
            "--network 192.168.1.0/24. Some cameras have ONVIF switched off until their settings "
            "switch it on."
        )
    if silent:
        err.print(f"could not be asked: {', '.join(silent)}")


MEASURED = ("codec", ">size", ">frames", ">fps", ">kbit/s", ">keyframe every", "sound", "problem")


def row(found: Any) -> list[str]:
    every = "" if found.keyframe_s is None else f"{found.keyframe_s:.1f} s"
    return [
        found.codec,
        f"{found.width}x{found.height}" if found.width else "",
        str(found.packets),
        f"{found.fps:.1f}" if found.fps else "",
        f"{found.kbps:.0f}" if found.kbps else "",
        every,
        found.audio,
        escape(found.problem),
    ]


def show_answer(answer: Any, measured: list[dict[str, Any]]) -> None:
    from vedette.sources.address import Address

    info = answer.info
    err.print(
        f"[bold]{escape(info.name or str(answer.address))}[/]  "
        f"{escape(' '.join((info.manufacturer, info.model)))}, firmware {escape(info.firmware)}"
    )
    if abs(answer.clock_ahead_s) > 5:
        err.print(f"[yellow]its clock is wrong by {answer.clock_ahead_s:+.0f} s[/]")
    offered = table("Streams that it offers", "name", "codec", ">size", ">fps", ">kbit/s", "lens")
    for each in answer.profiles:
        size = f"{each.width}x{each.height}" if each.width else "?"
        rate = f"{each.kbps}" if each.kbps else "?"
        offered.add_row(
            escape(each.name), escape(each.codec), size, f"{each.fps:g}", rate, escape(each.source)
        )
    err.print(offered)
    for number, lens in enumerate(answer.lenses, start=1):
        which = f" of lens {number}" if len(answer.lenses) > 1 else ""
        choice = lens.choice
        err.print(f"kept{which}: {escape(choice.main.name)}, {choice.main_why}")
        seen = escape(choice.detect.name) + ", " if choice.detect else ""
        err.print(f"detected in{which}: {seen}{choice.detect_why}")
    opened = table("What really came", "use", "address", *MEASURED)
    for each in measured:
        opened.add_row(each["use"], escape(str(Address(each["at"].url))), *row(each["found"]))
    err.print(opened)
    for note in dict.fromkeys(each["at"].note for each in measured if each["at"].note):
        err.print(f"[yellow]note:[/] {escape(note)}")
    if answer.has_events:
        words = ", ".join(answer.words) or "it does not list them"
        err.print(f"its own events can open the gate: {words}")
    else:
        err.print("it has no events of its own")


def as_json_of(answer: Any, measured: list[dict[str, Any]], snippet: str) -> dict[str, Any]:
    return {
        "address": answer.address.url,
        "device": asdict(answer.info),
        "clock_ahead_s": answer.clock_ahead_s,
        "profiles": [asdict(profile) for profile in answer.profiles],
        "lenses": [
            {
                "main": lens.choice.main.token,
                "main_why": lens.choice.main_why,
                "detect": lens.choice.detect.token if lens.choice.detect else None,
                "detect_why": lens.choice.detect_why,
                "snapshot": lens.snapshot,
            }
            for lens in answer.lenses
        ],
        "streams": [
            {
                "lens": each["lens"],
                "use": each["use"],
                "url": each["at"].url,
                "note": each["at"].note,
                "measured": asdict(each["found"]),
            }
            for each in measured
        ],
        "events": list(answer.words) if answer.has_events else None,
        "topics": list(answer.topics),
        "settings": snippet,
    }


@contextmanager
def bar(what: str) -> Iterator[Any]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)
