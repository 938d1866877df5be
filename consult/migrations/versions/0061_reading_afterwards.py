"""contribution.awaits_reading, reply.awaits_reading: published at once, and not yet read by a moderator"""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

OF = {"contribution": ("moderation_decision", "contribution_id"), "reply": ("reply_decision", "reply_id")}


def upgrade() -> None:
    chapter = sa.table("chapter", sa.column("id"), sa.column("consultation_id"))
    consultation = sa.table("consultation", sa.column("id"), sa.column("moderation_mode", sa.String))
    afterwards = sa.select(chapter.c.id).join(consultation, consultation.c.id == chapter.c.consultation_id).where(
        consultation.c.moderation_mode == "after")
    for name, (decisions, key) in OF.items():
        op.add_column(name, sa.Column("awaits_reading", sa.Boolean(), server_default=sa.false(), nullable=False))
        text = sa.table(name, sa.column("id"), sa.column("chapter_id"), sa.column("state", sa.String),
                        sa.column("awaits_reading", sa.Boolean))
        decided = sa.select(sa.table(decisions, sa.column(key)).c[key])
        op.execute(sa.update(text).where(
            text.c.state == "published", text.c.chapter_id.in_(afterwards), text.c.id.not_in(decided)).values(awaits_reading=True))
        op.create_index(f"ix_{name}_awaits_reading_id_chapter_id", name, ["awaits_reading", "id", "chapter_id"])


def downgrade() -> None:
    for name in OF:
        op.drop_index(f"ix_{name}_awaits_reading_id_chapter_id", name)
        op.drop_column(name, "awaits_reading")
