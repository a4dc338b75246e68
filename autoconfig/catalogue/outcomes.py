"""Why what a mail program ends up with does not work, is not what its domain uses, or cannot be told: the only place for these words.

What is wrong in a document, or in the way to one, is in `documents`; no code is in both.
"""

from __future__ import annotations

from collections.abc import Mapping

from autoconfig.errors import N_

# Each is a clause that can stand behind "does not work: " (English, %-style, `N_`).
REASONS: Mapping[str, str] = {
    # --- the server that it would use ---
    "HOST_INVALID": N_("%(host)s is no host name"),
    "HOST_WITHOUT_ADDRESS": N_("%(host)s has no address"),
    "SERVER_SILENT": N_("%(host)s does not answer on port %(port)d"),
    "SERVER_OTHER": N_("what answers at %(host)s on port %(port)d does not behave as a mail server"),
    "SERVER_REFUSES": N_("%(host)s turns everybody away on port %(port)d"),
    "SERVER_STARTTLS": N_("%(host)s offers no STARTTLS on port %(port)d"),
    "SERVER_TLS": N_("TLS with %(host)s fails on port %(port)d"),
    "SERVER_LOGIN": N_("%(host)s lets nobody log in without encryption on port %(port)d"),
    "SERVER_CERT_NAME": N_("the certificate of %(host)s on port %(port)d is for another name"),
    "SERVER_CERT_DATE": N_("the certificate of %(host)s on port %(port)d is not valid today"),
    "SERVER_CERT_TRUST": N_("the certificate of %(host)s on port %(port)d comes from nobody whom a device trusts"),
    # --- what nobody knows ---
    "ANSWER_UNKNOWN": N_("the answer to %(what)s is not known"),
    # --- what its domain should use ---
    "SERVERS_NOT_OURS": N_("it enters %(found)s, which is not what this domain should use"),
}
