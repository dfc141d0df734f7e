"""``flask crm …``: what an administrator does from a terminal (architecture §7).

The commands speak English whatever language the pages are in: their words are searched for. A
refusal is one sentence on stderr and exit code 1.
"""

from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup
from werkzeug.utils import import_string

from app.spec import words
from app.spec.errors import Refusal

PLACES = {
    "bench": "app.commands.bench.command:bench",
    "create-admin": "app.commands.accounts:create_admin",
    "demo": "app.commands.demo:demo",
    "doctor": "app.commands.doctor:doctor",
    "explain": "app.commands.explain:explain",
    "rebuild-search": "app.commands.search:rebuild_search",
    "upgrade": "app.commands.upgrade:upgrade",
    "worker": "app.commands.worker:worker",
}
"""Where each command is. It is loaded when it is called: a process that serves needs none."""


class Commands(AppGroup):
    """A group whose commands may refuse, as operations do."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in PLACES:
            return None
        found: click.Command = import_string(PLACES[cmd_name])
        return found

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


class Line(AppGroup):
    """The application's command line. The tool that makes migrations is loaded when it is called:
    it is large, and adds its commands by itself.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), "db"})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "db":
            from app.store import migrations

            migrations.introduce()
        return super().get_command(ctx, cmd_name)


def install(app: Flask) -> None:
    """Offer the commands to the application's command line."""
    app.cli = Line(app.name)
    app.cli.add_command(Commands("crm", help="Administer this installation."))
