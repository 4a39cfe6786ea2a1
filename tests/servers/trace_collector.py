"""A collector of traces that speaks OTLP over HTTP, as OpenTelemetry's own one does."""

import gzip
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.servers.web import Heard, Reply, WebServer


@dataclass(frozen=True, kw_only=True)
class Collected:
    """One span as it arrived."""

    trace: str
    id: str
    parent: str
    name: str
    component: str
    began_ns: int
    ended_ns: int
    error: str
    attributes: dict[str, Any] = field(default_factory=dict)


class TraceCollector(WebServer):
    """Answers `first` one request each, then takes everything."""

    def __init__(self, *, first: tuple[int, ...] = ()) -> None:
        super().__init__()
        self._first = list(first)
        self.spans: list[Collected] = []

    def answer(self, request: Heard) -> Reply:
        if self._first:
            return Reply(status=self._first.pop(0))
        zipped = request.headers.get("content-encoding") == "gzip"
        body = gzip.decompress(request.body) if zipped else request.body
        told = ExportTraceServiceRequest.FromString(body)
        for resource in told.resource_spans:
            about = {each.key: each.value.string_value for each in resource.resource.attributes}
            assert about["service.name"] == "vedette"
            for scope in resource.scope_spans:
                self.spans += [_collected(span, about) for span in scope.spans]
        return Reply(body=ExportTraceServiceResponse().SerializeToString())

    def named(self, name: str) -> list[Collected]:
        """Spans of this name, in the order in which they came."""
        return [span for span in self.spans if span.name == name]


def _collected(span: Any, about: dict[str, str]) -> Collected:
    return Collected(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        component=about["service.instance.id"],
        began_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        error=span.status.message,
        attributes={
            each.key: getattr(each.value, each.value.WhichOneof("value"))
            for each in span.attributes
        },
    )
