"""``flask crm demo``: the demo company of contract §8, for trying out and for measuring."""

import secrets
import time
from datetime import datetime

import click
from flask.cli import with_appcontext

from app.admin.security import passwords
from app.admin.security.first_admin import NAME
from app.demo.loader import Size, fill
from app.extensions import db
from app.spec import clock
from app.spec.errors import Conflict, Invalid
from app.store import beginnings, clearing
from app.store.context import system_scope
from app.store.upgrade import upgrade


@click.command("demo")
@click.option("--customers", type=click.IntRange(0, 3_000_000), default=1_000, show_default=True)
@click.option("--users", type=click.IntRange(18, 20_000), default=18, show_default=True)
@click.option("--departments", type=click.IntRange(9, 2_000), default=9, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="another seed, other data")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="the last day  [default: today]")
@click.option("--password", help="everybody's  [default: made up and shown once]")
@click.option(
    "--reset", is_flag=True, help=f"first remove all records, history and people but {NAME}"
)
@with_appcontext
def demo(today: datetime | None, password: str | None, reset: bool, **size: int) -> None:
    """Fill the database with a demo company: people, customers, leads and contacts.

    Refuses when there are business records or people already. With --reset these are removed
    first, the history and the log included; roles, their permissions, dictionaries and settings
    stay.
    """
    day = today.date() if today else clock.today()
    upgrade()
    shown = fill_in(Size(**size, today=day), password, is_reset=reset)
    if shown is not None:
        click.echo(f"Everybody's password, {NAME}'s included: {shown}  (shown only now)")


def fill_in(size: Size, password: str | None, *, is_reset: bool = False) -> str | None:
    """Make the company and report on stderr; returns the password when one was made up.

    Raises Conflict when the database is in use, Invalid for a password that nobody may have.
    """
    chosen = password or secrets.token_urlsafe(12)
    if wrong := passwords.length_objections(chosen):
        raise Invalid(fields={"password": wrong})
    _make_room(is_reset=is_reset)
    began = time.monotonic()
    done = fill(size, passwords.hashed(chosen), lambda line: click.echo(line, err=True))
    seconds = max(time.monotonic() - began, 0.001)
    click.echo(
        f"{done.records:,} records, {done.rows:,} rows of all tables in {seconds:.1f} s: "
        f"{done.rows / seconds:,.0f} rows/s",
        err=True,
    )
    return None if password else chosen


def _make_room(*, is_reset: bool) -> None:
    with system_scope("is there anything the demo company would mix with"):
        if not beginnings.is_in_use():
            return
        if not is_reset:
            raise Conflict(
                "There are business records or people here already. Give --reset to remove them "
                "all first, the history included."
            )
        clearing.clear(NAME)
        db.session.flush()
