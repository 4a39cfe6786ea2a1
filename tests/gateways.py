"""A running notification gateway, and somebody who asks it."""

import socket
from pathlib import Path
from typing import Any

import httpx2

from tests.running import Running

KEY = "the-key-of-the-gateway"

SETTINGS = """
sites: [{{id: home}}, {{id: farm}}]
notify:
  quiet_s: 0
  retry_pause_s: 0.1
  gateway: {{key: {{secret: GATEWAY_KEY}}, port: {port}, {more}}}
{notify}
api: {{port: 0}}
"""


def free_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return int(holder.getsockname()[1])


class RunningGateway(Running):
    """`vedette run notifier` with these settings of messages (YAML, two spaces in)."""

    def __init__(self, folder: Path, notify: str, *, more: str = "wait_s: 5") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        file = folder / "gateway.yaml"
        file.write_text(SETTINGS.format(port=self.port, notify=notify, more=more))
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            "run",
            "notifier",
            "--config",
            file,
            "--data",
            folder / "data",
            env={"GATEWAY_KEY": KEY},
        )

    def post(self, body: Any, key: str = KEY) -> httpx2.Response:
        """Ask it, as another service would."""
        return httpx2.post(
            f"{self.url}/internal/notify",
            json=body,
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        )

    def ask(self, **changes: Any) -> dict[str, Any]:
        """Ask for a message; its answer."""
        answer = self.post(a_request(**changes))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said


def a_request(**changes: Any) -> dict[str, Any]:
    """An NVR that does not answer."""
    return {
        "site_id": "home",
        "severity": "suspect",
        "title": "NVR 7 does not answer",
        "text": "Five probes in a row failed.",
        "dedup_key": "nvr-7/2026-11-23T08:00",
        "source": "connector-vss",
        **changes,
    }
