"""What lets leads and customers go back into a pool by itself, and what keeps them (POOL-5)."""

from app.spec.declare import Label
from app.spec.recycling import Clock, Exemption, declare, keep

WON = Exemption("deal_status", "won")

QUIET = declare(
    Clock(
        key="quiet",
        says=lambda days: Label(f"No new follow-up for {days} days", f"超过 {days} 天没有新跟进"),
        since=("last_follow_up_at", "obtained_at"),
        days="quiet_days",
        unless=(Exemption("deal_status", "won", chosen="quiet_spares_won"),),
    )
)
UNWON = declare(
    Clock(
        key="unwon",
        says=lambda days: Label(f"Not won for {days} days", f"超过 {days} 天未成交"),
        since=("obtained_at",),
        days="unwon_days",
        unless=(WON,),
    )
)
keep("lead", Exemption("is_converted", True), Exemption("invalid_reason"))
