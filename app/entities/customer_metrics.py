"""The numbers about customers (REP-1): new, won, changing hands, forgotten."""

from app.entities.customer import Customer
from app.entities.flow import flow, index_flow
from app.spec.declare import Card, Label, any_of, catalogue, condition, field_of, metric
from app.spec.metrics import Metric
from app.store.indexes import index_numbers

NOT_WON = condition("deal_status", "eq", "not_won")


def untouched(days: int) -> Metric:
    """Not yet won, and nobody followed up or took over for that many days."""
    long_ago = f"@today-{days}"
    return metric(
        f"customers_untouched_{days}",
        Label(f"Untouched for {days} days", f"{days} 天未跟进"),
        Label(
            f"Not yet won, and for {days} days neither followed up nor handed to a new owner.",
            f"未成交，且 {days} 天内既无跟进、也未更换负责人的客户。",
        ),
        NOT_WON,
        any_of(
            condition("last_follow_up_at", "empty"), condition("last_follow_up_at", "lt", long_ago)
        ),
        any_of(condition("obtained_at", "empty"), condition("obtained_at", "lt", long_ago)),
        cards=(Card.FORGOTTEN,),
        is_welcome=False,
    )


catalogue.measure(
    "customer",
    metric(
        "new_customers",
        Label("New customers", "新增客户"),
        Label(
            "Customers created in the period, by present owner; those in a pool are left out.",
            "期间内新建的客户，按现负责人统计；公海中的客户不计。",
        ),
        date="created_at",
        cards=(Card.BRIEFING, Card.SUMMARY),
        is_ranked=True,
    ),
    metric(
        "won_customers",
        Label("Customers won", "成交客户"),
        Label(
            "Customers whose deal status became won in the period, by present owner.",
            "期间内成交状态变为已成交的客户，按现负责人统计。",
        ),
        condition("deal_status", "eq", "won"),
        date="won_at",
        cards=(Card.BRIEFING, Card.SUMMARY),
        is_ranked=True,
    ),
    metric(
        "customers_followed",
        Label("Customers followed up", "跟进的客户"),
        Label(
            "Customers whose last follow-up lies in the period, by present owner.",
            "最后跟进时间在期间内的客户，按现负责人统计。",
        ),
        date="last_follow_up_at",
        is_lasting=False,
        cards=(Card.BRIEFING, Card.SUMMARY),
        is_ranked=True,
    ),
    metric(
        "new_customers_not_followed",
        Label("New, not followed up", "新增未跟进"),
        Label(
            "Customers created in the period that nobody has followed up yet.",
            "期间内新建、至今尚无跟进的客户。",
        ),
        condition("last_follow_up_at", "empty"),
        date="created_at",
        is_lasting=False,
        is_welcome=False,
    ),
    *flow("customers", Label("Customers", "客户")),
    *(untouched(days) for days in (7, 15, 30, 90, 180)),
    metric(
        "customers_contact_overdue",
        Label("Next contact overdue", "下次联系已过期"),
        Label(
            "Not yet won, the next contact was due before today, and nobody has followed up since.",
            "未成交，下次联系时间早于今天，且此后一直没有跟进的客户。",
        ),
        NOT_WON,
        condition("next_contact_at", "lt", "@today"),
        any_of(
            condition("last_follow_up_at", "empty"),
            condition("last_follow_up_at", "lt", field_of("next_contact_at")),
        ),
        cards=(Card.FORGOTTEN,),
        is_welcome=False,
    ),
)

index_flow(Customer)
index_numbers(Customer, "won", "won_at", "owner", "deal_status", only="won_at IS NOT NULL")
"""Won in a period; written once per customer, when it is won."""
index_numbers(
    Customer,
    "untouched",
    "deal_status",
    "last_follow_up_at",
    "obtained_at",
    "next_contact_at",
    "owner",
)
"""The forgotten ones are most of all customers: counted in the index, six numbers in one look."""
