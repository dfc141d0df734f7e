"""Mails and what they tell.

Revision: 0022, after 0021. Created 2026-11-22 11:00:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision. What was told before is not mailed any more."""
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sorted_at', app.spec.types.UTCDateTime(timezone=True), nullable=True))
    op.execute('UPDATE outbox SET sorted_at = at')
    op.create_index(
        'ix_outbox_unsorted', 'outbox', ['id'], unique=False,
        postgresql_where=sa.text('sorted_at IS NULL'), sqlite_where=sa.text('sorted_at IS NULL'),
    )
    op.create_table(
        'mail',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('dedup_key', sa.String(length=160), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=10), nullable=False),
        sa.Column('message_id', sa.String(length=80), nullable=False),
        sa.Column('state', sa.String(length=10), nullable=False),
        sa.Column('due_at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('worker', sa.String(length=80), nullable=False),
        sa.Column('lease_until', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column('error', sa.Text(), nullable=False),
        sa.Column('sent_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name='fk_mail_user_id_user_account'),
        sa.PrimaryKeyConstraint('id', name='pk_mail'),
        sa.UniqueConstraint('dedup_key', name='uq_mail_dedup_key'),
    )
    op.create_index(
        'ix_mail_due_at', 'mail', ['due_at'], unique=False,
        postgresql_where=sa.text("state = 'waiting'"), sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_index('ix_mail_state', 'mail', ['state', 'id'], unique=False)
    op.create_table(
        'mail_part',
        sa.Column('mail_id', sa.Integer(), nullable=False),
        sa.Column('outbox_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['mail_id'], ['mail.id'], name='fk_mail_part_mail_id_mail'),
        sa.ForeignKeyConstraint(['outbox_id'], ['outbox.id'], name='fk_mail_part_outbox_id_outbox'),
        sa.PrimaryKeyConstraint('mail_id', 'outbox_id', name='pk_mail_part'),
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('mail_part')
    op.drop_table('mail')
    op.drop_index('ix_outbox_unsorted', table_name='outbox')
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_column('sorted_at')
