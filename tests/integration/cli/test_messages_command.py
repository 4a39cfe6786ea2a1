"""What a channel gave up is listed, and arrives when it is sent again by the running product."""

from pathlib import Path

import pytest

from tests.command import vedette
from tests.running import Running
from tests.scenes import film, walker
from tests.servers.web import Heard, Reply
from tests.servers.webhook_receiver import WebhookReceiver

SETTINGS = """
detector: {{type: blob, contrast: 60, smallest: 0.004}}
workers: 0
cameras:
  - id: yard
    source: {{type: file, path: yard.mp4, pace: realtime, start: now}}
    detect: {{fps: 10}}
    rules: [{{id: visitor, type: presence, labels: [person], for_s: 0.3}}]
notify:
  quiet_s: 0
  attempts: 2
  patience_h: 0
  retry_pause_s: 0.1
  channels:
    - {{id: hook, type: webhook, url: "{hook}/a-key"}}
    - {{id: terminal, type: log}}
api: {{port: 0}}
"""


class Broken(WebhookReceiver):
    """Answers 500 until it is mended."""

    mended = False

    def answer(self, request: Heard) -> Reply:
        return super().answer(request) if self.mended else Reply(status=500)


@pytest.mark.timeout(180)
def test_what_was_given_up_is_sent_again(tmp_path: Path) -> None:
    film(tmp_path / "yard.mp4", walker((0.5, -0.1, 0.5), (3.5, 1.1, 0.5)), duration_s=5.0)
    file, data = tmp_path / "vedette.yaml", tmp_path / "data"
    with Broken() as hook:
        file.write_text(SETTINGS.format(hook=hook.url))
        with Running("up", "--config", file, "--data", data) as product:

            def messages(status: str) -> list[dict[str, object]]:
                found = product.http.get("/api/v1/messages", params={"status": status})
                listed: list[dict[str, object]] = found.json()
                return listed

            [lost] = product.until(lambda: messages("failed"), "the message that failed")
            listed = vedette("notify", "log", "--data", data)
            early = vedette("notify", "resend", str(lost["id"]), "999", "--data", data)
            product.until(lambda: messages("failed"), "that it failed again")
            hook.mended = True
            again = vedette("notify", "resend", "--failed", "--data", data)
            product.until(lambda: hook.messages, "the message")
            product.until(lambda: not messages("failed") and len(messages("sent")) == 2, "its end")
            nothing = vedette("notify", "resend", "--failed", "--data", data)
            twice = vedette("notify", "resend", str(lost["id"]), "--data", data)
            both = vedette("notify", "resend", "1", "--failed", "--data", data)
            assert product.stop() == 0

    said = " ".join(listed.out.split())
    assert listed.code == 0, listed.err
    assert "hook failed Person was seen (yard) 2 the webhook at 127.0.0.1 answered 500" in said
    assert "terminal sent Person was seen (yard) 1 the log" in said
    assert "a-key" not in listed.out
    assert early.code == 1
    assert "there is no message 999" in " ".join(early.err.split())
    assert again.out == f"message {lost['id']} (hook): queued\n", again.err
    assert len(hook.messages) == 1
    assert nothing.out == "nothing has failed\n"
    assert twice.code == 2
    assert "is sent; what failed can be sent again" in " ".join(twice.err.split())
    assert both.code == 2
