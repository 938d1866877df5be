"""The command line: ``consult …``."""

import click
import flask_migrate.cli
from flask.cli import ScriptInfo

from consult import create_app


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Public consultation on a national quality policy."""


cli.add_command(flask_migrate.cli.db)


def main() -> None:
    cli(prog_name="consult", obj=ScriptInfo(create_app=create_app, set_debug_flag=False))
