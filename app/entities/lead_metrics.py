"""The numbers about leads (REP-1): new, converted, changing hands."""

from app.entities.flow import flow, index_flow
from app.entities.lead import Lead
from app.spec.declare import Card, Label, catalogue, condition, metric
from app.store.indexes import index_numbers

catalogue.measure(
    "lead",
    metric(
        "new_leads",
        Label("New leads", "新增线索"),
        Label(
            "Leads created in the period, by present owner; those in a pool are left out.",
            "期间内新建的线索，按现负责人统计；公海中的线索不计。",
        ),
        date="created_at",
        cards=(Card.BRIEFING, Card.SUMMARY),
        is_ranked=True,
    ),
    metric(
        "leads_converted",
        Label("Leads converted", "转化的线索"),
        Label(
            "Leads converted into customers in the period, by present owner.",
            "期间内转化为客户的线索，按现负责人统计。",
        ),
        condition("is_converted", "eq", True),
        date="converted_at",
        cards=(Card.BRIEFING, Card.SUMMARY),
        is_ranked=True,
    ),
    *flow("leads", Label("Leads", "线索")),
)

index_flow(Lead)
index_numbers(
    Lead, "converted", "converted_at", "owner", "is_converted", only="converted_at IS NOT NULL"
)
"""Converted in a period; written once per lead, when it is converted."""
