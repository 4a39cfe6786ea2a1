"""Policies: what is valid, and forbidden all the same; each refusal names its policy and place."""

from pathlib import Path

import pytest

from vedette.app.load import load_settings
from vedette.contracts.errors import InvalidConfig

SETTINGS = """\
cameras:
  - id: yard
    source: {source}
    events: {{keep_days: {keep_days}}}
    rules: [{{id: visitor, type: presence{rule}}}]
notify:
  channels: [{channel}]
policies: {{{policy}}}
"""
FINE = {
    "source": '"simulator:"',
    "keep_days": "5",
    "rule": "",
    "channel": "{type: log}",
    "policy": "",
}


def settings_file(folder: Path, **changes: str) -> Path:
    file = folder / "vedette.yaml"
    file.write_text(SETTINGS.format(**{**FINE, **changes}))
    return file


CASES = [
    ("longest_days: 20", {}, ["retention.max_days: 30 days are too many"]),
    (
        "longest_days: 3",
        {"rule": ", keep: true"},
        [
            "retention.max_days: 30 days",
            "retention.exports_days: 7 days",
            "vedette.yaml:4: cameras[0].events.keep_days: 5 days",
            "cameras[0].rules[0].keep: nothing may be kept longer than 3 days",
        ],
    ),
    (
        "encrypted: true",
        {"source": "rtsp://10.0.0.1/s", "channel": '{type: webhook, url: "http://h/x"}'},
        ["cameras[0].source: rtsp is not encrypted; use rtsps", "channels[0].url: http is not"],
    ),
    (
        "encrypted: true",
        {"channel": "{type: mqtt, host: 10.0.0.2}"},
        ["channels[0].host: MQTT is not encrypted; say tls: true"],
    ),
    (
        "secrets_elsewhere: true",
        {
            "source": "rtsps://viewer:hunter2@10.0.0.1/s",
            "channel": f"{{type: telegram, token: '123456:{'a' * 35}', chat_ids: [1]}}",
        },
        ["cameras[0].source: a password stands in", "channels[0].token: it stands in the settings"],
    ),
    (
        "secrets_elsewhere: true",
        {"channel": "{type: apprise, urls: ['ntfy://hunter2-topic']}"},
        ["channels[0].urls: it stands in the settings"],
    ),
]


@pytest.mark.parametrize(("policy", "changes", "complaints"), CASES)
def test_what_is_forbidden_is_refused_with_place_and_policy(
    tmp_path: Path, policy: str, changes: dict[str, str], complaints: list[str]
) -> None:
    load_settings(settings_file(tmp_path, **changes))  # valid in itself
    with pytest.raises(InvalidConfig) as refused:
        load_settings(settings_file(tmp_path, policy=policy, **changes))

    said = str(refused.value).splitlines()
    assert len(said) == len(complaints)
    for line, complaint in zip(said, complaints, strict=True):
        assert complaint in line
        assert f"(policy `{policy.partition(':')[0].replace('_', '-')}`)" in line
        assert "hunter2" not in line


def test_what_keeps_to_all_policies_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOOR", "hunter2")
    monkeypatch.setenv("BOT", "123456:" + "a" * 35)
    file = settings_file(
        tmp_path,
        source='"rtsps://viewer:${secret:DOOR}@10.0.0.1/s"',
        channel="{type: telegram, token: {secret: BOT}, chat_ids: [1]}",
        policy="longest_days: 30, encrypted: true, secrets_elsewhere: true",
    )

    assert load_settings(file).policies.longest_days == 30
