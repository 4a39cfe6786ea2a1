"""Hands traces to an OpenTelemetry collector, or whoever else speaks OTLP over HTTP.

A trace is all that began with one picture. Its number is made of the picture's `correlation_id`,
so that every process, also after a restart, means the same trace without being told of it.
"""

import asyncio
import hashlib
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError

from vedette import __version__
from vedette.bus.port import EventBus, Undo
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.health import Health, HealthLevel
from vedette.contracts.module import Stage
from vedette.contracts.payload import Payload
from vedette.contracts.span import Span
from vedette.contracts.topics import SPAN
from vedette.kit.bell import Bell
from vedette.kit.clock import Clock, to_us
from vedette.kit.redact import SECRETS
from vedette.kit.supervise import backoff_s
from vedette.plugins.registry import PluginConfig

TRACES_PATH = "/v1/traces"
BATCH = 256
"""Spans of one request."""
MOST_WAITING = 4096
"""Spans that wait for a collector that is away; the oldest go first."""
LONGEST_PAUSE_S = 60.0
LAST_S = 3.0
"""At the end, the last request may take so long."""

_SCOPE = InstrumentationScope("vedette", __version__)


class TracesConfig(PluginConfig):
    """Settings of `{type: traces, endpoint: ...}`."""

    endpoint: AnyHttpUrl = Field(
        description="Of the collector, like http://127.0.0.1:4318; `/v1/traces` where it has no "
        "path of its own."
    )
    token: SecretStr | None = Field(default=None, description="Sent with every request.")
    token_header: str = Field(
        default="Authorization",
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Where the token goes; `Authorization` gets `Bearer` before it.",
    )
    part: float = Field(default=1.0, ge=0.0, le=1.0, description="Of the traces, that are told.")
    every_s: float = Field(default=2.0, ge=0.1, le=60.0, description="Between two requests.")
    timeout_s: float = Field(default=5.0, gt=0.0, le=60.0, description="Of one request.")

    def url(self) -> str:
        """Where spans go."""
        if (self.endpoint.path or "/") == "/":
            return str(self.endpoint).rstrip("/") + TRACES_PATH
        return str(self.endpoint)

    def exporter(self) -> OTLPSpanExporter:
        """What tells the collector."""
        return OTLPSpanExporter(
            endpoint=self.url(), headers=self._headers(), timeout=self.timeout_s
        )

    def _headers(self) -> dict[str, str]:
        if self.token is None:
            return {}
        token = self.token.get_secret_value()
        bearer = self.token_header.lower() == "authorization"
        return {self.token_header: f"Bearer {token}" if bearer else token}


@dataclass(slots=True)
class _Counts:
    sent: int = 0
    lost: int = 0
    failures: int = 0
    """Requests in a row."""


class TracesModule:
    """Implements `Module`. Spans wait here while the collector is away, within bounds."""

    Config = TracesConfig
    stage = Stage.STATUS

    def __init__(self, *, name: str, bus: EventBus, clock: Clock) -> None:
        self._name = name
        self._bus = bus
        self._clock = clock
        self._config: TracesConfig | None = None
        self._exporter: OTLPSpanExporter | None = None
        self._waiting: deque[Span] = deque()
        self._counts = _Counts()
        self._rng = random.Random()  # noqa: S311 - jitter, not a secret
        self._bell = Bell(clock)
        """Rung at the end."""
        self._deaf: Undo = lambda: None
        self._task: asyncio.Task[None] | None = None

    async def configure(self, settings: Mapping[str, Any]) -> None:
        try:
            config = TracesConfig.model_validate(dict(settings))
        except ValidationError as error:
            raise InvalidConfig(f"{self._name}: {error}") from error
        if config != self._config:
            self._config = config
            if self._exporter is not None:
                _end(self._exporter)
                self._exporter = config.exporter()

    async def start(self) -> None:
        """Listen from now on.

        Raises:
            InvalidConfig: nobody said where the collector is.
        """
        if self._config is None:
            raise InvalidConfig(f"{self._name}: `endpoint` has to say where the collector is")
        if self._task is None:
            self._exporter = self._config.exporter()
            self._bell.hush()
            self._deaf = self._bus.subscribe(SPAN, self._hear, name=self._name)
            self._task = asyncio.get_running_loop().create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Say what is left, once, where that is quick."""
        task, self._task = self._task, None
        if task is None:
            return
        self._deaf()
        self._bell.ring()
        await asyncio.wait({task}, timeout=LAST_S)
        task.cancel()
        await asyncio.wait({task})
        if self._exporter is not None:
            _end(self._exporter)
            self._exporter = None

    async def health(self) -> Health:
        if self._task is not None and self._task.done():
            self._task.result()  # raises what ended it
        counts = self._counts
        figures = {
            "waiting": float(len(self._waiting)),
            "sent": float(counts.sent),
            "lost": float(counts.lost),
        }
        if counts.failures:
            told = f"the collector takes no spans ({counts.failures} requests failed in a row)"
            return Health(level=HealthLevel.DEGRADED, detail=told, figures=figures)
        return Health(detail=f"{counts.sent} spans sent", figures=figures)

    async def _hear(self, topic: str, fact: Payload) -> None:
        config = self._config
        if not isinstance(fact, Span) or config is None:
            return
        if trace_id(fact.correlation_id) % 2**32 >= config.part * 2**32:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self._counts.lost += 1
        self._waiting.append(fact)

    async def _run(self) -> None:
        """Until `stop`, and then once more."""
        while self._task is not None and self._config is not None:
            failures = self._counts.failures
            pause_s = backoff_s(failures, self._rng, cap_s=LONGEST_PAUSE_S) if failures else 0.0
            await self._bell.wait(max(self._config.every_s, pause_s))
            while self._waiting and await self._send() and len(self._waiting) >= BATCH:
                pass

    async def _send(self) -> bool:
        """One request with the oldest spans; they stay where it fails."""
        exporter = self._exporter
        if exporter is None:
            return False
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        taken = False
        try:
            taken = await asyncio.to_thread(_export, exporter, [readable(each) for each in batch])
        finally:
            if not taken:
                self._waiting.extendleft(reversed(batch))
        self._counts.sent += len(batch) if taken else 0
        self._counts.failures = 0 if taken else self._counts.failures + 1
        return taken


def _export(exporter: OTLPSpanExporter, spans: Sequence[ReadableSpan]) -> bool:
    """Blocks until the collector has answered; True where it took them."""
    try:
        return exporter.export(spans) is SpanExportResult.SUCCESS
    except OSError:  # nobody is there
        return False


def _end(exporter: OTLPSpanExporter) -> None:
    """Also where it waits to try again."""
    exporter.shutdown()  # type: ignore[no-untyped-call]


def readable(span: Span) -> ReadableSpan:
    """A span as OpenTelemetry has it."""
    trace, whole = trace_id(span.correlation_id), whole_id(span.correlation_id)
    return ReadableSpan(
        name=span.name,
        context=_context(trace, whole if span.whole else part_id(span)),
        parent=None if span.whole else _context(trace, whole),
        resource=_resource(span.component),
        attributes={
            "vedette.correlation_id": span.correlation_id,
            **{
                f"vedette.{key}": SECRETS.clean(value) if isinstance(value, str) else value
                for key, value in span.attributes.items()
            },
        },
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, SECRETS.clean(span.error)) if span.error else Status(),
        start_time=to_us(span.began) * 1000,
        end_time=to_us(span.ended) * 1000,
        instrumentation_scope=_SCOPE,
    )


def trace_id(correlation_id: str) -> int:
    """The 16 bytes of the trace that began with a picture; never 0."""
    return int.from_bytes(_hash(correlation_id)[:16]) or 1


def whole_id(correlation_id: str) -> int:
    """The 8 bytes of the span that all others of a trace belong to."""
    return int.from_bytes(_hash(correlation_id)[16:24]) or 1


def part_id(span: Span) -> int:
    """The 8 bytes of any other: told again, it is the same one."""
    told = span.model_dump_json(exclude={"ended", "error", "schema_version"})
    return int.from_bytes(_hash(told)[:8]) or 1


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _context(trace: int, span: int) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(trace_id=trace, span_id=span, is_remote=False, trace_flags=flags)


@cache
def _resource(component: str) -> Resource:
    return Resource.create(
        {
            "service.name": "vedette",
            "service.version": __version__,
            "service.instance.id": component,
        }
    )
