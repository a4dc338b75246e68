"""The service: everything that is asked over HTTP, and Flask's only home.

`create_app` makes an application out of a `Config`; nothing happens at import. What is answered comes from the snapshot alone, so
that the service goes on when the database is gone.
"""

from __future__ import annotations

import hashlib
import os
import string
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote_from_bytes

from flask import Flask, request
from werkzeug.exceptions import BadRequest, RequestURITooLarge

from autoconfig import logs
from autoconfig.config import Config, find_instance, load
from autoconfig.livecheck.desk import Desk
from autoconfig.store.snapshot import Snapshot
from autoconfig.web import (
    autodiscover,
    bodies,
    discovery,
    errors,
    guides,
    health,
    hotpath,
    limits,
    livehelp,
    metrics,
    profile,
    protection,
    proxies,
    seen,
    tls,
    wellknown,
)
from autoconfig.web.branding import Branding
from autoconfig.web.languages import Languages
from autoconfig.web.pages import Pages
from autoconfig.web.question import Known, host_name

MAX_QUERY = 2_000  # octets: the longest address, percent-encoded, with room to spare
MAX_BODY = 8_000  # octets: a form with one address
# What `discovery_rate_limit` is about: the blueprints of what mail programs ask.
DISCOVERY = frozenset({"discovery", "autodiscover", "profile", "wellknown"})
STATIC_AGE = 31_536_000  # seconds: a year, because the address of a file changes with its content

_HERE = Path(__file__).parent


def create_app(config: Config | None = None, known: Known | None = None, desk: Desk | None = None) -> Flask:
    """Return the application for *config*, the installation found in environment and working directory where it is None.

    *known* is what we know of domains; None: the snapshot of the installation, which opens with the first question.
    *desk* is where live checks are begun; None: beside the snapshot. Raises ConfigError.
    """
    if config is None:
        config = load(find_instance(None, os.environ, Path.cwd()), os.environ)
        logs.configure(config.log_format)
    snapshot = Snapshot(config.snapshot_path)
    domains: Known = known or snapshot
    lookup = domains.client_config
    sign = _signing(config) if config.wants_signatures else None
    # Without `https = true` nobody is sent anywhere, so every request is as good as one over https.
    is_https = partial(proxies.is_https, config.trusted_proxies) if config.https else lambda environ: True

    app = Flask(__name__, root_path=str(_HERE), static_folder=None, template_folder=None, instance_path=str(config.instance))
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        SEND_FILE_MAX_AGE_DEFAULT=STATIC_AGE,
    )
    # A redirect from //path to /path would name the Host that was asked, whoever that is.
    app.url_map.merge_slashes = False
    app.static_folder = str(_HERE / "static")
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=app.send_static_file)

    branding = Branding(config.instance / "brand")
    languages = Languages.of(config)
    pages = Pages(languages, static=cache(_versioned), branding=branding)
    app.before_request(_refuse_what_is_no_request)
    app.after_request(partial(protection.protect, DISCOVERY, config.own_name, config.trusted_proxies))
    app.extensions["autoconfig"] = domains
    spend = limits.spender("forms", config.rate_limit, config.instance, config.trusted_proxies)
    if config.discovery_rate_limit is not None:
        spend_discovery = limits.spender("discovery", config.discovery_rate_limit, config.instance, config.trusted_proxies)
        app.before_request(lambda: spend_discovery() if request.blueprint in DISCOVERY else None)
    app.after_request(limits.tell)
    errors.register(app, pages)
    counts = metrics.Counts(config.run_folder)
    app.register_blueprint(health.blueprint(snapshot, config.state_path))
    app.register_blueprint(metrics.blueprint(counts, snapshot, config.state_path))
    app.register_blueprint(discovery.blueprint(lookup))
    app.register_blueprint(autodiscover.blueprint(lookup, is_https))
    app.register_blueprint(profile.blueprint(lookup, sign))
    app.register_blueprint(wellknown.blueprint(lookup))
    app.register_blueprint(tls.blueprint(domains.is_listed, config.own_name))
    app.register_blueprint(branding.blueprint())
    app.register_blueprint(guides.blueprint(lookup, pages, config.base_url, config.own_name, spend, domains.is_listed))
    own_host = config.own_domain.ascii if config.own_domain else None
    desk = desk or Desk(config.instance / "livecheck", config.snapshot_path, own_host, languages.offered, tell=counts.check)
    desk.tidy()
    app.register_blueprint(livehelp.blueprint(domains, pages, desk, spend))
    app.wsgi_app = autodiscover.in_one_case(app.wsgi_app)  # type: ignore[assignment,method-assign]  # Flask's own way to add a layer
    waiting = bodies.Waiting()
    app.wsgi_app = bodies.bounded(app.wsgi_app, waiting)  # type: ignore[assignment,method-assign]  # outside of whatever looks at bodies
    app.wsgi_app = seen.observed(app.wsgi_app, counts, config.trusted_proxies)  # type: ignore[assignment,method-assign]
    # What is counted against a client, or does not come from the snapshot, goes through Flask.
    is_hot = known is None and config.discovery_rate_limit is None
    hot = hotpath.hot(snapshot, is_https, waiting.read, counts.request) if is_hot else hotpath.nothing
    app.wsgi_app = hotpath.Door(hot, app.wsgi_app)  # type: ignore[method-assign]
    return app


def _signing(config: Config) -> Callable[[bytes], bytes] | None:
    from autoconfig import signing

    # Not strict: a worker may begin long after `serve` looked at the certificate, and answers without a good one, too.
    signer = signing.from_config(config, strict=False)
    return signer.sign if signer else None


def _refuse_what_is_no_request() -> None:
    query = request.query_string
    if not query.isascii():
        # Werkzeug 3.1 raises where raw octets are not UTF-8, and again while the error is told; percent-encoded, it reads them.
        request.query_string = quote_from_bytes(query, safe=string.printable).encode()
    if len(query) > MAX_QUERY:
        raise RequestURITooLarge
    # As of "GET name HTTP/1.1": Flask would send it to the first page of whatever Host was asked.
    if not request.environ["PATH_INFO"].startswith("/"):
        raise BadRequest
    # A probe that speaks HTTP/1.0 sends no Host at all; granian 2 makes it an empty one.
    if host := request.headers.get("Host"):
        host_name(host)


def _versioned(name: str) -> str:
    content = (_HERE / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:8]}"
