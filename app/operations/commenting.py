"""Commenting: what whoever reads a record may say about it, and who hears of that (NOTE).

Who reads a record as a whole reads its comments and may add to them. Its author changes or deletes
one for some hours; a manager deletes what his people wrote at any time, as with follow-ups (ACT-3).
The record itself isn't changed: no version, an entry in its history.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, union_all

from app.extensions import db
from app.operations.rules import rules_of
from app.operations.telling import AT_ONCE, IN_TIME
from app.spec import clock, mentions
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Conflict, Invalid, NotFound
from app.spec.kinds import IntegerField
from app.spec.notices import Data, Notice, declare
from app.spec.settings import Chapter, Setting, value
from app.spec.settings import declare as declare_setting
from app.spec.text import clean
from app.spec.words import Label, either, listed
from app.store import comments, directory, door, history, links, outbox, readers, titles
from app.store.comments import LONGEST, Person, Told
from app.store.context import actor
from app.store.policy import Policy

COMMENT = "comment"
"""The note in a record's history: what a comment said before and after."""
HOURS: Setting[int] = declare_setting(
    "comment_hours",
    IntegerField(
        label=Label("Comments can be changed for (hours)", "评论可修改时限（小时）"),
        default=24,
        minimum=0,
        maximum=8760,
        help=Label(
            "So long after writing one its author may edit or delete it. Managers may delete those "
            "of their people at any time.",
            "发表后在此时限内，评论人可以修改或删除；主管可随时删除其下属的评论。",
        ),
    ),
    Chapter.RECORDS,
)


LOOKED_AT, OFFERED = 30, 8
"""Of so many who are called like that so many are offered for a mention."""


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be mentioned, and the department he is told apart by."""

    person: Person
    department_id: int


def readable(entity: Entity, record_id: int, *, lock: bool = False) -> Any:
    """The record with its title, to whoever reads it as a whole; NotPermitted, NotFound.

    What a pool shows its members are columns, no comments (POOL-1).
    """
    record = door.fetch(entity, record_id, "read", [entity.fields[entity.title]], lock=lock)
    if Policy(actor(), entity, "read").pool_columns(record) is not None:
        raise NotFound
    return record


def write(entity: Entity, record_id: int, text: str) -> int:
    """Say something about a record; the comment's number. Tells those it concerns.

    Invalid for no words or too many, and for whoever is mentioned and can't read the record;
    Conflict for one that is only there to be read. The record is held: nobody removes it meanwhile.
    """
    record = _open(entity, record_id)
    words = _cleaned(text)
    people = comments.meant(words)
    stored = mentions.stored(words, {one.username: one.id for one in people.values()})
    named = _demand_readers(entity, record_id, stored, people, before="")
    number = comments.add(entity.key, record_id, stored)
    _note(entity, record, ["", _typed(stored, people)])
    _tell_mentioned(entity, record, number, named)
    _tell_concerned(entity, record, number, named)
    return number


def change(entity: Entity, record_id: int, number: int, text: str) -> None:
    """Put one's own comment otherwise; who is mentioned by now and wasn't is told.

    NotFound for somebody else's, Conflict when it is too late; else as ``write``.
    """
    record = _open(entity, record_id)
    old = comments.find(entity.key, record_id, number)
    if not is_own(old):
        raise NotFound
    if not is_fresh(old) and not actor().rights.is_super:
        raise Conflict(_l("It can be changed for %(n)d hours only.", n=value(HOURS)))
    words, was = _cleaned(text), comments.mentioned([old.text])
    people = comments.meant(words)
    stored = mentions.stored(words, {one.username: one.id for one in people.values()})
    named = _demand_readers(entity, record_id, stored, people, before=old.text)
    if stored == old.text:
        return
    comments.change(number, stored)
    _note(entity, record, [_typed(old.text, was), _typed(stored, people)])
    _tell_mentioned(entity, record, number, named)


def remove(entity: Entity, record_id: int, number: int) -> None:
    """Take a comment's words away; the history keeps them.

    NotFound for whoever may not, Conflict for an author who comes too late.
    """
    record = _open(entity, record_id)
    old = comments.find(entity.key, record_id, number)
    if not may_remove(entity, old):
        if is_own(old):
            raise Conflict(_l("It can be deleted for %(n)d hours only.", n=value(HOURS)))
        raise NotFound
    comments.remove(number)
    _note(entity, record, [_typed(old.text, comments.mentioned([old.text])), ""])


def candidates(entity: Entity, record_id: int, words: str) -> list[Candidate]:
    """Colleagues who read the record and so may be mentioned, those whom it concerns first.

    They are looked for in the address book, which is everybody's.
    """
    record, me = readable(entity, record_id), actor().user_id
    concerned = _concerned(entity, record) - {me}
    near = directory.colleagues(words, concerned, LOOKED_AT) if concerned else ()
    people = {row.id: row for row in (*near, *directory.colleagues(words, None, LOOKED_AT))}
    able = readers.among(people.keys() - {me}, entity, record_id)
    chosen = [row for number, row in people.items() if number in able][:OFFERED]
    return [Candidate(Person(*row[:4]), row.department_id) for row in chosen]


def may_change(one: Told) -> bool:
    """Whether whoever acts may put that comment otherwise."""
    return is_own(one) and (is_fresh(one) or actor().rights.is_super)


def may_remove(entity: Entity, one: Told) -> bool:
    """Whether he may delete it: his own for a while, his people's always."""
    me = actor()
    if is_own(one) and is_fresh(one):
        return True
    if not me.rights.may(entity.key, "delete"):
        return False
    reach = me.rights.reach(entity.key, "delete")
    return reach.everything or one.author.id in reach.owners - {me.user_id}


def is_own(one: Told) -> bool:
    return one.author.id == actor().user_id


def is_fresh(one: Told) -> bool:
    return bool(clock.now() - one.written_at <= timedelta(hours=value(HOURS)))


def is_closed(entity: Entity, record: Any) -> bool:
    """Whether nothing may be said about the record any more: it is only there to be read."""
    return rules_of(entity).is_closed(record)


def _open(entity: Entity, record_id: int) -> Any:
    record = readable(entity, record_id, lock=True)
    if is_closed(entity, record):
        raise Conflict(_l("The record is only there to be read."))
    return record


def _cleaned(text: str) -> str:
    try:
        words = clean(text, multiline=True)
    except ValueError as error:
        raise Invalid(fields={"text": [error.args[0]]}) from None
    if not words:
        raise Invalid(fields={"text": [_l("Write something.")]})
    if len(words) > LONGEST:
        raise Invalid(fields={"text": [_l("At most %(n)s characters.", n=LONGEST)]})
    return words


def _demand_readers(
    entity: Entity, record_id: int, text: str, people: Mapping[int, Person], *, before: str
) -> set[int]:
    """Those others whom a stored text names and the one before didn't.

    Invalid when one of them can't read the record: he would be told of what isn't there for him.
    """
    new = (mentions.numbers(text) & people.keys()) - mentions.numbers(before) - {actor().user_id}
    if len(new) > mentions.MOST:
        raise Invalid(fields={"text": [_l("At most %(n)s people.", n=mentions.MOST)]})
    strangers = sorted(new - readers.among(new, entity, record_id)) if new else []
    if strangers:
        them = listed(people[one].label for one in strangers)
        sentence = _l(
            "%(names)s can't read this record and so can't be mentioned here.", names=them
        )
        raise Invalid(fields={"text": [sentence]})
    return new


def _typed(text: str, people: Mapping[int, Person]) -> str:
    return mentions.typed(text, {one.id: one.username for one in people.values()})


def _note(entity: Entity, record: Any, said: list[str]) -> None:
    title = titles.title(entity, record)
    history.record_writes("edit", entity.key, [(record.id, title, {COMMENT: said})])


def _tell_mentioned(entity: Entity, record: Any, number: int, people: Iterable[int]) -> None:
    data = _data(entity, record)
    outbox.tell_once(MENTIONED, str(number), [(one, data) for one in sorted(people)])


def _tell_concerned(entity: Entity, record: Any, number: int, named: set[int]) -> None:
    """Whose record it is, who is to hear of comments on it, who has commented; each once."""
    others = _concerned(entity, record) - named - {actor().user_id}
    if others:
        data, able = _data(entity, record), readers.among(others, entity, record.id)
        outbox.tell_once(COMMENTED, str(number), [(one, data) for one in sorted(able)])


def _concerned(entity: Entity, record: Any) -> set[int]:
    parts = [comments.voices(entity.key, record.id)]
    for field in entity.letting_in:
        if field.hears:
            mine, theirs = links.ends(entity, field)
            parts.append(select(theirs).where(mine == record.id))
    people = set(db.session.scalars(union_all(*parts)))
    owner = getattr(record, f"{entity.responsible}_id", None) if entity.responsible else None
    return people | ({owner} if owner else set())


def _data(entity: Entity, record: Any) -> dict[str, Any]:
    me = actor()
    return {
        "entity": entity.key,
        "record": record.id,
        "title": titles.title(entity, record),
        "by_name": [me.name, me.name_en],
    }


def _named(data: Data) -> dict[str, str]:
    kind = str(catalogue.get(data["entity"]).one)
    return {"who": either(*data["by_name"]), "kind": kind, "title": data["title"]}


def _says_mentioned(data: Data) -> str:
    return str(_("%(who)s mentioned you in a comment (%(kind)s): %(title)s", **_named(data)))


def _says_commented(data: Data) -> str:
    return str(_("%(who)s commented (%(kind)s): %(title)s", **_named(data)))


def _at_the_comments(data: Data) -> str:
    return f"/{catalogue.get(data['entity']).plural}/show/{data['record']}#comments"


MENTIONED = declare(
    Notice(
        "mention",
        Label("You are mentioned in a comment", "在评论中被提及"),
        _says_mentioned,
        _at_the_comments,
        AT_ONCE,
    )
)
COMMENTED = declare(
    Notice(
        "comment",
        Label("Comments on what concerns you", "与您有关的评论"),
        _says_commented,
        _at_the_comments,
        IN_TIME,
    )
)
