"""Operations about a record's state: locked, won, invalid, done (CUS-1, CUS-2, LEAD-4, TASK)."""

from app.operations.behaviour import Behaviour, Row, Run, unless_so
from app.operations.outcome import Plan
from app.spec import clock
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.kinds import OptionField


class Lock(Behaviour):
    """CUS-2: with a reason, until a moment or until it is unlocked; a lock can be changed."""

    slug = "lock"

    def plan(self, run: Run, row: Row) -> Plan:
        return unless_so(
            run,
            row,
            is_locked=True,
            locked_until=run.params.get("until"),
            lock_reason=run.params["reason"],
        )


class Unlock(Behaviour):
    """CUS-2: as if it had never been locked."""

    slug = "unlock"

    def plan(self, run: Run, row: Row) -> Plan:
        rest = {"locked_until": None, "lock_reason": None} if row.values["is_locked"] else {}
        return unless_so(run, row, is_locked=False, **rest)


class SetDealStatus(Behaviour):
    """CUS-1, by hand: won from now on, or not yet won after all."""

    slug = "set_deal_status"

    def params(self, entity: Entity) -> tuple[Field, ...]:
        return (_asking("status", entity.fields["deal_status"]),)

    def plan(self, run: Run, row: Row) -> Plan:
        status = run.params["status"]
        is_other = row.values["deal_status"] != status
        since = {"won_at": clock.now() if status == "won" else None} if is_other else {}
        return unless_so(run, row, deal_status=status, **since)


class MarkInvalid(Behaviour):
    """LEAD-4: nothing will come of it, for a reason of the dictionary."""

    slug = "mark_invalid"

    def params(self, entity: Entity) -> tuple[Field, ...]:
        return (_asking("reason", entity.fields["invalid_reason"]),)

    def plan(self, run: Run, row: Row) -> Plan:
        return unless_so(run, row, invalid_reason=run.params["reason"])


class Reopen(Behaviour):
    """LEAD-4: as if it had never been marked invalid."""

    slug = "reopen"

    def plan(self, run: Run, row: Row) -> Plan:
        return unless_so(run, row, invalid_reason=None)


class Complete(Behaviour):
    """TASK: done, whatever it was before; when that was stands beside it by the entity's rules."""

    slug = "complete"

    def plan(self, run: Run, row: Row) -> Plan:
        return unless_so(run, row, status="done")


class Resume(Behaviour):
    """TASK: still to be done after all."""

    slug = "resume"

    def plan(self, run: Run, row: Row) -> Plan:
        return unless_so(run, row, status="open")


def _asking(key: str, declared: Field) -> Field:
    """A parameter that asks for one of the declared field's choices."""
    assert isinstance(declared, OptionField)  # noqa: S101 - for the type checker
    return OptionField(label=declared.label, key=key, choices=declared.choices, required=True)
