"""The suites bite: with a part of the product broken on purpose, their own checks turn red.

Each break is one line that somebody might lose in a change. A check that stays green under it would
prove nothing on any other day.
"""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import true

from app.admin import errors
from app.operations import editing, selection
from app.operations.exporting import writers
from app.spec.errors import NotFound
from app.store import door, filters, gate, idempotency, scope, writer
from app.store.policy import Policy
from app.store.rights import Rights
from tests.generated import (
    test_access,
    test_born,
    test_export,
    test_fields,
    test_forms,
    test_lists,
    test_related,
    test_scope,
    test_two_hats,
    test_versions,
)
from tests.generated.stage import Stage

SEED = 1
Check = Callable[[Stage], None]
Break = Callable[[pytest.MonkeyPatch], None]


def lists_as_oracle(stage: Stage) -> None:
    test_access.check_lists(stage, stage.oracle, "sales1a")


def rows_out_of_reach(stage: Stage) -> None:
    test_scope.check_out_of_reach(stage, "sales1a", "lead")


def mixed_selections(stage: Stage) -> None:
    test_scope.check_mixed(stage, SEED, "sales1a", "contact")


def refusals(stage: Stage) -> None:
    assert test_access.check_refusals(stage, SEED, "legal", "customer")


def grants(stage: Stage) -> None:
    assert test_access.check_grants(stage, SEED, "sales1a", "lead")


def pools_apart(stage: Stage) -> None:
    test_access.check_pools(stage, stage.oracle, "sales1a")


def births(stage: Stage) -> None:
    test_born.check_births(stage, "sales1a", "lead")


def masks(stage: Stage) -> None:
    test_fields.test_default_grants_hide_and_mask(stage)


def masks_kept(stage: Stage) -> None:
    test_fields.test_masks_posted_back_keep_the_value(stage, "lead")


def hidden(stage: Stage) -> None:
    test_fields.test_no_surface_shows_more(stage, "customer", "hidden")


def links(stage: Stage) -> None:
    test_related.test_links_to_foreign_rows_are_refused(stage, stage.oracle, "sales1a")


def two_hats(stage: Stage) -> None:
    test_two_hats.test_salesperson_and_auditor_reads_all_and_edits_his_own(stage)


def filters_as_plain(stage: Stage) -> None:
    test_lists.test_every_operator_finds_what_plain_python_finds(stage, SEED, "role")


def stale_forms(stage: Stage) -> None:
    test_versions.test_a_stale_form_is_409_with_both_values(stage, "lead")


def keys(stage: Stage) -> None:
    test_versions.test_an_idempotency_key_replays_the_first_answer(stage, "lead")


def required(stage: Stage) -> None:
    test_forms.test_required_fields_are_required(stage, "lead")


def formulas(stage: Stage) -> None:
    test_export.test_text_never_becomes_a_formula(stage, "lead")


def replaced(target: Any, name: str, new: Any) -> Break:
    return lambda patch: patch.setattr(target, name, new)


def union_of_all(_self: Rights, entity: str, _operation: str) -> Any:
    """Every grant of the entity counts for every operation: PERM-2 forgotten."""
    return iter(_self.grants.get(entity, ()))


def ignore_unreadable(entity: Any, verb: Any, ids: Any) -> Any:
    """Unknown ids are silently left out instead of refusing the whole (BULK-1 forgotten)."""
    where = [entity.model.id.in_(door.within(entity, ids, verb.slug))]
    return selection.Chosen(entity, verb, where, pools=True)


def raise_not_found(*_arguments: Any) -> None:
    raise NotFound


BREAKS: dict[str, tuple[Break, Check]] = {
    "the gate lets everything through": (
        replaced(gate, "predicate", lambda *_arguments: true()), rows_out_of_reach),
    "the gate lets everything into lists": (
        replaced(gate, "predicate", lambda *_arguments: true()), lists_as_oracle),
    "nobody looks at rows in pools": (
        replaced(scope, "_pooled", lambda *_arguments: true()), pools_apart),
    "no operation is demanded": (
        replaced(door, "demand", lambda *_arguments: None), refusals),
    "not permitted is said as not found": (
        replaced(door, "demand", raise_not_found), refusals),
    "a grant is a grant for everything": (
        replaced(Rights, "granting", union_of_all), two_hats),
    "nothing is granted": (
        replaced(Rights, "may", lambda *_arguments: False), grants),
    "no refusal is noted": (
        replaced(errors, "_note_denied", lambda *_arguments: None), refusals),
    "unreadable ids are left out": (
        replaced(selection, "_ticked", ignore_unreadable), mixed_selections),
    "nobody looks again": (
        replaced(writer, "look_again", lambda *_arguments: None), births),
    "any id may be linked": (
        replaced(editing, "resolve", lambda *_arguments, **_flags: None), links),
    "no field is masked": (
        replaced(Policy, "masked", property(lambda _self: frozenset())), masks),
    "masks are shown as they are": (
        replaced(Policy, "shown", lambda _self, _field, value: value), masks),
    "masks are stored": (
        replaced(editing, "drop_masks", lambda _policy, _before, raw: dict(raw)), masks_kept),
    "masked fields are filtered by": (
        replaced(Policy, "plain", property(lambda self: self.readable)), masks),
    "hidden fields are readable": (
        replaced(Policy, "readable", property(lambda self: self.entity.fields)), hidden),
    "filters find everything": (
        replaced(filters.Compiler, "_compare", lambda *_arguments: true()), filters_as_plain),
    "versions are not compared": (
        replaced(editing, "stale", lambda *_arguments: NotFound()), stale_forms),
    "keys are forgotten": (
        replaced(idempotency, "begin", lambda *_arguments: None), keys),
    "nothing is required": (
        replaced(editing, "parse", lambda fields, raw, complete=False: dict(raw)), required),
    "formulas are written as such": (
        replaced(writers, "guarded", lambda text: text), formulas),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_product_turns_the_suite_red(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Red when broken: by what the product answers, not because the break itself is a fault."""
    break_it, check = BREAKS[name]
    with monkeypatch.context() as patch:
        break_it(patch)
        with pytest.raises(AssertionError):
            check(stage)
    faults = [one for one in caplog.records if one.name == "crm.error" and one.exc_info]
    assert not faults, f"this break only makes the product fail: {faults[0].exc_info}"
    stage.world.is_dirty = True


CHECKS = {check.__name__: check for _break, check in BREAKS.values()}


@pytest.mark.parametrize("name", CHECKS)
def test_the_same_checks_are_green_on_the_real_product(stage: Stage, name: str) -> None:
    """The other side of the coin: what bites does so because of the break."""
    CHECKS[name](stage)
