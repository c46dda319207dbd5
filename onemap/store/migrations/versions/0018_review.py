"""Special use of grids, dates of the review's steps, notices that are acknowledged."""

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    script = (Path(__file__).parent / "0018_review.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script.replace("%", "%%"))
