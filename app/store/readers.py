"""Who of several people may read a record: asked of the gate for each, as he would ask (PERM-4)."""

from collections.abc import Collection

from sqlalchemy import literal, select, union_all

from app.extensions import db
from app.spec.entity import Entity
from app.store import access
from app.store.context import Acting, Actor, system_scope
from app.store.organisation import User
from app.store.scope import running_seats, whole


def among(people: Collection[int], entity: Entity, record_id: int) -> set[int]:
    """Those who are active and may read it as a whole (POOL-1), in two statements."""
    now, wanted = access.snapshot(), sorted(set(people))
    able = [one for one in wanted if access.resolve(now, one).may(entity.key, "read")]
    if not able:
        return set()
    with system_scope("whom a record may be told of, as the gate says for each"):
        seats, parts = running_seats(able), []
        for one in able:
            who = Actor(one, "", "", "", "", "", access.resolve(now, one))
            work = Acting(who, "read", entity.key, memory={"seats": seats.get(one, {})})
            its = (entity.model.id == record_id, whole(entity, work))
            reads = select(entity.model.id).where(*its).exists()
            active = select(User.id).where(User.id == one, User.is_active).exists()
            parts.append(select(literal(one).label("person")).where(reads, active))
        return set(db.session.scalars(union_all(*parts)))
