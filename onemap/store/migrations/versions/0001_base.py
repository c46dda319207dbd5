"""The one-map layer: feature tables with history, change log, readings, warnings' ledger, heat."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    script = (Path(__file__).parent / "0001_base.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script.replace("%", "%%"))
