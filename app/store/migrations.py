"""The steps from one version of the tables to the next, and the tool that takes them.

Loaded by whoever takes or makes such steps: the tool knows every database there is, and a process
that serves would carry eight megabytes of it about.
"""

import flask_migrate
from flask import current_app

from app.extensions import db
from config import ROOT

FOLDER = str(ROOT / "migrations")


def run() -> None:
    """Take all steps that the current application's database has not taken yet."""
    introduce()
    flask_migrate.upgrade(directory=FOLDER)


def introduce() -> None:
    """Tell the tool, once per application, which database and which steps are meant."""
    if "migrate" not in current_app.extensions:
        flask_migrate.Migrate(current_app, db, directory=FOLDER)
