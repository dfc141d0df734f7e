"""The behaviours by slug: what the bulk routes of pages and API look up."""

import app.operations.telling  # noqa: F401 - declares what people hear of them
from app.operations.behaviour import Behaviour
from app.operations.bulk_edit import BulkEdit
from app.operations.claiming import Claim
from app.operations.converting import Convert
from app.operations.exporting.behaviour import Export
from app.operations.handing_over.behaviour import HandOver
from app.operations.importing.behaviour import Import
from app.operations.judging import Judge
from app.operations.lifecycle import Delete, Disable, Enable, LogOut, Restore
from app.operations.merging import Merge
from app.operations.ownership import Assign, MovePool, Release
from app.operations.purging import Purge
from app.operations.state import (
    Complete,
    Lock,
    MarkInvalid,
    Reopen,
    Resume,
    SetDealStatus,
    Unlock,
)
from app.operations.tagging import AddTags, RemoveTags
from app.operations.team import AddTeam, RemoveTeam
from app.operations.transferring import Transfer
from app.spec.errors import NotFound

BEHAVIOURS: dict[str, Behaviour] = {
    behaviour.slug: behaviour
    for behaviour in (
        AddTags(),
        AddTeam(),
        Assign(),
        BulkEdit(),
        Claim(),
        Complete(),
        Convert(),
        Delete(),
        Disable(),
        Enable(),
        Export(),
        HandOver(),
        Import(),
        Judge(),
        Lock(),
        LogOut(),
        MarkInvalid(),
        Merge(),
        MovePool(),
        Purge(),
        Release(),
        RemoveTags(),
        RemoveTeam(),
        Reopen(),
        Restore(),
        Resume(),
        SetDealStatus(),
        Transfer(),
        Unlock(),
    )
}


def behaviour(slug: str) -> Behaviour:
    """What the operation of that name does; NotFound when there is none."""
    try:
        return BEHAVIOURS[slug]
    except KeyError:
        raise NotFound from None
