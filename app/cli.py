"""``flask crm …``: what an administrator does from a terminal (architecture §7).

The commands speak English whatever language the pages are in: their words are searched for. A
refusal is one sentence on stderr and exit code 1.
"""

from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from app.admin import assets
from app.admin.theme import sentences
from app.commands.accounts import create_admin
from app.commands.bench.command import bench
from app.commands.demo import demo
from app.commands.doctor import doctor
from app.commands.explain import explain
from app.commands.search import rebuild_search
from app.commands.worker import worker
from app.spec import words
from app.spec.errors import Refusal
from app.store import upgrade as upgrading
from app.store.sweeping import sweep


class Commands(AppGroup):
    """A group whose commands may refuse, as operations do."""

    def invoke(self, ctx: click.Context) -> Any:
        token = words.language.set("en")
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            raise click.ClickException(sentence(refusal)) from refusal
        finally:
            words.language.reset(token)


def sentence(refusal: Refusal) -> str:
    """The message, then what is wrong with each field."""
    wrong = [f"{key}: {' '.join(map(str, said))}" for key, said in refusal.fields.items()]
    return " ".join([str(refusal.message), *wrong])


crm = Commands("crm", help="Administer this installation.")
for command in (bench, demo, doctor, explain, create_admin, rebuild_search, worker):
    crm.add_command(command)


def install(app: Flask) -> None:
    """Offer the commands to the application's command line."""
    app.cli.add_command(crm)


@crm.command("upgrade")
def upgrade_command() -> None:
    """Bring the database to this version, and make the front-end files and words it needs.

    The database: tables, roles, grants, dictionaries, search. Run it after every update of the
    program, before the web processes start again; a second run finds nothing due.
    """
    try:
        done = [upgrading.upgrade(), assets.build(), sentences.build()]
        sweep()
    except assets.AssetsError as error:
        raise click.ClickException(str(error)) from error
    click.echo("upgraded" if any(done) else "nothing was due", err=True)
