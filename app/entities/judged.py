"""What departments judge of leads and customers, each for itself (CUS-5)."""

from app.spec.declare import aspect, fixed, option

WILLINGNESS = fixed(
    "willingness",
    "Willingness",
    "意愿",
    option("high", "High", "高", "green"),
    option("medium", "Medium", "中", "blue"),
    option("low", "Low", "低", "secondary"),
)
JUDGED = ("level", aspect("willingness", "Willingness", "意愿", WILLINGNESS))
"""The level, and how much somebody wants to do business with us."""
