"""Reports as JUnit XML, which build servers read: a test suite for each target, a test case for each check. Jenkins' schema, junit-10.

What passed is a case, and so is each finding: a failure where it is an error or worse (with `--fail-on warning` also where it is a
warning), an error where something could not be found out, else a case that passed and has something to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from autoconfig.errors import printable
from autoconfig.findings import Finding, Group, Owner, Report, Severity, Subject
from autoconfig.i18n import Texts
from autoconfig.report.telling import FailOn, Format, Manner, Told, markup
from autoconfig.report.words import OWNERS, count, tell, where

_NAME = 500  # characters of an attribute
_LINE = 1000  # characters of one line of text


def _write(every: Sequence[Told], manner: Manner) -> str:
    root = ET.Element("testsuites", name="autoconfig check")
    for told in every:
        _suite(root, told, manner.fail_on)
    for name, number in _numbers(root).items():
        root.set(name, number)
    root.set("time", _seconds(sum(told.report.elapsed_ms for told in every)))
    ET.indent(root)
    return markup('<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n", manner.encoding)


FORMAT = Format(_write)


def _suite(root: ET.Element, told: Told, fail_on: FailOn) -> None:
    report, texts = told.report, told.texts
    name = report.address.ascii if report.address else report.domain.ascii
    suite = ET.SubElement(root, "testsuite", name=printable(name, _NAME))
    properties = ET.SubElement(suite, "properties")
    stages = {f"elapsed.{stage.name}": _seconds(stage.elapsed_ms) for stage in report.stages}
    for key, value in ({"domain": report.domain.ascii, "status": str(report.status)} | stages).items():
        ET.SubElement(properties, "property", name=key, value=value)
    for finding in report.findings:
        case = _case(suite, report, finding.group, finding.code, (finding.subject, *finding.also))
        _judged(case, finding, texts, fail_on)
    for passed in report.passed:
        _case(suite, report, passed.group, passed.check, (passed.subject,))
    for skipped in report.skipped:
        case = _case(suite, report, skipped.group, skipped.check, (skipped.subject,))
        ET.SubElement(case, "skipped", message=texts.gettext("skipped because of %(code)s", code=skipped.by.code))
    for key, number in _numbers(suite).items():
        suite.set(key, number)
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("time", _seconds(report.elapsed_ms))
    suite.set("timestamp", report.started.strftime("%Y-%m-%dT%H:%M:%S"))


def _case(suite: ET.Element, report: Report, group: Group, code: str, subjects: tuple[Subject, ...]) -> ET.Element:
    places = "; ".join(where(subjects))
    name = f"{code} {places}" if places else code
    return ET.SubElement(suite, "testcase", name=printable(name, _NAME), classname=f"{report.domain.ascii}.{group}")


def _judged(case: ET.Element, finding: Finding, texts: Texts, fail_on: FailOn) -> None:
    told = tell(finding, texts)
    match finding.severity:
        case Severity.UNKNOWN:
            tag = "error"
        case Severity.ERROR | Severity.CRITICAL:
            tag = "failure"
        case Severity.WARNING if fail_on is FailOn.WARNING:
            tag = "failure"
        case _:
            said = f"{count(finding.severity, 1, texts)}: {told.message}"
            ET.SubElement(case, "system-out").text = "\n".join(_lines([said, *_details(finding, texts)]))
            return
    element = ET.SubElement(case, tag, message=told.message, type=finding.severity.value)
    element.text = "\n".join(_lines([told.message, *_details(finding, texts)]))


def _details(finding: Finding, texts: Texts) -> list[str]:
    _ = texts.gettext
    told = tell(finding, texts)
    owner = "" if finding.owner is Owner.NOBODY else f" ({_(OWNERS[finding.owner])})"
    paste = [*finding.records, *(f"$ {command}" for command in finding.commands)]
    return [*finding.evidence, _("Why") + f": {told.cause}", _("Do this") + f"{owner}: {told.fix}", *paste]


def _lines(lines: Iterable[str]) -> list[str]:
    # XML 1.0, 2.2: most control characters cannot be written, not even as references. None of them is printable.
    return [printable(line, _LINE) for line in lines]


def _numbers(element: ET.Element) -> dict[str, str]:
    cases = list(element.iter("testcase"))
    failures, errors = (sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error"))
    return {"tests": str(len(cases)), "failures": str(failures), "errors": str(errors)}


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}"
