"""What the check finds about mail programs that nothing else in the report explains."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry
from autoconfig.errors import N_
from autoconfig.findings import Group, Owner, Severity

ENTRIES = {
    "CLIENT_FAILS": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.CLIENTS,
        message=N_("No working account in %(clients)s: %(reason)s"),
        cause=N_("Mail programs differ in what they accept; what one of them reads without a word makes another one give up."),
        fix=N_("Correct what is published; autoconfig discover shows each step of the program and what it was told."),
        story=N_(
            "The check does what each mail program does when somebody types an address into it: it asks in the same places, reads the "
            "answers by that program's own rules, and tries the servers that it would enter. Here the program ends with nothing, with "
            "servers that are not those of the domain, or with servers that do not work, and nothing else in the report is the reason. "
            "Customers with that program must type the servers in, or get an error. How sure we are of a program, and all that it asks "
            "for, is told by autoconfig discover with the address."
        ),
    ),
}
