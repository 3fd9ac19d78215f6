"""Tweet chats: a review may be of a post of a chat, which answers no mention."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

NEEDED, OPTIONAL = "mention_id INTEGER NOT NULL", "mention_id INTEGER"


def upgrade() -> None:
    _let_reviews_be(OPTIONAL)


def downgrade() -> None:
    op.execute("DELETE FROM review WHERE mention_id IS NULL")
    _let_reviews_be(NEEDED)


def _let_reviews_be(wanted: str) -> None:
    """Change whether review.mention_id may be NULL, in place, as migration 0027 does for replies.

    SQLite has no statement for it; its documentation gives this way (Making Other Kinds Of Table Schema Changes).
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.alter_column("review", "mention_id", existing_type=sa.Integer(), nullable=wanted == OPTIONAL)
        return
    before = NEEDED if wanted == OPTIONAL else OPTIONAL
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'review'",
        (f"{before},", f"{wanted},"),
    )
    if changed.rowcount != 1:
        raise RuntimeError("there is no table of reviews to change")
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
