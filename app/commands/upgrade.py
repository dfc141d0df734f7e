"""``flask crm upgrade``: everything that a new version of the program needs, made once."""

import click
from flask.cli import with_appcontext

from app.admin import assets
from app.admin.theme import sentences
from app.store import upgrade as upgrading
from app.store.sweeping import sweep


@click.command("upgrade")
@with_appcontext
def upgrade() -> None:
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
