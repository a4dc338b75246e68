"""The application that a WSGI server loads; the installation is found as `autoconfig.web.create_app` says."""

from __future__ import annotations

from autoconfig.web import create_app

app = create_app()
