"""Operations about a record's tags: add some, remove some, leave the others."""

from collections.abc import Sequence
from typing import Any

from app.operations.behaviour import Behaviour, Row, Run, unless_so
from app.operations.outcome import Plan


class _Tagging(Behaviour):
    def tagged(self, have: Sequence[Any], given: Sequence[Any]) -> list[Any]:
        """The tags of a record that has some, after the operation."""
        raise NotImplementedError

    def plan(self, run: Run, row: Row) -> Plan:
        return unless_so(run, row, tags=self.tagged(row.values["tags"], run.params["tags"]))


class AddTags(_Tagging):
    slug = "add_tags"

    def tagged(self, have: Sequence[Any], given: Sequence[Any]) -> list[Any]:
        new = [tag for tag in given if tag not in have]
        return sorted([*have, *new], key=lambda tag: (isinstance(tag, str), tag))


class RemoveTags(_Tagging):
    slug = "remove_tags"

    def tagged(self, have: Sequence[Any], given: Sequence[Any]) -> list[Any]:
        return [tag for tag in have if tag not in given]
