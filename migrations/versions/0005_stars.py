"""stars and recent views.

Revision: 0005, after 0004. Created 2026-11-22 00:25:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('recent_view',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_recent_view_user_id_user_account')),
    sa.PrimaryKeyConstraint('user_id', 'entity', 'record_id', name=op.f('pk_recent_view'))
    )
    with op.batch_alter_table('recent_view', schema=None) as batch_op:
        batch_op.create_index('ix_recent_view_user_id_at', ['user_id', 'at'], unique=False)

    op.create_table('star',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_star_user_id_user_account')),
    sa.PrimaryKeyConstraint('user_id', 'entity', 'record_id', name=op.f('pk_star'))
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('star')
    with op.batch_alter_table('recent_view', schema=None) as batch_op:
        batch_op.drop_index('ix_recent_view_user_id_at')

    op.drop_table('recent_view')
