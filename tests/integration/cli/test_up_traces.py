"""One trace of a running product, from the frame in a worker to the message that arrived."""

from pathlib import Path

from tests.running import Running
from tests.scenes import film, walker
from tests.servers.trace_collector import Collected, TraceCollector
from tests.servers.webhook_receiver import WebhookReceiver

SETTINGS = """
detector: {{type: blob, contrast: 60, smallest: 0.004}}
workers: 1
cameras:
  - id: yard
    source: {{type: file, path: yard.mp4, pace: realtime, start: now}}
    detect: {{fps: 10}}
    rules: [{{id: visitor, type: presence, labels: [person], for_s: 0.3}}]
    events: {{pre_roll_s: 1, post_roll_s: 1}}
notify:
  quiet_s: 0
  retry_pause_s: 0.1
  channels: [{{id: hook, type: webhook, url: "{hook}"}}]
modules:
  - {{type: traces, endpoint: "{collector}", every_s: 0.2, token: {{secret: COLLECTOR}}}}
api: {{port: 0}}
"""
IN_THE_WORKER = ["decode", "motion", "detect", "track", "judge", "event"]


def test_an_event_is_one_trace_across_processes(tmp_path: Path) -> None:
    film(tmp_path / "yard.mp4", walker((0.5, -0.1, 0.5), (3.5, 1.1, 0.5)), duration_s=6.0)
    config = tmp_path / "vedette.yaml"
    env = {"COLLECTOR": "only-for-the-collector"}

    def stored() -> list[Collected]:
        return collector.named("store")

    with WebhookReceiver(first=[503]) as hook, TraceCollector() as collector:
        config.write_text(SETTINGS.format(hook=hook.url, collector=collector.url))
        with Running("up", "--config", config, "--data", tmp_path / "data", env=env) as product:
            product.until(lambda: len(collector.named("deliver")) >= 2, "two attempts")
            product.until(lambda: any("clip" in files(each) for each in stored()), "a clip")
            metrics = product.http.get("/metrics").text
            health = product.http.get("/health/modules/traces").json()
            assert product.stop() == 0

    [whole] = collector.named("frame")
    parts = [span for span in collector.spans if span.parent == whole.id]
    assert {span.trace for span in collector.spans} == {whole.trace}, "one event, one trace"
    assert len(parts) == len(collector.spans) - 1
    assert [span.name for span in parts if span.component == "w1"] == IN_THE_WORKER
    told = {span.name for span in parts if span.component == "control"}
    assert told >= {"store", "tell", "decide", "deliver"}
    [decide] = collector.named("decide")
    assert decide.attributes["vedette.code"] == "told"
    refused, taken = collector.named("deliver")[:2]
    assert "503" in refused.error
    assert (taken.error, taken.attributes["vedette.attempt"]) == ("", 2)
    opening = stored()[0]
    assert whole.began_ns < opening.began_ns < refused.began_ns < taken.began_ns
    bearer = {request.headers["authorization"] for request in collector.heard}
    assert bearer == {"Bearer only-for-the-collector"}
    assert hook.messages
    assert health["level"] == "healthy"
    for stage in (*IN_THE_WORKER, "media"):
        counted = f'vedette_stage_seconds_count{{component="w1",stage="{stage}"}}'
        [line] = [each for each in metrics.splitlines() if each.startswith(counted)]
        assert float(line.rpartition(" ")[2]) > 0, line
    assert 'vedette_module_latency_seconds_count{subscriber="notifier"}' in metrics


def files(span: Collected) -> str:
    """What was stored with an event."""
    return str(span.attributes["vedette.files"])
