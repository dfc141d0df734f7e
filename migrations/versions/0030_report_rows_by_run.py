"""A row of a report names its run without being asked for it: the run wrote it itself.

Revision: 0030, after 0029. Created 2026-11-23 01:55:00.
"""

from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None

KEY = 'fk_operation_item_operation_id_operation_run'


def upgrade() -> None:
    """Bring the schema to this revision."""
    with op.batch_alter_table('operation_item', schema=None) as batch_op:
        batch_op.drop_constraint(KEY, type_='foreignkey')


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('operation_item', schema=None) as batch_op:
        batch_op.create_foreign_key(KEY, 'operation_run', ['operation_id'], ['id'])
