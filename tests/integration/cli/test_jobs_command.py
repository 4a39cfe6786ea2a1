"""Exports in the background of a running product, over the terminal and over HTTP."""

import io
import os
import re
import signal
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import av

from tests.command import vedette
from tests.integration.cli.test_up_recording import recorded_s, settings, shown, spans, up
from tests.running import Running

JOB = re.compile(r"job ([0-9a-f-]{36})")


def interval(running: Running, length_s: float) -> tuple[str, str]:
    """An interval that is recorded."""
    began = datetime.fromisoformat(next(s for s in spans(running) if s["recorded"])["began_at"])
    return began.isoformat(), (began + timedelta(seconds=length_s)).isoformat()


def test_an_export_is_made_in_the_background_and_fetched(tmp_path: Path) -> None:
    config, data = settings(tmp_path, workers=0)
    with up(config, data) as product:
        product.until(lambda: recorded_s(product) > 3.0, "a recording")
        begin, end = interval(product, 2.0)
        words = ("recordings", "export", "yard", "--from", begin, "--to", end, "--background")
        asked = vedette(*words, "--data", data)
        assert asked.code == 0, asked.err
        job = JOB.search(asked.out)
        assert job
        waited = vedette("jobs", "wait", job[1], "--data", data)
        assert waited.code == 0, waited.err
        assert f"job {job[1]}: done" in waited.out
        [path] = re.findall(r"/api/v1/jobs/\S+", waited.out)
        film = product.http.get(path)
        assert film.headers["content-type"] == "video/mp4"
        listed = vedette("jobs", "list", "--data", data)
        assert job[1] in listed.out
        assert "100%" in listed.out
        metrics = product.http.get("/metrics").text
        assert "vedette_jobs_done 1.0" in metrics
        assert product.http.get(path.rsplit("/", 1)[0] + "/..%2f..%2fvedette.db").status_code == 404
        assert product.stop() == 0

    assert shown(film.content) == 20, "two seconds of ten pictures"


def test_what_cannot_be_exported_is_refused_or_fails_with_a_sentence(tmp_path: Path) -> None:
    config, data = settings(tmp_path, workers=0)
    early = ("--from", "2001-01-01T00:00", "--to", "2001-01-01T00:01", "--background")
    with up(config, data) as product:
        for words, complaint in (
            (("recordings", "export", "moon", *early), "no camera is called 'moon'"),
            (("recordings", "export", "yard", *early[:3], "2000-01-01"), "--background"),
            (
                ("recordings", "export", "yard", *early[:3], "2001-01-02", "--background"),
                "at most 6 hours",
            ),
            (("jobs", "show", str(uuid4())), "there is no job"),
            (("jobs", "show", "nonsense"), "job_id"),
        ):
            refused = vedette(*words, "--data", data)
            assert refused.code != 0
            assert complaint in refused.err
        asked = vedette("recordings", "export", "yard", *early, "--data", data)
        job = JOB.search(asked.out)
        assert job
        waited = vedette("jobs", "wait", job[1], "--data", data)
        assert waited.code == 1
        assert "failed, nothing is recorded of camera 'yard'" in waited.out
        again = vedette("jobs", "retry", job[1], "--data", data)
        assert f"job {job[1]}: queued" in again.out
        unknown = product.http.post("/api/v1/jobs", json={"kind": "dig"})
        assert (unknown.status_code, "export" in unknown.json()["detail"]) == (422, True)
        assert product.stop() == 0
    alone = vedette("jobs", "list", "--data", data)
    assert (alone.code, "no Vedette runs" in alone.err) == (8, True)


def test_a_job_survives_the_death_of_the_product(tmp_path: Path) -> None:
    config, data = settings(tmp_path, workers=0)
    with up(config, data) as product:
        product.until(lambda: recorded_s(product) > 3.0, "a recording")
        begin, end = interval(product, 2.0)
        arguments = {"camera_id": "yard", "begin": begin, "end": end}
        answers = [
            product.http.post("/api/v1/jobs", json={"kind": "export", "arguments": arguments})
            for _ in range(20)
        ]
        ids = [answer.json()["id"] for answer in answers]
        os.kill(product.pid, signal.SIGKILL)
        product.ended(within_s=10)
    with up(config, data) as product:

        def all_done() -> bool:
            found = [product.http.get(f"/api/v1/jobs/{each}").json() for each in ids]
            return all(job["state"] == "done" for job in found)

        product.until(all_done, "every job that was accepted")
        for each in ids:
            [file] = product.http.get(f"/api/v1/jobs/{each}").json()["result"]["files"]
            film = product.http.get(f"/api/v1/jobs/{each}/files/{file['name']}").content
            with av.open(io.BytesIO(film)) as container:
                assert container.streams.video[0].frames == 20
        assert product.stop() == 0
    assert not list((data / "exports").rglob("*.part"))
