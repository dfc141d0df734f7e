"""``flask crm rebuild-search``: index every record anew."""

import click
from flask.cli import with_appcontext

from app.commands.kinds import ENTITY
from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.store import search_index
from app.store.context import system_scope
from app.store.reindex import reindex


@click.command("rebuild-search")
@click.argument("entity", type=ENTITY, required=False)
@click.option("--afresh", is_flag=True, help="Begin again, also where a run was stopped.")
@with_appcontext
def rebuild_search(entity: Entity | None, *, afresh: bool) -> None:
    """Index the records of one ENTITY anew, or of all; people may go on working meanwhile.

    A run that was stopped is taken up where it was.
    """
    if entity and not search_index.is_searched(entity):
        raise click.ClickException(f"{entity.plural} are not searched: no field of theirs is")
    for each in [entity] if entity else filter(search_index.is_searched, catalogue):
        with system_scope("index records anew"):
            steps = [_commit(done) for done in reindex(each, after=0 if afresh else None)]
        click.echo(f"{each.plural}: {steps[-1]:,} indexed anew", err=True)


def _commit(done: int) -> int:
    db.session.commit()
    return done
