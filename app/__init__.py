"""Haina CRM: a low-code admin-panel CRM on Flask-AppBuilder.

``create_app`` is the only place that knows everyone: it ties the packages together and issues no
SQL, so that a worker process starts without touching the database.
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask
from jinja2 import FileSystemLoader

import app.entities
import app.jobs.mailing
import app.jobs.recycling
import app.jobs.reminding
import app.operations.registry
import app.store.engine  # noqa: F401 - installs the connection settings
import config
from app import cli, pages
from app.admin import assets, build, deadlocks, errors, security
from app.admin.security.generator import Generator
from app.admin.theme import theme
from app.extensions import csrf, db
from app.jobs import clock, engines, letters
from app.store import caps, gate, version

gate.install(db.session)
version.install(db.session)
caps.install(db.session)


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """An application with everything registered; ``settings`` override the environment's."""
    application = Flask(__name__, static_folder=None, template_folder=None)
    application.jinja_loader = FileSystemLoader((theme.TEMPLATES, letters.TEMPLATES))
    application.config.from_mapping(config.settings())
    application.config.update(settings or {})
    db.init_app(application)
    csrf.init_app(application)
    errors.install(application)
    security.install(application)
    deadlocks.install(application)
    assets.register(application)
    theme.install(application)
    with application.app_context():
        builder = Generator(indexview=pages.HomeView)
        builder.init_app(application, db.session)
        build.register_all(builder)
        pages.register_all(builder)
    engines.install(application)
    clock.install(application)
    cli.install(application)
    return application
