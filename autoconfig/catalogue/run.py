"""What the check finds about itself."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry
from autoconfig.errors import N_
from autoconfig.findings import Group, Owner, Severity

ENTRIES = {
    "DEADLINE": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.ENDPOINTS,
        message=N_("Not finished in time: %(what)s"),
        cause=N_("Something answers so slowly that the check had to stop waiting for it."),
        fix=N_("Try again with more time, for example --deadline 30."),
        story=N_(
            "The check gives each host a limited time, five seconds unless --deadline says otherwise, and ends as a whole after "
            "twice that. What had not answered by then is not judged: it may be well, only slow, or it may be down. A mail program "
            "waits longer, but its user does not."
        ),
    ),
    "CHECK_FAILED": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.ENDPOINTS,
        message=N_("A part of the check failed: %(what)s"),
        cause=N_("This is a fault in the check itself, not in the domain."),
        fix=N_("Please report it with the file that --facts saves."),
        story=N_(
            "The part that failed has not judged anything, so what it would have said is not known. Everything else in the report holds. "
            "With --facts the answers of all servers are saved in a file, so that the fault can be repeated without them."
        ),
    ),
}
