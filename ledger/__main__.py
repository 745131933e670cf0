"""The command line `python -m ledger`: setup, users, published facts and sheets."""

import click

from ledger import collector
from ledger.cli import contacts, databases, published, sheets, users


@click.group()
def cli() -> None:
    """Manage the ledger 产业扶贫信贷通 from a terminal.

    Exit status: 0 done, 1 faults or findings are listed, 2 the call was refused or wrong, 3 the database is missing
    or damaged.
    """
    collector.tune()


for command in (
    databases.init,
    databases.upgrade,
    databases.verify,
    databases.config,
    users.user,
    published.scheme,
    published.rates,
    published.calendar,
    sheets.import_sheet,
    contacts.take_in,
):
    cli.add_command(command)

if __name__ == "__main__":
    cli(prog_name="python -m ledger")
