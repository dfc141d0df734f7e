"""${message}.

Revision: ${up_revision}, after ${down_revision | comma,n}. Created ${create_date}.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
import app.spec.types

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Bring the schema to this revision."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Take this revision back."""
    ${downgrades if downgrades else "pass"}
