"""Postfix, real: submission for those whom Dovecot knows, and the MX, which delivers into Dovecot's mailboxes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .ca import Authority, Certificate
from .dovecot import AUTH_SOCKET, DELIVERY_SOCKET
from .network import SCRATCH, Network, Program, wait_until

_MASTER = "/usr/lib/postfix/sbin/master"
PROGRAMS = (_MASTER, "postdrop")
_QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")
_PORTS = (587, 465, 25)
_LONG_AGO = 1_000_000_000

_MAIN = """\
compatibility_level = 3.6
queue_directory = {scratch}/postfix-queue
data_directory = {scratch}/postfix-data
maillog_file = /dev/stdout
myhostname = {host}
mydestination =
mynetworks =
inet_protocols = all
smtp_bind_address =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = regexp:{directory}/domains
virtual_mailbox_maps = static:yes
virtual_transport = lmtp:unix:{delivery_socket}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth_socket}
smtpd_sasl_security_options = noanonymous
smtpd_peername_lookup = no
smtpd_tls_chain_files = {chain}
tls_server_sni_maps = texthash:{directory}/sni
smtpd_tls_session_cache_database =
smtp_tls_security_level = may
message_size_limit = {size_limit}
mailbox_size_limit = 0
smtpd_sender_login_maps = static:nobody
restrictions_of_customers = {restrictions}
"""

_SERVICES = """\
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
smtp      unix  - - n -     - smtp
error     unix  - - n -     - error
retry     unix  - - n -     - error
lmtp      unix  - - n -     - lmtp
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Submission:
    """How Postfix is set up."""

    certificate: Certificate  # for a client that asks for no name, or for one that is not in by_name
    by_name: tuple[tuple[str, Certificate], ...] = ()  # SNI
    starttls: bool = True  # at 587; 465 has TLS from the start anyway
    login: bool = True  # False: submission without AUTH
    plaintext_login: bool = False  # AUTH before STARTTLS at 587
    size_limit: int = 52_428_800
    mx_starttls: bool = True
    min_tls: str = "TLSv1.2"
    max_tls: str = "TLSv1.3"
    restrictions: str = "permit"  # smtpd_recipient_restrictions, for who has logged in


class Postfix:
    """Postfix named *host* at *addresses*, once it is told how by `serve`; and *stranger*, an MX of somebody else, at *elsewhere*."""

    def __init__(self, network: Network, authority: Authority, host: str, *addresses: str, stranger: str, elsewhere: str) -> None:
        self._network = network
        self._authority = authority
        self._host = host
        self._addresses = addresses
        self._stranger = stranger
        self._elsewhere = elsewhere
        self._directory = network.directory_for("postfix")
        self._program: Program | None = None
        self._serves: Submission | None = None

    def serve(self, submission: Submission) -> None:
        """Be as *submission* says, from the next connection on."""
        if submission == self._serves:
            return
        self._serves = None
        if self._program is not None:
            self._program.stop()
            doors = [(self._elsewhere, 25), *((address, port) for address in self._addresses for port in _PORTS)]
            wait_until(lambda: not any(self._network.listens(*door) for door in doors), "end of Postfix", 10)
        for path, text in self._files(submission).items():
            (self._directory / path).write_text(text)
            # Postfix waits, for up to two seconds, until a file is old enough not to be one that is still being written.
            os.utime(self._directory / path, (_LONG_AGO, _LONG_AGO))
        if self._program is None:
            self._prepare()
        self._program = self._network.start("postfix", _MASTER, "-s", "-c", self._directory)
        self._program.wait_until(lambda: self._network.listens(self._addresses[0], 587), "answer on port 587")
        self._serves = submission

    def _prepare(self) -> None:
        """Make the directories that `postfix check` would make, in a fraction of its two seconds."""
        queue = SCRATCH / "postfix-queue"
        self._network.run("install", "-d", queue, queue / "pid")
        self._network.run("install", "-d", "-o", "postfix", SCRATCH / "postfix-data", *(queue / name for name in _QUEUES))
        self._network.run("install", "-d", "-o", "postfix", "-g", "postdrop", "-m", "730", queue / "maildrop")
        self._network.run("install", "-d", "-o", "postfix", "-g", "postdrop", "-m", "710", queue / "public")

    def _files(self, submission: Submission) -> Mapping[Path | str, str]:
        main = _MAIN.format(
            scratch=SCRATCH,
            directory=self._directory,
            auth_socket=AUTH_SOCKET,
            delivery_socket=DELIVERY_SOCKET,
            host=self._host,
            chain=self._chain(submission.certificate),
            size_limit=submission.size_limit,
            restrictions=submission.restrictions,
        )
        protocols = f">={submission.min_tls}, <={submission.max_tls}"
        main += f"smtpd_tls_protocols = {protocols}\nsmtpd_tls_mandatory_protocols = {protocols}\n"
        if submission.max_tls < "TLSv1.2":
            main += "tls_medium_cipherlist = ALL:@SECLEVEL=0\n"  # OpenSSL 3 has none of its own for these
        sni = "".join(f"{name} {self._chain(certificate)}\n" for name, certificate in submission.by_name)
        # Every domain but the stranger's has its mailboxes here; they are made when mail comes.
        return {
            "main.cf": main,
            "master.cf": _SERVICES + "".join(self._doors(submission)),
            "sni": sni,
            "domains": f"!/(^|\\.){re.escape(self._stranger.partition('.')[2])}$/ yes\n",
        }

    def _doors(self, submission: Submission) -> list[str]:
        sasl = f"smtpd_sasl_auth_enable={'yes' if submission.login else 'no'}"
        # RFC 6409, 4.3 and Postfix's own master.cf: a login first, and a login only over TLS.
        only_over_tls = f"smtpd_tls_auth_only={'no' if submission.plaintext_login else 'yes'}"
        if not submission.starttls:
            level, only_over_tls = "none", "smtpd_tls_auth_only=no"
        else:
            level = "may" if submission.plaintext_login else "encrypt"
        logged_in = "smtpd_relay_restrictions=permit_sasl_authenticated,reject"
        restricted = "smtpd_recipient_restrictions=$restrictions_of_customers"
        doors = []
        for address in self._addresses:
            doors.append(_door(address, 587, f"smtpd_tls_security_level={level}", sasl, only_over_tls, logged_in, restricted))
            doors.append(_door(address, 465, "smtpd_tls_wrappermode=yes", sasl, logged_in, restricted))
            doors.append(_door(address, 25, f"smtpd_tls_security_level={'may' if submission.mx_starttls else 'none'}"))
        strange = self._chain(Certificate((self._stranger,)))
        named = (f"myhostname={self._stranger}", f"smtpd_tls_chain_files={strange}", "tls_server_sni_maps=")
        doors.append(_door(self._elsewhere, 25, "smtpd_tls_security_level=may", *named))
        return doors

    def _chain(self, certificate: Certificate) -> Path:
        """Return one file with key and chain: Postfix wants the key first."""
        credentials = self._authority.credentials(certificate)
        chain = self._directory / f"{credentials.key.stem}.chain.pem"
        chain.write_bytes(credentials.key.read_bytes() + credentials.certificate.read_bytes())
        return chain


def _door(address: str, port: int, *options: str) -> str:
    at = f"[{address}]" if ":" in address else address
    # One connection for each process: it asks Dovecot for its mechanisms when it starts.
    options = ("max_use=1", *options)
    return f"{at}:{port} inet n - n - - smtpd\n" + "".join(f"    -o {option}\n" for option in options)
