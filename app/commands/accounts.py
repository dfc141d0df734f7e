"""``flask crm create-admin``: the first super admin, made from the command line only (C16)."""

import click
from flask.cli import with_appcontext

from app.admin.security.first_admin import NAME, create_first_admin
from app.store.upgrade import upgrade


@click.command("create-admin")
@click.option("--username", default=NAME, show_default=True)
@click.option("--password", help="[default: made up, shown once, changed at the first login]")
@click.option("--force-second", is_flag=True, help="although there is a super admin already")
@with_appcontext
def create_admin(username: str, password: str | None, force_second: bool) -> None:
    """Make a super admin; refused when there is one, unless --force-second."""
    upgrade()
    made = create_first_admin(password, username, is_second=force_second)
    click.echo(f"{username} is a super admin.", err=True)
    if made is not None:
        click.echo(f"Password of {username}: {made}  (shown only now, to be changed at login)")
