"""Dovecot, real: IMAP, POP3 and ManageSieve with mailboxes, and the login for Postfix. Everybody is let in who knows the one password."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .ca import Authority, Certificate
from .network import SCRATCH, Network, Program, wait_until

PASSWORD = "ogissbart-7e42"
AUTH_SOCKET = SCRATCH / "auth-for-postfix"  # what Postfix asks
DELIVERY_SOCKET = SCRATCH / "delivery-by-postfix"  # where Postfix brings mail, by LMTP
MAIL = SCRATCH / "mail"  # DOMAIN/LOCALPART, maildir
OWNER = 5000  # the mailboxes' user and group; needs no name
_PORTS = (143, 993, 110, 995, 4190)

_CONFIGURATION = """\
base_dir = {scratch}/dovecot
state_dir = {scratch}/dovecot-state
log_path = /dev/stderr
auth_verbose = yes
protocols = imap pop3 sieve lmtp
listen = {listen}
mail_location = maildir:{mail}/%Ld/%Ln
mail_uid = {owner}
mail_gid = {owner}
first_valid_uid = {owner}
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
disable_plaintext_auth = {only_over_tls}
{passwords}
userdb {{
    driver = static
    args = uid={owner} gid={owner} home={mail}/%Ld/%Ln
}}
namespace inbox {{
    inbox = yes
    separator = /
{folders}}}
mail_plugins = quota
protocol imap {{
    mail_plugins = quota imap_quota
}}
protocol lmtp {{
    mail_plugins = quota sieve
}}
lda_mailbox_autocreate = yes
plugin {{
    quota = maildir:All mail
    {quota}
    {filter}
}}
ssl = {tls}
ssl_min_protocol = {min_tls}
{certificates}
service imap-login {{
    inet_listener imap {{
        port = 143
        ssl = {swapped}
    }}
    inet_listener imaps {{
        port = 993
        ssl = {not_swapped}
    }}
}}
service pop3-login {{
    inet_listener pop3 {{
        port = 110
        ssl = {swapped}
    }}
    inet_listener pop3s {{
        port = 995
        ssl = {not_swapped}
    }}
}}
service managesieve-login {{
    inet_listener sieve {{
        port = 4190
    }}
}}
service auth {{
    unix_listener {auth_socket} {{
        mode = 0666
    }}
}}
service lmtp {{
    unix_listener {delivery_socket} {{
        mode = 0666
    }}
}}
# Without this every wrong password makes the next logins from the same address wait.
service anvil {{
    unix_listener anvil-auth-penalty {{
        mode = 0
    }}
}}
service stats {{
    unix_listener stats-writer {{
        mode = 0666
    }}
}}
"""


_EVERYBODY = f"""\
passdb {{
    driver = static
    args = password={PASSWORD}
}}
"""
_MARKED = "        special_use = \\%s\n        auto = subscribe\n"
_SPECIAL = ("Drafts", "Junk", "Sent", "Trash")


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """How Dovecot is set up."""

    certificate: Certificate  # for a client that asks for no name, or for one that is not in by_name
    by_name: tuple[tuple[str, Certificate], ...] = ()  # SNI
    tls: bool = True  # False: ssl = no, so there is no STARTTLS, and nobody at 993 and 995
    plaintext_login: bool = False
    swapped: bool = False  # TLS from the start at 143 and 110, and in the clear at 993 and 995
    min_tls: str = "TLSv1.2"
    mechanisms: str = "plain login"
    users: tuple[str, ...] | None = None  # lines of a passwd-file; None: everybody who knows the password
    users_are: str = "%u"  # how they stand there: "%s/%u" has the protocol before the name, which is "smtp" for Postfix's
    special_use: bool = True
    quota: str = ""  # "10K": of all mail
    spam: bool = False  # all mail is put into Junk


class Dovecot:
    """Dovecot, listening at *addresses*, once it is told how by `serve`."""

    def __init__(self, network: Network, authority: Authority, *addresses: str) -> None:
        self._network = network
        self._authority = authority
        self._addresses = addresses
        self._configuration = network.directory_for("dovecot") / "dovecot.conf"
        self._program: Program | None = None
        self._serves: Mailboxes | None = None

    def serve(self, mailboxes: Mailboxes) -> None:
        """Be as *mailboxes* says, from the next connection on."""
        if mailboxes == self._serves:
            return
        self._serves = None
        if self._program is None:
            self._network.run("install", "-d", "-o", str(OWNER), "-g", str(OWNER), MAIL)
        else:
            self._stop(self._program)
        self._configuration.write_text(self._text(mailboxes))
        self._program = self._network.start("dovecot", "dovecot", "-F", "-c", self._configuration)
        port = 993 if mailboxes.tls else 143
        self._program.wait_until(lambda: self._network.listens(self._addresses[0], port), f"answer on port {port}")
        self._serves = mailboxes

    def close(self) -> None:
        """End at once."""
        if self._program is not None:
            self._stop(self._program)
            self._program = None

    def _stop(self, program: Program) -> None:
        # Asked to end, Dovecot waits for its processes, which takes seconds. Some of them end by themselves meanwhile.
        kill = f"read pid <{SCRATCH}/dovecot/master.pid; kill -9 $pid $(cat /proc/$pid/task/$pid/children) || true"
        self._network.run("sh", "-c", kill)
        program.stop()
        doors = [(address, port) for address in self._addresses for port in _PORTS]
        wait_until(lambda: not any(self._network.listens(*door) for door in doors), "end of Dovecot", 10)

    def _text(self, mailboxes: Mailboxes) -> str:
        by_name = "".join(f"local_name {name} {{\n{self._shown(certificate)}}}\n" for name, certificate in mailboxes.by_name)
        return _CONFIGURATION.format(
            scratch=SCRATCH,
            mail=MAIL,
            owner=OWNER,
            mechanisms=mailboxes.mechanisms,
            passwords=self._passwords(mailboxes),
            folders="".join(f"    mailbox {name} {{\n{_MARKED % name}    }}\n" for name in _SPECIAL if mailboxes.special_use),
            quota=f"quota_rule = *:storage={mailboxes.quota}" if mailboxes.quota else "",
            filter=f"sieve_before = {self._filter()}" if mailboxes.spam else "",
            auth_socket=AUTH_SOCKET,
            delivery_socket=DELIVERY_SOCKET,
            listen=", ".join(self._addresses),
            only_over_tls=_yes(not mailboxes.plaintext_login),
            tls=_yes(mailboxes.tls),
            min_tls=mailboxes.min_tls,
            certificates=self._shown(mailboxes.certificate) + by_name,
            swapped=_yes(mailboxes.swapped),
            not_swapped=_yes(not mailboxes.swapped),
        )

    def _passwords(self, mailboxes: Mailboxes) -> str:
        if mailboxes.users is None:
            return _EVERYBODY
        # Dovecot's own user is to read it, and everything else is root's alone.
        users = SCRATCH / "users"
        self._network.run("sh", "-c", f"cat >{users} && chmod 644 {users}", stdin="".join(f"{line}\n" for line in mailboxes.users))
        return f"passdb {{\n    driver = passwd-file\n    args = scheme=plain username_format={mailboxes.users_are} {users}\n}}\n"

    def _filter(self) -> Path:
        script = SCRATCH / "sieve" / "spam.sieve"
        make = f"mkdir -p {script.parent} && cat >{script} && chown -R {OWNER}:{OWNER} {script.parent}"
        self._network.run("sh", "-c", make, stdin='require "fileinto";\nfileinto "Junk";\n')
        return script

    def _shown(self, certificate: Certificate) -> str:
        credentials = self._authority.credentials(certificate)
        return f"ssl_cert = <{credentials.certificate}\nssl_key = <{credentials.key}\n"


def _yes(so: bool) -> str:
    return "yes" if so else "no"
