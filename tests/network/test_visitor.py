"""Somebody logs in, looks around and sends a message, at servers that do what no real one does."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from autoconfig.address import Domain, EmailAddress
from autoconfig.network.secret import Password
from autoconfig.network.visitor import Guest
from autoconfig.observations import Endpoint, Letter, Login, LoginOutcome, Mailbox, Quota, RoundTrip, Sent, Service, Stop
from tests.faulty import Fault, Faulty, root_pem
from tests.faulty import Service as Kind
from tests.network.loginserver import PASSWORD, USER, Handler, Place, Scram, Talk, serving

pytestmark = pytest.mark.slow

SHORT = 0.5  # seconds for what never ends
LONG = 20.0  # seconds for what ends by itself, on a busy machine too
ANNA = EmailAddress.parse(USER)
LETTER = Letter("test", "Hej å\n.x\n")
PLAIN = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
B64 = [base64.b64encode(text.encode()).decode() for text in (USER, PASSWORD)]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority of the servers here."""
    path: Path = tmp_path_factory.mktemp("trust") / "root.pem"
    path.write_text(root_pem())
    return path


def log_in(ca: Path, service: Service, handler: Handler, seconds: float = LONG, username: str = USER) -> tuple[Login, Place]:
    """Return what one login at *handler* showed; nothing of the secret is in it."""

    async def run() -> tuple[Login, Place]:
        async with serving(service, handler) as place:
            return await Guest(Password(PASSWORD), ca, seconds).login(place.endpoint, username), place

    login, place = asyncio.run(run())
    hidden = repr(replace(login, username=""))
    assert not [word for word in (PASSWORD, PLAIN, *B64, "anna@") if word in hidden], hidden
    return login, place


# --- servers -----------------------------------------------------------------------------------------------------------------------

Step = Callable[[Talk, str, str], Awaitable[bool]]


async def nobody(talk: Talk, mechanism: str, initial: str) -> bool:
    """Refuse."""
    return False


async def everybody(talk: Talk, mechanism: str, initial: str) -> bool:
    """Let in whoever comes."""
    return True


async def silent(talk: Talk, mechanism: str, initial: str) -> bool:
    """Say nothing any more."""
    await asyncio.sleep(60)
    return False


def scram(how: Scram) -> Step:
    """Speak SCRAM."""

    async def step(talk: Talk, mechanism: str, initial: str) -> bool:
        mark = "334" if talk.heard[0].startswith("EHLO") else "+"
        first = base64.b64decode(initial) if initial else await talk.challenge(mark, b"")
        return await how.spoken(talk, mark, first)

    return step


def says(*lines: str) -> Step:
    """Say *lines*, and let nobody in."""

    async def step(talk: Talk, mechanism: str, initial: str) -> bool:
        await talk.say(*lines)
        await talk.line()
        return False

    return step


@dataclass(frozen=True)
class IMAP:
    """An IMAP server: *offers* capabilities, lets in by *step*, and answers commands by *answers*, where {tag} is the command's."""

    offers: str = "SASL-IR AUTH=PLAIN"
    step: Step = everybody
    answers: dict[str, str] = field(default_factory=dict)
    no: str = "NO [AUTHENTICATIONFAILED] no"

    async def __call__(self, talk: Talk) -> None:
        """Serve one client."""
        await talk.say(f"* OK [CAPABILITY IMAP4rev1 {self.offers}] ready")
        inside = {
            "CAPABILITY": f"* CAPABILITY IMAP4rev1 {self.offers}\r\n{{tag}} OK",
            "LIST": '* LIST () "/" INBOX\r\n{tag} OK',
            "STATUS": "* STATUS INBOX (MESSAGES 3)\r\n{tag} OK",
            "GETQUOTAROOT": "* QUOTA u (STORAGE 1 10)\r\n{tag} OK",
            **self.answers,
        }
        while True:
            tag, _, rest = (await talk.line()).partition(" ")
            command, _, argument = rest.partition(" ")
            if command in ("AUTHENTICATE", "LOGIN"):
                mechanism, _, initial = argument.partition(" ")
                if await self.step(talk, mechanism, initial):
                    await talk.say(f"{tag} OK [CAPABILITY IMAP4rev1 {self.offers}] in")
                else:
                    await talk.say(f"{tag} {self.no}")
            else:
                await talk.say(inside.get(command, "{tag} BAD what").replace("{tag}", tag))


@dataclass(frozen=True)
class Lines:
    """A POP3 or SMTP server in the same way: *answers* by command, "{0}" the first word; *offers* are the lines of its list."""

    greeting: str
    list_command: str
    listing: str
    yes: str
    no: str
    step: Step = everybody
    answers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, talk: Talk) -> None:
        """Serve one client."""
        await talk.say(self.greeting)
        while True:
            command, _, argument = (await talk.line()).partition(" ")
            if command == self.list_command:
                await talk.say(self.listing)
            elif command == "AUTH":
                mechanism, _, initial = argument.partition(" ")
                await talk.say(self.yes if await self.step(talk, mechanism, initial) else self.no)
            else:
                await talk.say(self.answers.get(command, self.no))
                if command == "DATA":
                    while await talk.line() != ".":
                        pass
                    await talk.say(self.answers["."])


POP3 = Lines("+OK ready", "CAPA", "+OK\r\nSASL PLAIN LOGIN\r\nTOP\r\n.", "+OK in", "-ERR [AUTH] no", answers={"STAT": "+OK 2 300"})
SMTP = Lines("220 ready", "EHLO", "250-x\r\n250 AUTH PLAIN", "235 in", "535 5.7.8 no")
DOORS = {Service.IMAPS: IMAP(), Service.POP3S: POP3, Service.SUBMISSIONS: SMTP}


def offering(service: Service, mechanism: str, step: Step) -> Handler:
    """Return the server of *service* that offers *mechanism* alone, and lets in by *step*."""
    if service is Service.IMAPS:
        return IMAP(f"SASL-IR AUTH={mechanism}", step)
    listing = f"+OK\r\nSASL {mechanism}\r\n." if service is Service.POP3S else f"250-x\r\n250 AUTH {mechanism}"
    return replace(POP3 if service is Service.POP3S else SMTP, listing=listing, step=step)


# --- the login ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
@pytest.mark.parametrize("service", DOORS)
def test_both_prove_that_they_know_the_password(ca: Path, service: Service, digest: str) -> None:
    """SCRAM, without the password on the way."""
    mechanism = {"sha1": "SCRAM-SHA-1", "sha256": "SCRAM-SHA-256"}[digest]
    login, place = log_in(ca, service, offering(service, mechanism, scram(Scram(digest))))
    assert (login.outcome, login.mechanism, login.stop) == (LoginOutcome.ACCEPTED, mechanism, None)
    assert not [line for line in place.heard if PASSWORD in line or B64[1] in line]
    login, _ = log_in(ca, service, offering(service, mechanism, scram(Scram(digest, password="another"))))
    assert login.outcome is LoginOutcome.REFUSED


@pytest.mark.parametrize("lie", ["nonce", "iterations", "salt", "signature", "silence", "early"])
@pytest.mark.parametrize("service", DOORS)
def test_a_server_that_cannot_prove_itself_has_not_let_us_in(ca: Path, service: Service, lie: str) -> None:
    """Whatever it says at the end; and nothing is tried after that."""
    login, place = log_in(ca, service, offering(service, "SCRAM-SHA-256", scram(Scram(lie=lie))))
    assert (login.outcome, login.mechanism) == (LoginOutcome.MECHANISM_FAILED, "SCRAM-SHA-256")
    assert login.mailboxes is None
    assert sum(("AUTH" in line) for line in place.heard) == 1


def test_a_server_that_refuses_within_the_mechanism(ca: Path) -> None:
    """RFC 5802, 7: e=invalid-proof, and then NO."""
    login, _ = log_in(ca, Service.IMAPS, offering(Service.IMAPS, "SCRAM-SHA-256", scram(Scram(lie="refusal"))))
    assert login.outcome is LoginOutcome.REFUSED


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
@pytest.mark.parametrize("service", DOORS)
@pytest.mark.parametrize("challenge", ["****", "=", "e" * 6000, "å", ""])
def test_garbage_for_a_challenge_ends_it(ca: Path, service: Service, mechanism: str, challenge: str) -> None:
    """What is not base64, too long, or more than the mechanism has. LOGIN's challenges may be empty, as they are ignored anyway."""
    mark = "334" if service is Service.SUBMISSIONS else "+"
    login, place = log_in(
        ca, service, offering(service, mechanism, says(f"{mark} {challenge}", f"{mark} {challenge}", f"{mark} {challenge}"))
    )
    assert login.outcome in (LoginOutcome.MECHANISM_FAILED, LoginOutcome.REFUSED)
    assert login.outcome is LoginOutcome.MECHANISM_FAILED or (mechanism, challenge) == ("LOGIN", "")
    assert sum(line.partition(" ")[2].startswith(("AUTH", mechanism)) for line in place.heard) <= 1


@pytest.mark.parametrize("service", DOORS)
def test_silence_after_the_password(ca: Path, service: Service) -> None:
    """Ends in time."""
    login, _ = log_in(ca, service, offering(service, "PLAIN", silent), SHORT)
    assert (login.outcome, login.stop) == (LoginOutcome.BROKEN_OFF, Stop.TIMEOUT)
    assert login.ms < 5000
    assert any("********" in line for line in login.transcript)


@pytest.mark.parametrize("service", DOORS)
def test_a_refusal_is_the_end(ca: Path, service: Service) -> None:
    """There is one attempt, though there are other mechanisms."""
    several = {
        Service.IMAPS: IMAP("AUTH=CRAM-MD5 AUTH=PLAIN AUTH=LOGIN", nobody),
        Service.POP3S: replace(POP3, listing="+OK\r\nUSER\r\nSASL CRAM-MD5 PLAIN\r\n.", step=nobody),
        Service.SUBMISSIONS: replace(SMTP, listing="250-x\r\n250 AUTH LOGIN PLAIN CRAM-MD5", step=nobody),
    }
    login, place = log_in(ca, service, several[service])
    assert (login.outcome, login.mechanism) == (LoginOutcome.REFUSED, "CRAM-MD5")
    assert sum("AUTH" in line or "LOGIN" in line or "PASS" in line for line in place.heard) == 1


def test_a_server_that_repeats_the_password_is_told_without_it(ca: Path) -> None:
    """As it is, in base64, and with the name."""
    handler = IMAP(step=nobody, no=f"NO {USER} {PASSWORD} {PLAIN} {B64[1]} wrong for anna")
    login, _ = log_in(ca, Service.IMAPS, handler)
    assert (login.outcome, login.words.split()[0], login.words.split()[-3]) == (LoginOutcome.REFUSED, "NO", "wrong")
    assert login.words.endswith("for ********")


def test_imap_without_sasl_ir_is_asked_to_wait(ca: Path) -> None:
    """The password is said only when the server goes on."""

    async def step(talk: Talk, mechanism: str, initial: str) -> bool:
        assert initial == ""
        await talk.say("* CAPABILITY IMAP4rev1", "+ ")
        return await talk.line() == PLAIN

    assert log_in(ca, Service.IMAPS, IMAP("AUTH=PLAIN", step))[0].outcome is LoginOutcome.ACCEPTED


@pytest.mark.parametrize("username", [USER, "änna", 'a "b" \\c'])
def test_imap_s_own_login(ca: Path, username: str) -> None:
    """Quoted where it can be, else as a literal: here the password has a letter beyond ASCII."""
    heard: list[bytes] = []

    async def handler(talk: Talk) -> None:
        await talk.say("* OK [CAPABILITY IMAP4rev1] ready")
        line = await talk.line()
        while found := re.search(r"\{(\d+)\}\Z", line):
            await talk.say("+ go on")
            heard.append(await talk.reader.readexactly(int(found[1])))
            line = await talk.line()
        await talk.say("L OK [CAPABILITY IMAP4rev1] in")
        await talk.line()

    login, place = log_in(ca, Service.IMAPS, handler, username=username)
    assert (login.outcome, login.mechanism) == (LoginOutcome.ACCEPTED, "PASSWORD")
    assert heard[-1] == PASSWORD.encode()
    assert heard[0] == username.encode() if not username.isascii() else place.heard[0].startswith('L LOGIN "a')


def test_pop3_s_own_login(ca: Path) -> None:
    """USER and PASS, where CAPA has no SASL."""
    answers = {"USER": "+OK", "PASS": "+OK in", "STAT": "+OK 2 300"}
    login, place = log_in(ca, Service.POP3S, replace(POP3, listing="+OK\r\nUSER\r\n.", answers=answers))
    assert (login.outcome, login.mechanism, login.messages, login.octets) == (LoginOutcome.ACCEPTED, "PASSWORD", 2, 300)
    assert place.heard[1:3] == [f"USER {USER}", f"PASS {PASSWORD}"]
    login, place = log_in(ca, Service.POP3S, replace(POP3, listing="+OK\r\nUSER\r\n.", answers={}))
    assert login.outcome is LoginOutcome.REFUSED
    assert not [line for line in place.heard if line.startswith("PASS")]


@pytest.mark.parametrize(
    ("service", "offer"), [(Service.SUBMISSIONS, "XOAUTH2 GSSAPI"), (Service.POP3S, "XOAUTH2"), (Service.IMAPS, "XOAUTH2")]
)
def test_no_login_that_we_know(ca: Path, service: Service, offer: str) -> None:
    """Then nothing is said at all."""
    handler = IMAP(f"LOGINDISABLED AUTH={offer}") if service is Service.IMAPS else offering(service, offer, nobody)
    login, place = log_in(ca, service, handler)
    assert (login.outcome, login.words) == (LoginOutcome.NO_MECHANISM, offer.replace(" ", ", "))
    assert not [line for line in place.heard if "AUTH" in line]


@pytest.mark.parametrize("username", ["", "anna\r\nDELE 1", "a\0b", "x\x85y", "\ud800"])
def test_a_user_name_that_could_be_a_command(ca: Path, username: str) -> None:
    """Documents from outside name it."""
    login, place = log_in(ca, Service.POP3S, POP3, username=username)
    assert login.outcome is LoginOutcome.NOT_TRIED
    assert place.talks == []


# --- verified, or not at all -------------------------------------------------------------------------------------------------------

CERTIFICATES = [fault for fault in Fault if fault.name.startswith("CERT_") and Kind.IMAPS in fault.services]
# A server that keeps what was said before TLS harms who lets it happen; we say nothing there.
UPGRADES = [f for f in Fault if f.name.startswith("STARTTLS_") and Kind.IMAP in f.services and f is not Fault.STARTTLS_KEEPS_COMMANDS]
PASSWORD_SAID = re.compile(r"\bAUTH|LOGIN |USER|PASS")


def said_to(ca: Path, kind: Kind, fault: Fault) -> tuple[Login, list[str]]:
    """Return a login at a server with *fault*, and what it heard of it."""
    with Faulty(kind, fault, delay=30) as server:
        at = Endpoint(Service(str(kind)), Domain.parse(server.name), server.host, server.port)
        login = asyncio.run(Guest(Password(PASSWORD), ca, 1.5).login(at, USER))
        assert server.settled(5)
        return login, [line for line in server.heard if PASSWORD_SAID.search(line)]


async def a_careful_client_goes_on(ca: Path, kind: Kind, fault: Fault) -> bool:
    """Tell whether Python's own TLS, at its default settings and without common names, takes the certificate."""
    context = ssl.create_default_context(cafile=str(ca))
    context.hostname_checks_common_name = False
    with Faulty(kind, fault, delay=30) as server:
        try:
            _, writer = await asyncio.open_connection(server.host, server.port, ssl=context, server_hostname=server.name)
        except OSError:
            return False
        writer.transport.abort()
        return True


@pytest.mark.parametrize("kind", [Kind.IMAPS, Kind.POP3S, Kind.SUBMISSIONS], ids=str)
@pytest.mark.parametrize("fault", CERTIFICATES, ids=str)
def test_the_login_itself_looks_at_the_certificate(ca: Path, kind: Kind, fault: Fault) -> None:
    """It does not rely on what was seen before: a password is heard only where a careful client would go on."""
    login, said = said_to(ca, kind, fault)
    if asyncio.run(a_careful_client_goes_on(ca, kind, fault)):
        assert (login.outcome, len(said)) == (LoginOutcome.REFUSED, 1)
    else:
        assert (login.outcome, said) == (LoginOutcome.NOT_SECURED, [])


@pytest.mark.parametrize("kind", [Kind.IMAP, Kind.POP3, Kind.SUBMISSION], ids=str)
@pytest.mark.parametrize("fault", UPGRADES, ids=str)
def test_nothing_is_said_without_a_right_way_up_to_tls(ca: Path, kind: Kind, fault: Fault) -> None:
    """Not offered, refused, silent, stripped, or with something in the clear where TLS should be."""
    if kind in fault.services:
        login, said = said_to(ca, kind, fault)
        assert said == []
        assert login.outcome in (LoginOutcome.NOT_SECURED, LoginOutcome.BROKEN_OFF)


@pytest.mark.parametrize("kind", [Kind.IMAP, Kind.POP3, Kind.SUBMISSION], ids=str)
def test_after_the_way_up_the_password_is_said(ca: Path, kind: Kind) -> None:
    """The other side of it."""
    login, said = said_to(ca, kind, Fault.STARTTLS_KEEPS_COMMANDS)
    assert (login.outcome, len(said)) == (LoginOutcome.REFUSED, 1)


# --- inside ------------------------------------------------------------------------------------------------------------------------


def test_what_is_to_be_seen_inside(ca: Path) -> None:
    """Folders, messages and limits."""
    login, _ = log_in(ca, Service.IMAPS, IMAP("SASL-IR AUTH=PLAIN QUOTA"))
    assert (login.mailboxes, login.messages) == ((Mailbox("INBOX", "INBOX"),), 3)
    assert login.quotas == (Quota("u", "STORAGE", 1, 10),)
    login, place = log_in(ca, Service.IMAPS, IMAP())
    assert login.quotas == ()
    assert not [line for line in place.heard if "QUOTA" in line]


@pytest.mark.parametrize(
    ("answers", "stop"),
    [
        ({"LIST": "{tag} NO [SERVERBUG] broken"}, None),
        ({"LIST": "* BYE I fell over"}, None),
        ({"LIST": "* LIST (((("}, Stop.GARBAGE),
        ({"LIST": "* LIST (((\r\n{tag} OK"}, Stop.GARBAGE),
        ({"LIST": "* X {999999999}\r\n"}, Stop.TOO_LONG),
        ({"LIST": "x" * 10_000}, Stop.TOO_LONG),
        ({"STATUS": "{tag} NO no inbox"}, None),
        ({"STATUS": "{tag} OK"}, Stop.GARBAGE),
    ],
)
def test_a_mailbox_that_cannot_be_looked_into(ca: Path, answers: dict[str, str], stop: Stop | None) -> None:
    """The login was taken, that stays so."""
    login, _ = log_in(ca, Service.IMAPS, IMAP(answers=answers), 2.0)
    assert (login.outcome, login.messages) == (LoginOutcome.ACCEPTED, None)
    assert login.stop in (stop, Stop.TIMEOUT) if stop else login.words


def test_folders_without_end(ca: Path) -> None:
    """Are read up to a limit."""

    async def handler(talk: Talk) -> None:
        await talk.say("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready")
        await talk.line()
        await talk.say("L OK [CAPABILITY IMAP4rev1] in")
        await talk.line()
        while True:
            await talk.say(*(f'* LIST () "/" "{n:0100d}"' for n in range(100)))

    login, _ = log_in(ca, Service.IMAPS, handler)
    assert (login.outcome, login.stop, login.mailboxes) == (LoginOutcome.ACCEPTED, Stop.TOO_LONG, None)


# --- there and back ----------------------------------------------------------------------------------------------------------------

TAKEN = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 queued as 1"}


def travel(ca: Path, out: Handler, back: Handler, service: Service = Service.IMAPS, wait: float = SHORT) -> tuple[RoundTrip, Place, Place]:
    """Return what became of a message."""

    async def run() -> tuple[RoundTrip, Place, Place]:
        async with serving(Service.SUBMISSIONS, out) as sending, serving(service, back) as fetching:
            waits: list[float] = []
            guest = Guest(Password(PASSWORD), ca, LONG, wait, waits.append)
            trip = await guest.send_and_wait(ANNA, LETTER, (sending.endpoint, USER), (fetching.endpoint, USER))
            assert waits == ([wait] if trip.sent is Sent.ACCEPTED else [])
            return trip, sending, fetching

    trip, sending, fetching = asyncio.run(run())
    assert not [word for word in (PASSWORD, PLAIN, *B64) if word in repr(trip)]
    return trip, sending, fetching


def finding(mailbox: str, offers: str = "SASL-IR AUTH=PLAIN UIDPLUS", **answers: str) -> Handler:
    """Return an IMAP server that has the message in *mailbox*, as number 7."""
    folders = '* LIST () "/" INBOX\r\n* LIST (\\Junk) "/" Bad\r\n* LIST (\\Noselect) "/" Nothing\r\n{tag} OK'

    async def handler(talk: Talk) -> None:
        await talk.say(f"* OK [CAPABILITY IMAP4rev1 {offers}] ready")
        looked = ""
        while True:
            tag, _, rest = (await talk.line()).partition(" ")
            command = " ".join(rest.split()[:2])
            if rest.startswith("EXAMINE"):
                looked = rest.split('"')[1]
            found = " 7" if looked == mailbox else ""
            said = {"UID SEARCH": f"* SEARCH{found}\r\n{tag} OK", 'LIST ""': folders}.get(command, "{tag} OK")
            said = answers.get(command.replace(" ", "_"), said)
            if "AUTHENTICATE" in command:
                said = f"{{tag}} OK [CAPABILITY IMAP4rev1 {offers}] in"
            await talk.say(said.replace("{tag}", tag))

    return handler


@pytest.mark.parametrize("mailbox", ["INBOX", "Bad"])
def test_a_message_is_found_and_deleted_alone(ca: Path, mailbox: str) -> None:
    """By its Message-ID, without a flag of any other being touched."""
    trip, sending, fetching = travel(ca, replace(SMTP, answers=TAKEN), finding(mailbox))
    assert (trip.sent, trip.deleted, trip.trouble) == (Sent.ACCEPTED, True, "")
    assert trip.mailbox is not None
    assert trip.mailbox.wire == mailbox
    assert trip.arrived_ms is not None
    (sent,) = (line for line in sending.heard if line.startswith("Message-ID: "))
    assert sum(sent.removeprefix("Message-ID: ") in line for line in fetching.heard) >= 1
    inside = [line.split(" ", 1)[1] for line in fetching.heard]
    changes = [line for line in inside if not line.startswith(("AUTHENTICATE", "LIST", "EXAMINE", "UID SEARCH"))]
    deleted = [f'SELECT "{mailbox}"', "UID STORE 7 +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE 7"]
    assert [line for line in changes if line != "LOGOUT"] == deleted
    assert "." in sending.heard
    assert "..x" in sending.heard  # RFC 5321, 4.5.2


def test_nothing_is_expunged_that_others_have_marked(ca: Path) -> None:
    """Without UIDPLUS the message is marked, and stays."""
    trip, _, fetching = travel(ca, replace(SMTP, answers=TAKEN), finding("INBOX", "SASL-IR AUTH=PLAIN"))
    assert (trip.arrived_ms is not None, trip.deleted) == (True, False)
    assert not [line for line in fetching.heard if "EXPUNGE" in line or "CLOSE" in line]


@pytest.mark.parametrize(
    ("answers", "trouble"),
    [
        ({"UID_SEARCH": "{tag} NO no search"}, "NO no search"),
        ({"UID_SEARCH": "what"}, "garbage"),
        ({'SELECT_"INBOX"': "{tag} NO read-only"}, "NO read-only"),
    ],
)
def test_a_mailbox_that_fails_while_it_is_watched(ca: Path, answers: dict[str, str], trouble: str) -> None:
    """It is told why nothing was seen, or deleted."""
    trip, _, _ = travel(ca, replace(SMTP, answers=TAKEN), finding("INBOX", **answers))
    assert (trip.deleted, trip.trouble) == (False, trouble)


def test_a_message_that_does_not_come_is_awaited_for_that_time(ca: Path) -> None:
    """And no longer."""
    trip, _, _ = travel(ca, replace(SMTP, answers=TAKEN), finding("nowhere"))
    assert (trip.sent, trip.arrived_ms, trip.trouble) == (Sent.ACCEPTED, None, "")
    assert 400 < trip.waited_ms < 5000


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        ({"MAIL": "553 5.7.1 not yours"}, Sent.SENDER_REFUSED),
        ({"RCPT": "550 5.1.1 unknown"}, Sent.RECIPIENT_REFUSED),
        ({"RCPT": "450 4.2.0 later"}, Sent.LATER),
        ({"DATA": "554 5.7.1 no"}, Sent.REFUSED),
        ({".": "554 5.7.1 spam"}, Sent.REFUSED),
        ({".": "452 4.3.1 full"}, Sent.LATER),
        ({"RCPT": "what"}, Sent.FAILED),
    ],
)
def test_a_message_that_is_not_taken_is_not_awaited(ca: Path, change: dict[str, str], sent: Sent) -> None:
    """In the server's words."""
    trip, _, fetching = travel(ca, replace(SMTP, answers={**TAKEN, **change}), finding("INBOX"))
    assert trip.sent is sent
    assert trip.words == (next(iter(change.values())) if sent is not Sent.FAILED else "garbage")
    assert fetching.talks == []


def test_a_message_is_found_by_pop3(ca: Path) -> None:
    """The newest are looked at by TOP, by a login for each look, and it is deleted by number."""
    looks = 0

    async def back(talk: Talk) -> None:
        nonlocal looks
        looks += 1
        await talk.say("+OK")
        while True:
            line = await talk.line()
            here = [text for text in sent if text.startswith("Message-ID:")] or ["X: y"]
            answers = {
                "CAPA": "+OK\r\nUSER\r\n.",
                "STAT": "+OK 2 100" if looks > 1 else "+OK 1 50",
                "TOP 2 0": f"+OK\r\nSubject: x\r\n{here[0]}\r\n\r\n.",
                "TOP 1 0": "+OK\r\nSubject: other\r\n\r\n.",
            }
            await talk.say("-ERR [LOGIN-DELAY] wait" if line.startswith("PASS") and looks == 2 else answers.get(line, "+OK"))

    sent: list[str] = []

    async def out(talk: Talk) -> None:
        sent_by = talk.heard
        try:
            await replace(SMTP, answers=TAKEN)(talk)
        finally:
            sent.extend(sent_by)

    trip, _, fetching = travel(ca, out, back, Service.POP3S, LONG)
    assert (trip.sent, trip.deleted, looks) == (Sent.ACCEPTED, True, 3)
    assert [line for line in fetching.heard if line.startswith(("DELE", "RETR"))] == ["DELE 2"]
    assert fetching.heard[-1] == "QUIT"
