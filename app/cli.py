"""``flask crm …``: what an administrator does from a terminal (architecture §7)."""

import sys

import click
from flask import Flask
from flask.cli import AppGroup

from app.store import upgrade as upgrading

crm = AppGroup("crm", help="Administer this installation.")


def install(app: Flask) -> None:
    """Offer the commands to the application's command line."""
    app.cli.add_command(crm)


@crm.command("upgrade")
def upgrade_command() -> None:
    """Bring the database to this version: tables, roles, grants, dictionaries, search."""
    click.echo("upgraded" if upgrading.upgrade() else "nothing was due", file=sys.stderr)
