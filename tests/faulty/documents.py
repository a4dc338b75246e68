"""The discovery documents of a healthy mail domain, and where they lie. Templates: {domain} and {name} are filled in when sent."""

from __future__ import annotations

MOZILLA = b"""<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="{domain}">
    <domain>{domain}</domain>
    <displayName>Kundens e-post</displayName>
    <incomingServer type="imap">
      <hostname>mail.{domain}</hostname><port>993</port><socketType>SSL</socketType>
      <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
    </incomingServer>
    <incomingServer type="pop3">
      <hostname>mail.{domain}</hostname><port>995</port><socketType>SSL</socketType>
      <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>mail.{domain}</hostname><port>465</port><socketType>SSL</socketType>
      <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
    </outgoingServer>
  </emailProvider>
</clientConfig>
"""

_PROTOCOL = """<Protocol><Type>{type}</Type><Server>mail.{domain}</Server><Port>{port}</Port><SPA>off</SPA><SSL>on</SSL>\
<AuthRequired>on</AuthRequired></Protocol>"""


def _pox(content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">\n'
        '<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">'
        f"<Account><AccountType>email</AccountType>{content}</Account></Response>\n</Autodiscover>\n"
    ).encode()


POX = _pox(
    "<Action>settings</Action>"
    + "".join(
        _PROTOCOL.replace("{type}", kind).replace("{port}", str(port)) for kind, port in (("IMAP", 993), ("POP3", 995), ("SMTP", 465))
    )
)
POX_SAME_ADDRESS = _pox("<Action>redirectAddr</Action><RedirectAddr>erika@{domain}</RedirectAddr>")
POX_NEW_ADDRESS = _pox("<Action>redirectAddr</Action><RedirectAddr>erika@n{n}.{domain}</RedirectAddr>")
POX_SAME_URL = _pox("<Action>redirectUrl</Action><RedirectUrl>{scheme}://{host}{path}</RedirectUrl>")
POX_ERROR = b"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response><Error Time="12:00:00.0000000" Id="1"><ErrorCode>600</ErrorCode><Message>Invalid Request</Message><DebugData/></Error></Response>
</Autodiscover>
"""

JSON = b'{"Protocol":"AutodiscoverV1","Url":"https://autodiscover.{domain}/autodiscover/autodiscover.xml"}'
JSON_ERROR = b'{"ErrorCode":"ProtocolNotSupported","ErrorMessage":"The given protocol value is invalid."}'

HTML = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n"

_PLACES = {
    "/mail/config-v1.1.xml": "mozilla",
    "/.well-known/autoconfig/mail/config-v1.1.xml": "mozilla",
    "/autodiscover/autodiscover.xml": "pox",
    "/autodiscover/autodiscover.json": "json",
}


def kind(method: str, path: str) -> str:
    """Return which document lies at *path*: mozilla, pox, "pox get" (where only a POST is an answer), json or ""."""
    found = _PLACES.get(path.partition("?")[0].lower(), "")
    return "pox get" if found == "pox" and method != "POST" else found
