"""Tweet chats: moderation."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

ACT, CLAUSE = "moderation_act", "moderation_clause"
INDEXES = {"ix_moderation_act_post": "post_id", "ix_moderation_act_appeal": "appeal_token_sha256"}


def _columns() -> dict[str, list[sa.Column[object]]]:
    return {
        CLAUSE: [
            sa.Column("position", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("longest_days", sa.Integer(), nullable=False, server_default="365"),
            sa.Column("only_in_chat", sa.Boolean(), nullable=False, server_default=sa.false()),
        ],
        ACT: [
            sa.Column("language", sa.String(), nullable=False, server_default="en"),
            sa.Column("network_tries", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("network_next_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("notice_note", sa.String(), nullable=False, server_default=""),
            sa.Column("appeal_granted", sa.Boolean(), nullable=True),
            sa.Column("outcome_reply_id", sa.Integer(), nullable=True),
        ],
    }


def upgrade() -> None:
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    for name, column_name in INDEXES.items():
        op.create_index(name, ACT, [column_name])


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name=ACT)
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)
