"""`autoconfig dns`: what a domain should publish in the DNS, as a zone to load, as a table to type in, or as data; and what it does."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence

import click

from autoconfig import dnsrecords, i18n
from autoconfig.address import Domain
from autoconfig.cli.options import RESOLVER
from autoconfig.cli.published import find, published
from autoconfig.cli.room import Room, note, table
from autoconfig.dnsrecords import Comparison, Necessity, Verdict
from autoconfig.errors import N_, UsageError, printable
from autoconfig.observations import Lookup, LookupStatus

_SHOWN = 500  # characters of a value in the table

# What the DNS decidedly does not hold; any other status leaves it open.
_TOLD = (LookupStatus.FOUND, LookupStatus.NODATA, LookupStatus.NXDOMAIN, LookupStatus.LOOP)


@click.command()
@click.argument("name", metavar="DOMAIN")
@click.option(
    "--format", "format_", type=click.Choice(["zone", "table", "json"]), default="zone", show_default=True, help="How to print them."
)
@click.option("--diff", is_flag=True, help="Ask the DNS, and print how what is there differs.")
@click.option("--resolver", type=RESOLVER, metavar="IP[:PORT]", help="The name server to ask for --diff. [default: the system's]")
@click.pass_obj
def dns(room: Room, name: str, format_: str, diff: bool, resolver: tuple[str, int] | None) -> int:
    """Print the records that a domain should publish, so that mail programs find their settings.

    zone is text for a name server's zone file, table is what to type into a control panel, json is for programs. The records lead to
    the service's own name: set base_url in config.toml first. After a change of the settings the former fingerprint of the PACC
    document stays beside the new one, with the date until when: digest_days in config.toml says how long.

    With --diff, each record with a verdict (ok, missing, different, cname, not-needed, unknown), what should be there and what is.
    Exits with 0 when all required and recommended records are there, else with 1.

    \b
    Examples:
      autoconfig dns kund.se
      autoconfig dns kund.se --format table
      autoconfig dns kund.se --diff --resolver 192.0.2.53
    """
    if resolver is not None and not diff:
        raise UsageError(N_("--resolver is for --diff"))
    config, _ = find(room, Domain.parse(name).ascii)
    records = published(room, config)
    if diff:
        return _print_diff(records, resolver, format_)
    match format_:
        case "zone":
            click.echo(dnsrecords.zone_text(records, config.domain), nl=False)
        case "json":
            click.echo(json.dumps(dnsrecords.to_data(records), ensure_ascii=False, indent=2))
        case _:
            _print_table(dnsrecords.rows(records, config.domain), i18n.texts(i18n.locale_language()))
    return 0


def _print_table(rows: Iterable[dnsrecords.Row], texts: i18n.Texts) -> None:
    _ = texts.gettext

    def purpose(row: dnsrecords.Row) -> str:
        told = _(row.purpose)
        return told if row.until is None else _("%(purpose)s, until %(date)s") % {"purpose": told, "date": row.until}

    table(
        (_("name"), _("type"), _("value"), _("priority"), "TTL", _("what for")),
        ((row.name, row.type, row.value, "" if row.priority is None else str(row.priority), str(row.ttl), purpose(row)) for row in rows),
    )


def _print_diff(records: Sequence[dnsrecords.Record], resolver: tuple[str, int] | None, format_: str) -> int:
    """Print how the DNS differs from *records*, and return the exit code."""
    _ = i18n.texts(i18n.locale_language()).gettext
    lookups = asyncio.run(_look_up(dnsrecords.questions(records), resolver))
    comparisons = dnsrecords.compare(records, map(_answer, lookups))
    if format_ == "json":
        click.echo(json.dumps([_data(comparison) for comparison in comparisons], ensure_ascii=False, indent=2))
    else:
        table((_("verdict"), _("name"), _("type"), _("should be"), _("is"), _("necessity")), map(_row, comparisons))
    for status, count in Counter(lookup.status for lookup in lookups if lookup.status not in _TOLD).items():
        words = _("no answer to %(count)d of %(all)d questions to the DNS (%(status)s): what is unknown may be right or wrong")
        note(words % {"count": count, "all": len(lookups), "status": status.value})
    return 0 if all(map(_is_well, comparisons)) else 1


async def _look_up(questions: Iterable[tuple[str, str]], resolver: tuple[str, int] | None) -> list[Lookup]:
    from autoconfig.network.live import Live  # which takes time, and only --diff needs

    async with Live(resolver=resolver) as world:
        return await asyncio.gather(*(world.lookup(name, type) for name, type in questions))


def _answer(lookup: Lookup) -> dnsrecords.Answer:
    asked = lookup.question
    # A text in quotes, for one may begin with a quote itself.
    values = tuple(str(dnsrecords.Txt(value)) for value in lookup.values) if asked.type == "TXT" else lookup.values
    return dnsrecords.Answer(asked.name, asked.type, values if lookup.status in _TOLD else None)


def _is_well(comparison: Comparison) -> bool:
    optional = comparison.record is None or comparison.record.necessity is Necessity.OPTIONAL
    return optional or comparison.verdict in (Verdict.OK, Verdict.NOT_NEEDED)


def _row(comparison: Comparison) -> tuple[str, ...]:
    record = comparison.record
    value = "" if record is None else record.data.text if isinstance(record.data, dnsrecords.Txt) else str(record.data)
    shown = value if value.endswith(" .") else value.removesuffix(".")
    found = ", ".join(printable(value, _SHOWN) for value in comparison.found)
    return comparison.verdict, comparison.name, comparison.type, shown, found, "" if record is None else record.necessity


def _data(comparison: Comparison) -> dict[str, object]:
    nothing = {"name": f"{comparison.name}.", "type": comparison.type, "value": None}
    wanted = nothing if comparison.record is None else dnsrecords.to_data([comparison.record])[0]
    return {"verdict": comparison.verdict, **wanted, "found": comparison.found}
