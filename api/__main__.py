"""The command `python -m api`, which makes or prepares the database and starts the service."""

import logging
import sys

import click

from api import serving
from ledger import logs
from ledger.backups import NoBackup
from ledger.cli.context import NotDone, Refused, refusal_line, tell
from ledger.errors import Refusal
from ledger.labels import Said
from ledger.settings import SettingUnfit, read_settings


@click.command()
@click.option("--host", help="address to listen on (LEDGER_HOST, default 127.0.0.1)")
@click.option("--port", type=click.IntRange(0, 65535), help="port to listen on (LEDGER_PORT, default 8000)")
@click.option("--no-demo", is_flag=True, help="start an empty ledger instead of the demo county")
@click.option("--database-url", help="sqlite:///PATH or postgresql+psycopg://... (LEDGER_DATABASE_URL)")
def main(host: str | None, port: int | None, no_demo: bool, database_url: str | None) -> None:
    """Serve the ledger 产业扶贫信贷通; on a first start with a demo county lived through from 2016 to 2019."""
    if not __debug__:
        raise NotDone(
            Said("assertions guard the books: not started under python -O", "账务依靠断言保护，不能以 python -O 启动")
        )
    try:
        settings = read_settings(host=host, port=port, database_url=database_url, owner_url=database_url)
    except SettingUnfit as fault:
        raise Refused(fault.wanted) from None
    logs.configure(settings.log_level)
    logging.captureWarnings(True)
    serving.share_metrics(settings)
    # `api.start` is imported after `share_metrics` was called, since the metrics library checks only at import time
    # whether several processes share metrics.
    from api import start
    from api.app import create_app

    try:
        demo = start.make_ready(settings, demo=not no_demo, say=_say)
    except Refusal as refusal:
        raise NotDone(refusal_line(refusal)) from None
    except NoBackup as failed:
        raise NotDone(
            Said(
                f"the database is of an earlier version and no backup was made: {failed.why}; make one by other means "
                "and run python -m ledger upgrade --no-backup",
                f"数据库属于较早版本，未能备份：{failed.why.zh}；请另行备份后运行 python -m ledger upgrade --no-backup",
            )
        ) from None

    def ready() -> None:
        # Scripts wait for the output line that begins with `ready:`.
        line = f"ready: http://{settings.host}:{settings.port}/api/docs"
        _say(Said(f"{line} (Ctrl-C stops it)", f"{line} （按 Ctrl-C 停止）"))

    serving.Server(settings, lambda: create_app(settings, demo=demo), ready).run()


def _say(line: Said) -> None:
    tell(line)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
