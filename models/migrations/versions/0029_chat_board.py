"""Tweet chats: the search a chat is heard by, and the reposts it finds."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say which chat a search is for; find reposts by the search that brought them."""
    op.add_column("listening_rule", sa.Column("chat_id", sa.Integer(), nullable=True))
    op.create_index("ix_listening_rule_chat_id", "listening_rule", ["chat_id"])
    op.create_index(
        "ix_post_repost",
        "post",
        ["rule_id", "in_reply_to"],
        sqlite_where=sa.text("kind = 'repost'"),
        postgresql_where=sa.text("kind = 'repost'"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_post_repost", table_name="post")
    op.drop_index("ix_listening_rule_chat_id", table_name="listening_rule")
    op.drop_column("listening_rule", "chat_id")
