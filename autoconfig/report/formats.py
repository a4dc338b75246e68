"""Every form in which `autoconfig check` tells its reports, by the word of --format."""

from __future__ import annotations

from collections.abc import Mapping

from autoconfig.report import answer, data, html, junit, nagios, prometheus, text
from autoconfig.report.telling import Format

FORMATS: Mapping[str, Format] = {
    "text": text.FORMAT,
    "json": data.FORMAT,
    "ndjson": data.LINES,
    "html": html.FORMAT,
    "junit": junit.FORMAT,
    "nagios": nagios.FORMAT,
    "prometheus": prometheus.FORMAT,
    "answer": answer.FORMAT,
}
