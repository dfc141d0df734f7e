"""The numbers about contacts (REP-1)."""

from app.spec.declare import Card, Label, catalogue, metric

catalogue.measure(
    "contact",
    metric(
        "new_contacts",
        Label("New contacts", "新增联系人"),
        Label(
            "Contacts created in the period, by present owner.",
            "期间内新建的联系人，按现负责人统计。",
        ),
        date="created_at",
        cards=(Card.BRIEFING, Card.SUMMARY),
        is_ranked=True,
    ),
)
