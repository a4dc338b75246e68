"""What is wrong with the SRV records of a domain (RFC 2782, 6186, 8314), and with its PACC document and digest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from autoconfig import catalogue, dnsrecords
from autoconfig.checks.autoconfig import same_machine
from autoconfig.checks.case import Case, Source, servers_of
from autoconfig.checks.documents import MAIL_SERVICES, Srv, read_srv, srv_records
from autoconfig.checks.sources import PACC_PATH, Discovery, is_microsoft, lines, paste_name, under
from autoconfig.findings import Finding, Severity, Subject, Verdict
from autoconfig.formats import pacc
from autoconfig.observations import HTTPFailure, Lookup

READERS = ("evolution", "fairemail", "aerc", "emclient")

_INCOMING = ("_imaps", "_imap", "_pop3s", "_pop3")
_OUTGOING = ("_submissions", "_submission")
# The ports on which TLS begins otherwise than the label says.
_OTHER_TLS = {"_imaps": 143, "_imap": 993, "_pop3s": 110, "_pop3": 995, "_submissions": 587, "_submission": 465}


def judge(case: Case, facts: Discovery) -> Iterator[Verdict]:
    """Judge the records: against those that the domain should have, where it is ours, and by themselves."""
    for label, lookup in facts.srv.items():
        if lookup.status.known:
            yield from _by_due(case, label, lookup) if case.due else ()
            yield from _by_itself(case, facts, label, lookup)
    if not case.due:
        yield from _siblings(facts)


# --- ours --------------------------------------------------------------------------------------------------------------------------


def _by_due(case: Case, label: str, lookup: Lookup) -> Iterator[Verdict]:
    name = lookup.question.name
    due = [record for record in case.due if record.name == name and isinstance(record.data, dnsrecords.Srv)]
    offers = [record for record in due if isinstance(record.data, dnsrecords.Srv) and record.data.target]
    found = srv_records(lookup)
    # RFC 2782: ".", the service is decidedly not available. It takes no more than one such record to turn programs away.
    denied = any(record.denies for record in found)
    subject = Subject(name, label.removeprefix("_"))
    seen = tuple(f"{name}. IN SRV {record.text.rstrip('.')}." for record in found)
    if (not due and not _strangers(case, label, lookup)) or (not offers and (denied or not found)):
        return
    if not found:
        yield catalogue.finding(
            "SRV_MISSING", subject, root=(), records=lines(due), evidence=(_nothing(lookup),), affects=READERS, name=name
        )
    elif denied:
        yield catalogue.finding(
            "SRV_DOT", subject, severity=Severity.WARNING, records=lines(due), evidence=seen, affects=READERS, name=name
        )
    elif _places(found) != {(data.target.ascii, data.port) for data in _data(offers) if data.target}:
        wrong = tuple(f"{record.target}:{record.port}" for record in found)
        yield catalogue.finding("SRV_WRONG", subject, root=(), records=lines(due), evidence=seen, affects=READERS, name=name, found=wrong)
    else:
        yield catalogue.passed("SRV_MISSING", subject)
        yield catalogue.passed("SRV_WRONG", subject)


def _strangers(case: Case, label: str, lookup: Lookup) -> bool:
    """Tell whether records of a kind that we would not publish lead to a server that our settings do not name."""
    expected = {
        (named.service, named.host, named.port)
        for account in (case.expected.accounts if case.expected else ())
        for named in servers_of(account, case.address, Source.SETTINGS)
    }
    return label in MAIL_SERVICES and any(named.place not in expected for named in read_srv(label, lookup))


def _data(records: Iterable[dnsrecords.Record]) -> Iterator[dnsrecords.Srv]:
    yield from (record.data for record in records if isinstance(record.data, dnsrecords.Srv))


def _places(found: tuple[Srv, ...]) -> set[tuple[str, int]]:
    return {(record.target, record.port) for record in found}


def _nothing(lookup: Lookup) -> str:
    return f"{lookup.question.name}. IN {lookup.question.type}: {lookup.status.value}"


# --- everybody's -------------------------------------------------------------------------------------------------------------------


def _by_itself(case: Case, facts: Discovery, label: str, lookup: Lookup) -> Iterator[Verdict]:
    """Judge what is wrong with a record whatever it should say."""
    name = lookup.question.name
    subject = Subject(name, label.removeprefix("_"))
    due = {(data.target.ascii, data.port) for data in _data(record for record in case.due if record.name == name) if data.target}
    for record in srv_records(lookup):
        if label == "_autodiscover" and is_microsoft(record.target):
            continue  # judged with Autodiscover
        if record.denies:
            yield catalogue.passed("SRV_DOT", subject)
            continue
        evidence = [f"{name}. IN SRV {record.text}."]
        host = facts.hosts.get(record.target)
        is_due = (record.target, record.port) in due
        wrong = record.host is None or not 0 < record.port < 65536 or _OTHER_TLS.get(label) == record.port
        if host is not None and host.absent:
            wrong = True
            evidence.append(f"{record.target}: no address ({host.a.status.value})")
        if wrong and not is_due:
            # Where the domain is ours and the record is not what it should be, that has been said.
            if not due:
                found = (f"{record.target}:{record.port}",)
                yield catalogue.finding("SRV_WRONG", subject, root=(), evidence=evidence, affects=READERS, name=name, found=found)
        elif host is not None and host.aliases and not host.absent and (is_due or not due):
            evidence.append(f"{record.target}. IN CNAME {host.aliases[0]}.")
            # What our settings say themselves works with every program that we know: it is only not what the standard wants.
            severity = Severity.NOTICE if is_due else None
            yield catalogue.finding(
                "SRV_CNAME_TARGET",
                subject,
                severity=severity,
                root=(record.target,),
                evidence=evidence,
                affects=READERS,
                target=record.target,
                alias=host.aliases[0],
            )
        elif not due:
            yield catalogue.passed("SRV_WRONG", subject)


def _siblings(facts: Discovery) -> Iterator[Verdict]:
    """Judge whether both halves of mail are there: a program that finds where to fetch asks for where to send as well."""
    known = all(facts.srv[label].status.known for label in MAIL_SERVICES)
    halves = {half: [named for named in facts.by_srv if named.via.partition(".")[0] in half] for half in (_INCOMING, _OUTGOING)}
    denied = {half: any(record.denies for label in half for record in srv_records(facts.srv[label])) for half in halves}
    for half, other in ((_INCOMING, _OUTGOING), (_OUTGOING, _INCOMING)):
        if known and halves[other] and not halves[half] and not denied[half]:
            name = facts.srv[half[0]].question.name
            evidence = tuple(_nothing(facts.srv[label]) for label in half)
            yield catalogue.finding(
                "SRV_MISSING", Subject(name, half[0].removeprefix("_")), root=(), evidence=evidence, affects=READERS, name=name
            )


# --- PACC --------------------------------------------------------------------------------------------------------------------------


def judge_pacc(case: Case, facts: Discovery, others: tuple[Finding, ...]) -> Iterator[Verdict]:
    """Judge the document of ua-auto-config.D with the digest that vouches for it; without a digest nothing is promised.

    *others* are findings about the same web servers, which may have the same cause.
    """
    answer, digests = facts.pacc.answer, facts.pacc.digests
    name = under("_ua-auto-config", case.domain)
    texts = tuple(value for value in digests.values if value.lower().replace(" ", "").startswith("v=uaac1"))
    subject = Subject(answer.host, "https", port=443)
    vouching = lines(record for record in case.due if record.name == name)
    records = (*paste_name(case, answer.host), *vouching)
    failure = answer.trail.end.failure
    if not (digests.status.known and answer.trail.known) or failure is HTTPFailure.CERTIFICATE:
        return
    by = same_machine(facts, "ua-auto-config", others) if failure else None
    if by is not None:
        yield catalogue.skipped("PACC_MISSING", subject, by)
        return
    if answer.works:
        # draft-ietf-mailmaint-pacc-03: of the exact bytes; more than one record may stand there while a document changes.
        served = pacc.digest(answer.trail.end.body)
        if any(_tags(text) == _tags(served) for text in texts):
            yield catalogue.passed("PACC_DIGEST", subject)
        else:
            evidence = (f"served: {served}", *(f"{name}. IN TXT {text}" for text in texts[:3]))
            url = answer.url
            yield catalogue.finding("PACC_DIGEST", subject, records=vouching, evidence=evidence, url=url, name=name, digest=served)
    elif texts and answer.reading is not None:
        reason = (answer.reading.place,)
        yield catalogue.finding("PACC_BAD", subject, evidence=(*answer.trail.steps[-3:], *reason), url=answer.url)
    elif texts:
        yield catalogue.finding(
            "PACC_MISSING", subject, records=records, evidence=answer.trail.steps[-3:], url=answer.url, host=answer.host
        )
    elif any(record.name == name for record in case.due) and facts.names["ua-auto-config"].absent:
        url, evidence = f"https://{answer.host}{PACC_PATH}", (_nothing(digests),)
        yield catalogue.finding(
            "PACC_MISSING", subject, severity=Severity.NOTICE, records=records, evidence=evidence, url=url, host=answer.host
        )


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}
