"""Records of the audit log as OpenTelemetry spans, sent to a collector over OTLP/HTTP. Needs the extra ``otel``.

A record has the same trace and span id each time it is sent, so one that is sent twice can be told. Endpoint, headers
and certificates come from the standard ``OTEL_EXPORTER_OTLP_*`` variables. Raises GuardError with what to install, or
where nobody answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from vectra_guard import __version__
from vectra_guard.errors import GuardError

BATCH = 500
NANO = 1_000_000_000
TIMEOUT = 10.0  # seconds for one batch, the exporter's own repetitions included


def push(records: Iterable[dict[str, Any]], endpoint: str = "") -> Iterator[int]:
    """Send ``records`` in batches; yields the ``seq`` of the last one after each batch that arrived."""
    try:
        # an optional extra, and some 300 ms to import
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import SpanExportResult
    except ImportError as err:
        raise GuardError(f"sending needs an extra ({err}); install it: pip install 'vectra-guard[otel]'") from err
    exporter = OTLPSpanExporter(endpoint=endpoint or None, timeout=TIMEOUT)
    waiting = iter(records)
    try:
        while batch := list(islice(waiting, BATCH)):
            if exporter.export(_spans(batch)) is not SpanExportResult.SUCCESS:
                raise GuardError(f"{endpoint or 'the collector'}: did not take the records; they are sent next time")
            yield batch[-1]["seq"]
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]


def _spans(records: Sequence[dict[str, Any]]) -> list[Any]:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, TraceFlags

    resource = Resource.create({"service.name": "vectra-guard", "service.version": __version__})
    spans = []
    for record in records:
        raw = bytes.fromhex(record["hash"])
        identity = int.from_bytes(raw[:16], "big") or 1, int.from_bytes(raw[16:24], "big") or 1
        ended = int(record["time"] * NANO)
        context = SpanContext(*identity, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        span = ReadableSpan(
            name=f"vg {record['decision']}",
            context=context,
            resource=resource,
            attributes=_attributes(record),
            start_time=ended - int((record.get("duration") or 0.0) * NANO),
            end_time=ended,
        )
        spans.append(span)
    return spans


def _attributes(record: dict[str, Any]) -> dict[str, Any]:
    left_out = ("hash", "prev", "time", "duration")
    return {f"vg.{name}": value for name, value in record.items() if name not in left_out and value not in (None, "")}
