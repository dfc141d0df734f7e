"""What somebody is about to save: the changes he was asked about, and the versions he has seen.

It travels in the hidden input of the confirmation, so that one POST saves exactly what was shown.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from app.admin.state import plain_json
from app.spec.errors import BadRequest
from app.store.grant_changes import Change

INPUT = "proposal"
MINE = "mine"
MOST = 20_000
"""Changes of one proposal: more is no form of ours."""


@dataclass(frozen=True)
class Proposal:
    """Changes of one or several roles; ``clashes`` wait for a decision, cell by cell."""

    versions: Mapping[int, int]
    changes: Sequence[Change]
    clashes: Sequence[Change] = ()

    def sealed(self) -> str:
        """As its hidden input carries it."""
        parts = (self.changes, self.clashes)
        plain = [sorted(self.versions.items()), *([one.plain() for one in part] for part in parts)]
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def opened(cls, form: MultiDict[str, str]) -> "Proposal":
        """A proposal that came back; BadRequest for what none of our pages has made."""
        try:
            versions, changes, clashes = plain_json(form.get(INPUT, ""))
            known = {int(role): int(version) for role, version in versions}
        except (ValueError, TypeError, RecursionError):
            raise BadRequest from None
        if not isinstance(changes, list) or not isinstance(clashes, list):
            raise BadRequest
        if len(changes) + len(clashes) > MOST:
            raise BadRequest
        found = cls(known, [Change.read(c) for c in changes], [Change.read(c) for c in clashes])
        if any(one.role not in known for one in (*found.changes, *found.clashes)):
            raise BadRequest
        return found

    def decided(self, form: MultiDict[str, str]) -> "Proposal":
        """The proposal with those clashes taken up in which its writer wants his own value."""
        mine = [c for i, c in enumerate(self.clashes) if form.get(f"take:{i}") == MINE]
        return Proposal(self.versions, [*self.changes, *mine])
