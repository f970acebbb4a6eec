"""``vg audit push``: a collector that listens for real gets each record once, and what it refuses is sent again."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vectra_guard.cli import main
from vectra_guard.store import audit

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector(http.server.ThreadingHTTPServer):
    """Answers with ``status`` and keeps what it took."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.taken = 200, []  # type: ignore[var-annotated]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/traces"


class Answer(http.server.BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 200:
            sent = ExportTraceServiceRequest.FromString(body)
            self.server.taken += [s for r in sent.resource_spans for c in r.scope_spans for s in c.spans]
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def write(command: str) -> None:
    audit.append(
        {
            "command": command,
            "reason": "why",
            "cwd": "/p",
            "decision": "sandbox",
            "risk": "high",
            "status": 3,
            "rules": ["a.b"],
            "time": 100.5,
            "duration": 0.25,
        }
    )


def test_each_record_arrives_once(collector: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    write("one")
    write("two")
    assert main.main(["audit", "push", "--endpoint", collector.url]) == 0
    assert "sent 2" in capsys.readouterr().out
    write("three")
    assert main.main(["audit", "push", "--endpoint", collector.url]) == 0
    assert main.main(["audit", "push", "--endpoint", collector.url]) == 0
    got = [{a.key: a.value for a in span.attributes} for span in collector.taken]
    assert [row["vg.command"].string_value for row in got] == ["one", "two", "three"]
    assert got[0]["vg.risk"].string_value == "high" and got[0]["vg.status"].int_value == 3
    assert got[0]["vg.rules"].array_value.values[0].string_value == "a.b"
    first = collector.taken[0]
    assert first.name == "vg sandbox" and first.end_time_unix_nano - first.start_time_unix_nano == 250_000_000
    assert first.trace_id.hex() == next(iter(audit.records()))["hash"][:32]


def test_what_is_refused_is_sent_next_time(collector: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    write("one")
    collector.status = 400
    assert main.main(["audit", "push", "--endpoint", collector.url]) == 125
    assert "sent next time" in capsys.readouterr().err
    collector.status = 200
    assert main.main(["audit", "push", "--endpoint", collector.url]) == 0
    assert len(collector.taken) == 1
