"""Deputies of people who are away.

Revision: 0043, after 0042. Created 2026-11-23 11:24:44.137756.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0043'
down_revision = '0042'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('deputy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('deputy_id', sa.Integer(), nullable=False),
    sa.Column('starts_at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
    sa.Column('ends_at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['created_by_id'], ['user_account.id'], name=op.f('fk_deputy_created_by_id_user_account')),
    sa.ForeignKeyConstraint(['deputy_id'], ['user_account.id'], name=op.f('fk_deputy_deputy_id_user_account')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_deputy_user_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deputy'))
    )
    with op.batch_alter_table('deputy', schema=None) as batch_op:
        batch_op.create_index('ix_deputy_deputy_id', ['deputy_id', 'ends_at'], unique=False)
        batch_op.create_index('ix_deputy_user_id', ['user_id', 'ends_at'], unique=False)



def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('deputy', schema=None) as batch_op:
        batch_op.drop_index('ix_deputy_user_id')
        batch_op.drop_index('ix_deputy_deputy_id')

    op.drop_table('deputy')
