"""Rows written wrongly before: residents on Mastodon taken for protected, follow-ups that nobody could approve."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Who approves their followers may be answered; a follow-up post stands in the plan, not under an entry."""
    op.execute("UPDATE author SET protected = false WHERE channel = 'mastodon'")
    op.execute("UPDATE chat_post SET entry_id = NULL WHERE kind = 'follow_up'")


def downgrade() -> None:
    """Nothing: what was wrong is not brought back."""
