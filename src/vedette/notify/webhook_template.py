"""Bodies of webhooks in the owner's own shape: Jinja templates, and the shape of the legacy system.

Templates run in a sandbox: they see the message, and nothing of this process. Each is rendered once
with an example when settings are read, so that a mistake is found by its author.
"""

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_TEMPLATE = 20_000
MOST_BODY_BYTES = 16 * 1024 * 1024

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_ENVIRONMENT.policies["json.dumps_kwargs"] = {"sort_keys": False, "default": str}
"""What is not defined says so when it becomes text; the plain error would name a class of Jinja."""

EXAMPLE: Mapping[str, Any] = {
    "schema_version": 1,
    "id": "6f2d7c1e-0000-5000-8000-00000000000a",
    "title": 'Person entered "yard" (Front door)',
    "text": "A person entered yard\non camera Front door.",
    "event": {
        "id": "6f2d7c1e-0000-5000-8000-00000000000e",
        "event_type": "enter",
        "severity": "warning",
        "site_id": "home",
        "camera_id": "front_door",
        "rule_id": "visitors",
        "label": "person",
        "zone_id": "yard",
        "line_id": None,
        "score": 0.87,
        "numbers": {"dwell_s": 3.5},
        "at": "2026-11-21T14:03:22Z",
    },
    "items": ["a line"],
    "links": [{"text": "Open", "url": "https://example.org/1"}],
    "link": "https://example.org/events/1",
    "picture_media_type": None,
    "picture_base64": None,
    "correlation_id": None,
}
"""A message as templates see it."""


class WrongTemplate(ValueError):
    """A template cannot be rendered, or what it makes is not what it says."""


class BodyTemplate:
    """One body."""

    def __init__(self, text: str, content_type: str) -> None:
        """Read a template, and try it.

        Raises:
            WrongTemplate: says the line, and what is wrong there.
        """
        self._json = content_type.partition(";")[0].strip().endswith("json")
        try:
            self._template = _ENVIRONMENT.from_string(text)
        except TemplateSyntaxError as error:
            raise WrongTemplate(f"line {error.lineno}: {error.message}") from error
        self.render(EXAMPLE)

    def render(self, message: Mapping[str, Any]) -> bytes:
        """The body for a message.

        Raises:
            WrongTemplate: it fails for this one.
        """
        try:
            body = self._template.render(message)
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            known = ", ".join(EXAMPLE)
            raise WrongTemplate(f"{error}; there are: {known}") from error
        encoded = body.encode(errors="replace")
        if len(encoded) > MOST_BODY_BYTES:
            raise WrongTemplate(f"it makes more than {MOST_BODY_BYTES} bytes")
        if self._json:
            try:
                json.loads(body)
            except json.JSONDecodeError as error:
                raise WrongTemplate(
                    f"it makes no JSON: {error.msg}, line {error.lineno} of the body; write values "
                    "as {{ title | tojson }}, or set another content_type"
                ) from error
        return encoded


def legacy_body(message: Mapping[str, Any]) -> bytes:
    """The flat shape of the legacy system: one object, no nesting."""
    event = message["event"]
    return json.dumps(
        {
            "event": event["event_type"],
            "camera_id": event["camera_id"],
            "timestamp": event["at"],
            "label": event["label"],
            "confidence": event["score"],
            "severity": event["severity"],
            "zone": event["zone_id"],
            "message": f"{message['title']}\n{message['text']}".strip(),
            "event_id": event["id"],
            "alert_id": message["id"],
            "snapshot": message["picture_base64"],
        }
    ).encode()
