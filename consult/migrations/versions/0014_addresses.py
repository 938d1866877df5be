"""addresses: each account under the one spelling by which it is looked for

Two accounts of one address stay two: which of them is whose, and what each said, is for people to settle. They are named, and so is what
no letter can reach. Going down, nothing is to be undone: what stands is what the former version takes too.
"""

import unicodedata

import click
import sqlalchemy as sa
from alembic import op
from email_validator import EmailNotValidError, validate_email

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

user = sa.table("user", sa.column("id"), sa.column("email"))


def upgrade() -> None:
    connection = op.get_bind()
    kept = {row.email: row.id for row in connection.execute(sa.select(user).order_by(user.c.id))}
    for email, id_ in list(kept.items()):
        spelt = spelling_of(email)
        if spelt is None:
            click.echo(f"Account {id_} keeps “{email}”, which is no e-mail address: it signs in by password alone.", err=True)
        elif spelt in kept and spelt != email:
            click.echo(f"Accounts {kept[spelt]} (“{spelt}”) and {id_} (“{email}”) have one address: both are kept. Ask their owner which "
                       "one to go on with.", err=True)
        elif spelt != email:
            connection.execute(sa.update(user).where(user.c.id == id_).values(email=spelt))
            kept[spelt] = kept.pop(email)


def downgrade() -> None:
    pass


def spelling_of(email: str) -> str | None:
    """As the code of this revision spells it."""
    try:
        once = parsed(unicodedata.normalize("NFC", email.strip()))
        return parsed(once.lower())
    except EmailNotValidError:
        return None


def parsed(email: str) -> str:
    return validate_email(email, check_deliverability=False, test_environment=True).normalized
