"""A real Prometheus scrapes a running product; rules and dashboard ask only for what there is."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from ruamel.yaml import YAML

from tests.command import ROOT
from tests.running import Running
from tests.servers.rtsp import free_port

pytestmark = pytest.mark.e2e

CONFIG = ROOT / "config" / "prometheus"
DASHBOARD = ROOT / "config" / "grafana" / "dashboards" / "vedette-overview.json"
METRIC = re.compile(r"\b(?:vedette|process)_[a-z0-9_]+\b|\bup\b")
SETTINGS = """
detector: {type: blob}
cameras:
  - {id: yard, source: "simulator:"}
  - {id: door, source: "rtsp://127.0.0.1:9/door"}
notify: {channels: [{id: diary, type: log}]}
api: {port: 0}
"""


def tool(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is missing: apt install prometheus (.ci/run does it)"
    return found


def promtool(*words: str) -> str:
    done = subprocess.run(
        [tool("promtool"), *words], cwd=CONFIG, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rule_queries() -> list[str]:
    rules = YAML(typ="safe").load((CONFIG / "vedette.rules.yml").read_text("utf-8"))
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def dashboard_queries() -> list[str]:
    """As Grafana asks them when everything is chosen."""
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    return [each.replace("$instance", ".*").replace("$camera", ".*") for each in found]


@contextmanager
def prometheus(folder: Path, product: Running) -> Iterator[httpx2.Client]:
    """A server that scrapes the product every second, by our own settings otherwise."""
    yaml = YAML(typ="safe")
    config = yaml.load((CONFIG / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(CONFIG / "vedette.rules.yml")]
    target = product.address.removeprefix("http://").rstrip("/")
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    file, port = folder / "prometheus.yml", free_port()
    with file.open("w", encoding="utf-8") as sheet:
        yaml.dump(config, sheet)
    words = [tool("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    words.append(f"--web.listen-address=127.0.0.1:{port}")
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            yield client
    finally:
        server.terminate()
        server.wait(timeout=20)


def ask(client: httpx2.Client, query: str) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/query", params={"query": query}).json()
    assert answer["status"] == "success", f"{query}: {answer}"
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def until(client: httpx2.Client, query: str, within_s: float = 60.0) -> list[dict[str, Any]]:
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        try:
            if found := ask(client, query):
                return found
        except httpx2.TransportError:
            pass
        time.sleep(0.3)
    raise AssertionError(f"{query} is empty after {within_s} s")


def test_scrape_settings_and_rules_are_valid_and_wake_whom_they_should() -> None:
    promtool("check", "config", "prometheus.yml")
    promtool("check", "rules", "vedette.rules.yml")
    promtool("test", "rules", "vedette.rules.test.yml")


@pytest.mark.timeout(180)
def test_a_real_prometheus_finds_all_that_rules_and_dashboard_ask_for(tmp_path: Path) -> None:
    config = tmp_path / "vedette.yaml"
    config.write_text(SETTINGS)
    with Running("up", "--config", config, "--data", tmp_path / "data") as product:
        product.until(
            lambda: b'online{camera="yard"} 1' in product.http.get("/metrics").content, ""
        )
        with prometheus(tmp_path, product) as client:
            [up] = until(client, 'up{job="vedette"} == 1')
            assert up["metric"]["site"] == "home"
            [away] = until(client, "vedette_camera_online == 0")
            assert away["metric"]["camera"] == "door"
            for query in [*rule_queries(), *dashboard_queries()]:
                ask(client, query)
        text = product.http.get("/metrics").text
        assert product.stop() == 0

    exposed = {"up", *re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)}
    exposed |= {name.removesuffix("_total") for name in exposed}
    for query in [*rule_queries(), *dashboard_queries()]:
        for name in METRIC.findall(query):
            plain = name.removesuffix("_total").removesuffix("_bucket")
            assert plain in exposed, f"{query} asks for {name}"
