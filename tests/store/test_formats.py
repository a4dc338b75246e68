"""The formats of settings files: each gives back what it was given, and tells every mistake of a bad file with its place."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autoconfig.address import Domain
from autoconfig.cli.exchange import EXPORTED, IMPORTED
from autoconfig.errors import SettingsError, StoreError
from autoconfig.model import DomainSettings, Protocol, Settings
from autoconfig.store.exchange.file import MAX_MISTAKES, SettingsFile, Stage, judge, silent
from autoconfig.store.exchange.formats import FORMATS, format_of
from autoconfig.store.exchange.toml import MAX_PIECE
from autoconfig.store.store import Store
from tests import strategies
from tests.store import steps
from tests.store.world import KARLA, WORLD, entry, name, provider

WRITTEN = [name for name, found in FORMATS.items() if found.pieces]


def write(format: str, settings: Settings) -> bytes:
    pieces = FORMATS[format].pieces
    assert pieces is not None
    return "".join(pieces(settings.providers, settings.domains)).encode()


def parse(format: str, source: bytes | str, default_provider: str | None = None) -> SettingsFile:
    return FORMATS[format].parse(source.encode() if isinstance(source, str) else source, default_provider, silent)


def mistakes(format: str, source: bytes | str, default_provider: str | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        judge(parse(format, source, default_provider))
    return [str(problem) for problem in caught.value.problems]


# --- what every format does --------------------------------------------------------------------------------------------------------


def test_the_command_offers_the_formats_that_there_are() -> None:
    """Its lists are written by hand, so that `--help` loads none of them."""
    assert list(FORMATS) == list(IMPORTED)
    assert list(EXPORTED) == WRITTEN


@pytest.mark.parametrize("format", WRITTEN)
@given(given=strategies.settings())
def test_a_format_gives_back_what_it_was_given(format: str, given: Settings) -> None:
    """Every value of every domain; the providers too, but in CSV, which has none."""
    again = parse(format, write(format, given))
    assert again.mistakes == ()
    assert again.domains == given.domains
    assert again.providers == (() if format == "csv" else given.providers)
    assert write(format, again) == write(format, Settings(again.providers, given.domains))


@pytest.mark.parametrize("format", WRITTEN)
def test_a_format_says_every_kind_of_override(format: str) -> None:
    """Also that there are no further ports, an account that overrides nothing, and overrides in another order."""
    text = (
        '[[domain]]\nname = "a.se"\nprovider = "karla"\nnote = "rad ett\\nrad två; \\"tre\\", \\tfyra"\n'
        '[[domain.account]]\nprotocol = "pop3"\nincoming = { also = [], auth = ["oauth2", "gssapi"] }\n'
        '[[domain.account]]\nprotocol = "imap"\n'
        '[[domain]]\nname = "b.se"\nprovider = "karla"\n[[domain.account]]\nprotocol = "imap"\n'
        'outgoing = { also = [{ port = 587, tls = "starttls" }, { port = 2525, tls = "none" }], username = "%EMAILLOCALPART%" }\n'
    )
    said = parse("toml", text)
    assert parse(format, write(format, said)) == Settings((), said.domains)


@pytest.mark.parametrize("format", [*FORMATS])
@given(st.one_of(st.binary(), st.text().map(str.encode)))
@example(b"\xff\xfea\0")
@example(b"\xef\xbb\xbf")
@example(b'domain\n"')
@example(b'{"domain": [1e999, NaN, {"name": "\\ud800"}]}')
def test_any_bytes_are_settings_or_mistakes(format: str, source: bytes) -> None:
    """Never anything else."""
    with suppress(SettingsError):
        judge(parse(format, source, "karla"))


_SCRAPS = {
    "toml": ("[[domain]]\n", 'name = "a.se"\n', 'note = """\n', '"""\n', "[[domain.account]]\n", "[", '"', "a = 1\n", "[[provider]]\n"),
    "csv": ("domain,provider\n", "a.se", ",", ";", '"', "\n", "\r", "imap_also", "-", "587 starttls", "sep=;\n", "\t"),
    "json": ('{"domain": [', '{"name": "a.se"}', "]", "}", ",", ":", '"domain"', '"', "1", "null", "[", "{", "NaN", "\\u00"),
    "cpanel": ("a.se", ":", " ", "user", "\n", "*: nobody\n", "#", "\r", "\0"),
}  # fmt: skip


@pytest.mark.parametrize("format", [*FORMATS])
@given(data=st.data())
def test_scraps_of_a_format_are_settings_or_mistakes(format: str, data: st.DataObject) -> None:
    """What is nearly right, too."""
    source = "".join(data.draw(st.lists(st.sampled_from(_SCRAPS[format]), max_size=12)))
    with suppress(SettingsError):
        judge(parse(format, source, "karla"))


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.csv", "csv"),
        ("A.JSON", "json"),
        ("a.toml", "toml"),
        ("/etc/userdomains", "cpanel"),
        ("trueuserdomains", "cpanel"),
        ("-", "toml"),
        ("settings", "toml"),
        ("a.cpanel", "toml"),
        ("userdomains.csv", "csv"),
    ],
)
def test_a_file_s_name_tells_its_format(name: str, format: str) -> None:
    """TOML where it tells nothing."""
    assert format_of(name) == format


MANY = {"toml": "[[domain]]\n", "csv": "a\n", "json": "{},", "cpanel": "a: b\n"}


@pytest.mark.parametrize("format", [*FORMATS])
def test_a_thousand_mistakes_are_enough(format: str) -> None:
    """Then reading stops, and says so."""
    head = {"csv": "domain\n", "json": '{"domain": ['}.get(format, "")
    with pytest.raises(SettingsError) as caught:
        parse(format, head + MANY[format] * 3 * MAX_MISTAKES, "karla")
    assert len(caught.value.problems) == MAX_MISTAKES
    assert str(caught.value) == "after 1000 mistakes reading stopped; nothing was changed"


def test_ties_that_do_not_hold_are_told_a_thousand_times_too(store: Store) -> None:
    """What only the store can tell."""
    file = parse("csv", "domain,alias_of\n" + "".join(f"a{i}.se,b.se\n" for i in range(2 * MAX_MISTAKES)))
    with pytest.raises(SettingsError) as caught:
        store.import_settings(file)
    assert str(caught.value.problems[-1]) == "line 1001: column alias_of: a999.se is an alias of b.se, which is not there"
    assert caught.value.is_cut


@pytest.mark.parametrize("format", [*FORMATS])
def test_reading_tells_how_far_it_is(format: str) -> None:
    """In bytes, never backwards, to the end."""
    told: list[tuple[Stage, int, int]] = []
    source = {"csv": "domain\na.se\nb.se\n", "json": '{"domain": [{"name": "a.se"}]}', "cpanel": "a.se: a\n"}.get(
        format, '[[domain]]\nname = "a.se"\n'
    )
    FORMATS[format].parse(source.encode(), "karla", lambda *how_far: told.append(how_far))
    assert told[-1] == (Stage.READING, len(source), len(source))
    assert told == sorted(told)


# --- TOML, entry by entry ----------------------------------------------------------------------------------------------------------


def test_an_entry_may_hold_the_header_of_another_in_its_text() -> None:
    """The file is cut where a line begins an entry; within a string that is no entry."""
    note = "[[domain]]\nname = 'x'\n" * 50
    text = f'[[domain]]\nname = "a.se"\nprovider = "k"\nnote = """{note}"""\n[[domain]]\nname = "b.se"\nprovider = "k"\nnot = 1\n'
    assert mistakes("toml", text) == ["line 108: there is no key not here; did you mean note?"]
    assert parse("toml", text).domains[0].note == note


def test_entries_may_stand_in_one_list() -> None:
    """As some programs write them; places are right there too."""
    text = 'domain = [\n  { name = "a.se", provider = "k" },\n  { name = "b" },\n]\n'
    assert mistakes("toml", text) == [
        "line 3: the domain b has no dot; a domain looks like kund.se",
        "line 3: provider is missing; name a provider, or alias_of and another domain",
    ]


def test_every_entry_that_is_not_toml_is_told() -> None:
    """One broken entry hides neither another nor what is wrong elsewhere."""
    text = '[[domain]]\nname = "a.se\n[[domain]]\nname = "b"\nprovider = "k"\n[[domain]]\nname = c\n'
    assert [line.partition(":")[0] for line in mistakes("toml", text)] == ["line 2", "line 4", "line 7"]


@pytest.mark.slow
@pytest.mark.parametrize("text", ['a = """\n', "domain = [\n"])
def test_what_does_not_end_is_told_where_it_begins(text: str) -> None:
    """Once, and without reading on and on."""
    assert mistakes("toml", '[[domain]]\nname = "a.se"\nprovider = "k"\n[[domain]]\n' + text + "[[domain]]\n" * (MAX_PIECE // 8))[0] == (
        "line 4: what begins here does not end within 8 MiB; close its quotes and brackets, and write each domain as [[domain]]"
        if '"' in text
        else "line 6: column 3 is not TOML: Invalid value"
    )


# --- JSON --------------------------------------------------------------------------------------------------------------------------

JSON_MISTAKES = {
    "": ["line 1: column 1 is not JSON: a { is missing here"],
    "[]": ["line 1: column 1 is not JSON: a { is missing here"],
    '{"domain": []} x': ["line 1: column 16 is not JSON: there is more behind the end"],
    '{"domain": [\n{"name": "a.se",}\n]}': ["line 2: column 17 is not JSON: Expecting property name enclosed in double quotes"],
    '{"domain": [\n{"name": "a.se", "provider": "k"}\n{}]}': ["line 3: column 1 is not JSON: a comma or a ] is missing here"],
    '{"domain": [{"name": "a': ["line 1: column 22 is not JSON: Unterminated string starting at"],
    '{"domain" []}': ["line 1: column 11 is not JSON: a : is missing here"],
    '{1: []}': ["line 1: column 3 is not JSON: a key in quotes is missing here"],
    '{"domains": 1, "domain": []}': ["domains: there is no key domains here; did you mean domain?"],
    '{"domain": {}}': ["domain: domain must be a list in brackets"],
    '{"domain": [], "domain": []}': ["domain: the key domain stands here twice"],
    '{"domain": ["a.se"]}': ["domain[0]: domain must be a table"],
    '{"domain": [{"name": 1, "provider": "k", "suspended": "yes", "note": NaN}]}': [
        "domain[0].name: name must be text in quotes",
        "domain[0].suspended: suspended must be true or false, without quotes",
        "domain[0].note: note must be text in quotes",
    ],
    '{"domain": [{"name": "a.se", "provider": "k", "name": "b.se"}]}': ["domain[0].name: the key name stands here twice"],
    '{"domain": [{"name": "a.se", "provider": "k", "account": [{"protocol": "imap", "incoming": {"port": 0, "port": 65536}}]}]}': [
        "domain[0].account[0].incoming.port: the key port stands here twice",
        "domain[0].account[0].incoming.port: port must be between 1 and 65535, not 65536",
    ],
    '{"domain": [{"name": "a.se", "provider": "k", "account": [{"protocol": "imap"}, {"protocol": "imap"}]}]}': [
        "domain[0].account[1].protocol: there are two imap accounts here; there may be one for each protocol"
    ],
    '{"domain": [{"name": "a.se", "provider": "k", "account": [{"protocol": "imap", "incoming": {"host": "mail.%DOMAIN%"}}]}]}': [
        "domain[0].account[0].incoming.host: mail.%DOMAIN%: a host may only have the placeholder %EMAILDOMAIN%, not %DOMAIN%"
    ],
    '{"domain": [{"name": "byrå.se", "provider": "k"}, {"name": "XN--BYR-WLA.SE", "provider": "k"}]}': [
        "domain[1].name: XN--BYR-WLA.SE stands at domain[0].name already"
    ],
    '{"domain": [{"name": "a.se", "alias_of": "b.se"}, {"name": "b.se", "alias_of": "A.se."}]}': [
        "domain[0].alias_of: aliases that lead round in a ring: a.se, b.se, a.se"
    ],
    '{"domain": [{"name": "a.se", "provider": "k", "no\\nte": 1}]}': [
        'domain[0]["no\\nte"]: there is no key no\\nte here; did you mean note?'
    ],
    '{"domain": [{"name": "a.se", "provider": "k", "note": "\\ud800"}]}': [
        "domain[0].note: note has a character that cannot be seen: \\ud800"
    ],
    '{"domain": [{"name": "b", "provider": "k"}], "provider": [{"id": "K"}]}': [
        "domain[0].name: the domain b has no dot; a domain looks like kund.se",
        "provider[0]: name is missing",
        "provider[0]: short_name is missing",
        "provider[0].id: K is not an id; use a-z, 0-9 and hyphens, at most 64, such as karlahosting",
        "provider[0]: the provider has no account; write at least one [[provider.account]]",
    ],
    '{"domain": [' + "9" * 5000 + "]}": ["line 1: column 13 is not JSON: this number is too long"],
    '{"domain": [' + "[" * 100_000: ["line 1: column 13 is not JSON: this is nested too deeply to be settings"],
    '{"domain": [\n"' + "a" * 2_000_000: ["line 2: column 1 is not JSON: this entry goes on for more than 1048576 bytes"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "messages"), JSON_MISTAKES.items(), ids=range(len(JSON_MISTAKES)))
def test_a_json_file_with_mistakes(text: str, messages: list[str]) -> None:
    """Places are paths; what is not JSON has its line and column."""
    assert mistakes("json", text) == messages


@pytest.mark.slow
def test_json_that_is_longer_than_what_is_looked_at_together_is_read_whole() -> None:
    """Wherever its entries, its letters of several bytes and its blanks are cut."""
    domains = tuple(entry(f"byrå{i}.se", note="😀å" * (i % 700)) for i in range(3000))
    source = write("json", Settings((), domains))
    assert len(source) > 3 * 1024 * 1024
    assert parse("json", source).domains == domains
    assert parse("json", source.replace(b"\n", b"\n" * 700)).domains == domains
    bad = source.replace('"byrå2999.se"'.encode(), b'"bad"')
    assert mistakes("json", bad) == ["domain[2999].name: the domain bad has no dot; a domain looks like kund.se"]
    line = source.count(b"\n", 0, source.index(b"2998")) + 1
    broken = source.replace('"byrå2998.se"'.encode(), b"'")
    assert mistakes("json", broken) == [f"line {line}: column 10 is not JSON: Expecting value"]


def test_json_is_written_an_entry_a_line() -> None:
    """So that people can compare two exports."""
    text = write("json", WORLD).decode()
    assert len(text.splitlines()) == len(WORLD.providers) + len(WORLD.domains) + 4
    assert json.loads(text)["domain"][0] == {"name": "kund.se", "provider": "karla"}
    assert json.loads(write("json", Settings())) == {"provider": [], "domain": []}


# --- CSV ---------------------------------------------------------------------------------------------------------------------------

CSV_MISTAKES = {
    "": ["line 1: the first row must name the columns, and domain among them"],
    "a.se;karla\n": ["line 1: the first row must name the columns, and domain among them"],
    "\n\nprovider\nk\n": ["line 3: the first row must name the columns, and domain among them"],
    "domain,provder\na.se,k\n": ["line 1: there is no column provder; did you mean provider?",
                                  "line 1: there is no column provider; say with --provider whose these domains are"],
    "domain,provider,xyzzy\na.se,k\n": [
        "line 1: there is no column xyzzy; the columns are domain, provider, protocols, alias_of, suspended, subdomains, note ..."],
    "domain,,provider\na.se,,k\n": ["line 1: a column has no name"],
    "domain,provider,Domain\na.se,k,b.se\n": ["line 1: there are two columns domain"],
    "domain,provider\na.se,k,x\n": ["line 2: the row has 3 cells, but there are 2 columns"],
    "domain,provider\n,k\n": ["line 2: domain is missing"],
    "domain,provider\na.se\n": ["line 2: provider is missing; name a provider, or alias_of and another domain"],
    "domain\na.se\nb.se\nc\n": ["line 1: there is no column provider; say with --provider whose these domains are",
                                "line 4: column domain: the domain c has no dot; a domain looks like kund.se"],
    "domain,provider\na b.se,k\n\n\"b\nc\",k\n": [
        "line 2: column domain: the domain a b.se has a character that no domain may have: U+0020",
                                               "line 4: column domain: the domain b\\nc has no dot; a domain looks like kund.se"],
    "domain,provider\na.se,K\n": ["line 2: column provider: K is not an id; use a-z, 0-9 and hyphens, at most 64, such as karlahosting"],
    "domain,provider,suspended\na.se,k,perhaps\n": ["line 2: suspended must be true or false, not perhaps"],
    "domain,provider,protocols\na.se,k,imap smtp\n": ["line 2: smtp is not a value of protocols; use one of: imap, pop3"],
    "domain,provider,alias_of\na.se,k,b.se\n": ["line 2: an alias takes everything from its target; leave out provider, or alias_of"],
    "domain,alias_of\na.se,a.se\n": ["line 2: column alias_of: a.se is an alias of itself"],
    "domain,provider\na.se,k\nA.se.,k\n": ["line 3: column domain: A.se. stands on line 2 already"],
    "domain,provider,imap_port\na.se,k,0\n": ["line 2: imap_port must be between 1 and 65535, not 0"],
    "domain,provider,imap_smtp_port\na.se,k,x\n": ["line 2: imap_smtp_port must be a whole number, not x"],
    "domain,provider,imap_smtp_host,pop3_host\na.se,k,mail.%DOMAIN%,b\n": [
        "line 2: column imap_smtp_host: mail.%DOMAIN%: a host may only have the placeholder %EMAILDOMAIN%, not %DOMAIN%",
        "line 2: column pop3_host: the domain b has no dot; a domain looks like kund.se"],
    "domain,provider,pop3_tls\na.se,k,ssl\n": ["line 2: ssl is not a value of pop3_tls; use one of: implicit, starttls, none"],
    "domain,provider,pop3_auth\na.se,k,none\n": [
        "line 2: column pop3_auth: mail is never fetched without a password; only outgoing servers may have auth none"],
    "domain,provider,pop3_also\na.se,k,587\n": [
        "line 2: pop3_also must be ports with their TLS modes, such as 587 starttls, or - for none"],
    "domain,provider,pop3_smtp_also\na.se,k,0 none\n": ["line 2: pop3_smtp_also must be between 1 and 65535, not 0"],
    "domain,provider,overrides\na.se,k,imap imap\n": [
        "line 2: column overrides: there are two imap accounts here; there may be one for each protocol"],
    'domain,provider\n"a.se"x,k\n"b,k\n': [
        "line 2: this is not CSV: ',' expected after '\"'", "line 3: this is not CSV: unexpected end of data"],
    'domain,provider\na.se,k\n"' + "x\n" * 600_000: ["line 3: this is not CSV: field larger than field limit (131072)"],
    b"domain,provider\nbyr\xe5.se,k\n": ["line 2: the file is not UTF-8: byte 0xe5 in column 4; save it as CSV UTF-8"],
    "domain\n".encode("utf-16"): ["line 1: the file is in UTF-16; save it as UTF-8"],
    "domain\n".encode("utf-16-le"): ["line 1: the file is in UTF-16; save it as UTF-8"],
}  # fmt: skip


@pytest.mark.parametrize(("source", "messages"), CSV_MISTAKES.items(), ids=range(len(CSV_MISTAKES)))
def test_a_csv_file_with_mistakes(source: bytes | str, messages: list[str]) -> None:
    """Places are the lines where rows begin, and columns by their names."""
    assert mistakes("csv", source) == messages


KUND = (DomainSettings(Domain.parse("kund.se"), "karla", protocols=(Protocol.POP3, Protocol.IMAP), suspended=True),)


@pytest.mark.parametrize(
    "source",
    [
        "domain,provider,protocols,suspended\nkund.se,karla,pop3 imap,true\n",
        "\ufeffDomain ; PROVIDER;protocols;suspended;;\r\nKUND.SE;karla;pop3,imap;SANT;;\r\n;;;;;\r\n\r\n",
        "sep=;\r\ndomain;provider;protocols;suspended\r\nkund.se;karla;\"pop3; imap\";ja\r\n",
        "\ufeffsep=\t\ndomain\tsuspended\tprovider\tprotocols\nkund.se\t1\tkarla\tpop3 imap",
        "domain,provider,protocols,suspended,subdomains\rkund.se,karla,\"pop3,imap\",Yes,nej\r",
        "\n\ndomain,suspended,protocols,subdomains\nkund.se,TRUE,pop3 imap,FALSKT\n",
        "domain,suspended,protocols,alias_of,imap_port\nkund.se,true,pop3  imap\n",
    ],
)  # fmt: skip
def test_csv_is_read_as_spreadsheets_write_it(source: str) -> None:
    """Delimiters, byte order marks, letter cases, truth values, empty cells and rows, short rows."""
    assert parse("csv", source, "karla").domains == KUND


def test_csv_has_the_columns_of_the_contract_and_the_others_where_they_are_needed() -> None:
    """A host with nothing special gets a small table."""
    plain = write("csv", Settings((), (entry("byrå.se"), entry("b.se", alias_of="byrå.se", subdomains=True)))).decode()
    assert plain == ("domain,provider,protocols,alias_of,suspended,subdomains,note\nbyrå.se,karla,,,,,\nb.se,,,byrå.se,,true,\n")
    rows = write("csv", WORLD).decode().splitlines()
    assert rows[0] == "domain,provider,protocols,alias_of,suspended,subdomains,note,pop3_host"
    assert rows[2] == "byrå.se,karla,,,,,,server.karla.se"


# --- cPanel ------------------------------------------------------------------------------------------------------------------------

LIST = "# /etc/userdomains\nkund.se: kundse\nbyrå.se: byra\n\n*: nobody\nnew.se: x\n"


def test_a_cpanel_list_says_which_domains_there_are() -> None:
    """Its catch-all, its comments and empty lines are none."""
    assert [found.domain.unicode for found in parse("cpanel", LIST, "karla").domains] == ["kund.se", "byrå.se", "new.se"]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (LIST, [": the list names no provider; say with --provider whose domains these are"]),
        ("kund\nkund.se\na.se:\n", [
            "line 1: kund is not a line of cPanel's; they are like kund.se: user",
            "line 2: kund.se is not a line of cPanel's; they are like kund.se: user",
            "line 3: a.se: is not a line of cPanel's; they are like kund.se: user",
        ]),
        ("server: root\na.se: a\nA.SE: b\n", [
            "line 1: the domain server has no dot; a domain looks like kund.se",
            "line 3: A.SE stands on line 2 already",
        ]),
        (b"byr\xe5.se: a\n", ["line 1: the file is not UTF-8: byte 0xe5 in column 4; save it as UTF-8"]),
    ],
)  # fmt: skip
def test_a_cpanel_list_with_mistakes(text: bytes | str, messages: list[str]) -> None:
    """Each on its line; that a provider is missing is told once."""
    assert mistakes("cpanel", text, None if text == LIST else "karla") == [message.removeprefix(": ") for message in messages]


def test_a_cpanel_list_leaves_what_people_set(store: Store) -> None:
    """Nothing but the provider of a domain that is there changes; an alias stays an alias."""
    store.import_settings(WORLD)
    listed = "".join(f"{found.domain}: x\n" for found in WORLD.domains)
    result = store.import_settings(parse("cpanel", listed + "new.se: x\n", "karla"))
    assert [found.domain.unicode for found in result.domains.added] == ["new.se"]
    assert list(result.lines()) == [
        "+ domain new.se",
        '~ domain own.wide.se: provider "other" -> "karla"',
        '~ domain annan.se: provider "other" -> "karla"',
    ]
    assert store.domain(name("byrå.se")).accounts == WORLD.domains[1].accounts
    assert store.domain(name("alias.se")).alias_of == name("byrå.se")
    assert not store.import_settings(parse("cpanel", listed + "new.se: x\n", "karla"))


def test_a_cpanel_list_moves_nothing_to_a_provider_that_lacks_what_is_chosen(store: Store) -> None:
    """What was said of a domain is judged with its new provider."""
    store.import_settings(Settings((*WORLD.providers, provider("new", protocols="imap")), WORLD.domains))
    before = store.export()
    with pytest.raises(SettingsError) as caught:
        store.import_settings(parse("cpanel", "kund.se: x\npop.se: x\n", "new"))
    assert [str(problem) for problem in caught.value.problems] == ["line 2: new has no pop3 account"]
    assert store.export() == before


def test_a_cpanel_list_prunes_within_the_provider_that_it_is_for(store: Store) -> None:
    """Although its domains name none; a list of nothing removes nothing."""
    store.import_settings(WORLD)
    assert store.would_prune(parse("cpanel", "*: nobody\n", "karla")).providers == ()
    assert not store.import_settings(parse("cpanel", "*: nobody\n", "karla"), prune=True)
    names = parse("cpanel", "kund.se: x\nalias.se: x\nbyrå.se: x\n", "karla")
    assert (found := store.would_prune(names)).providers == ("karla",)
    assert (len(found.gone), found.domains) == (5, 8)
    store.import_settings(names, prune=True)
    assert [found.domain.unicode for found in store.domains()] == ["alias.se", "annan.se", "kund.se", "own.wide.se", "byrå.se"]


# --- prune, agreed on --------------------------------------------------------------------------------------------------------------


def test_a_prune_that_is_asked_for_is_the_prune_that_is_done(store: Store) -> None:
    """Also where the file moves what an alias leads to; no more goes than was agreed on."""
    store.import_settings(WORLD)
    store.add_domain(entry("annan.nu", alias_of="annan.se"))
    file = Settings((), (entry("annan.se"), entry("kund.se"), entry("off.se", "other")))
    found = store.would_prune(file)
    assert found.providers == ("karla", "other")
    assert found.gone == sorted(
        name(text).ascii for text in ("alias.off.se", "alias.se", "annan.nu", "byrå.se", "off.wide.se", "own.wide.se", "pop.se", "wide.se")
    )
    before = store.export()
    with pytest.raises(StoreError, match="8 domains would be removed, more than the 7 that were agreed on; nothing was changed"):
        store.import_settings(file, prune=True, at_most=7)
    assert store.export() == before
    result = store.import_settings(file, prune=True, at_most=8)
    assert [gone.domain.ascii for gone in result.domains.removed] == found.gone


# --- the store, through files ------------------------------------------------------------------------------------------------------


def test_everything_can_be_walked_over_more_than_once_as_of_one_moment(store: Store) -> None:
    """While others write."""
    store.import_settings(WORLD)
    with store.exporting() as (providers, domains):
        before = list(domains)
        store.remove_domain(name("kund.se"))
        assert list(domains) == before
        assert len(providers) == 2
    assert len(before) == len(WORLD.domains) == store.count_domains() + 1


def test_an_import_tells_how_many_domains_are_written(store: Store) -> None:
    """Now and then, and at the end."""
    told: list[tuple[Stage, int, int]] = []
    domains = tuple(entry(f"d{i}.se") for i in range(2500))
    store.import_settings(Settings((KARLA,), domains), progress=lambda *how_far: told.append(how_far))
    assert told == [(Stage.WRITING, done, 2500) for done in (1000, 2000, 2500)]


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=st.lists(steps.STEPS, max_size=6), format=st.sampled_from(WRITTEN))
def test_a_store_taken_out_and_in_again_is_the_same(store: Store, taken: list[tuple[object, ...]], format: str) -> None:
    """In every format, whatever was done to it: nothing is changed by importing what was exported."""
    for step in taken:
        with suppress(SettingsError, StoreError):
            steps.take(store, step, store.export())
    with store.exporting() as (providers, domains):
        pieces = FORMATS[format].pieces
        assert pieces is not None
        source = "".join(pieces(providers, domains))
    result = store.import_settings(parse(format, source))
    assert not result
    assert len(result.domains.unchanged) == store.count_domains()
