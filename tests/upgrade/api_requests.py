"""API requests on the last evening of the sample county, with idempotency keys that later releases must know."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Engine

from tests.upgrade.asking import Asker, Question, asking
from tests.upgrade.stage import BANK, COUNTY

EVENING = datetime(2019, 12, 31, 12, 0, tzinfo=UTC)
_REPAID, _RUNNING = "GZRCB-2016-8006", "GZRCB-2017-8013"


def send(engine: Engine) -> None:
    """Send every request once; the third request is refused by a rule."""
    with asking(engine.url.render_as_string(hide_password=False), EVENING) as asker:
        statuses = [asker.ask(question).status for question in sent(asker)]
    if statuses != [201, 201, 422]:
        raise RuntimeError(f"the API answered {statuses}")


def sent(asker: Asker) -> Iterator[Question]:
    """Send the requests of the last evening; a repeated request gets its first answer and has no further effect."""
    repaid, running = (_loan(asker, number) for number in (_REPAID, _RUNNING))
    paid = {"amount": "100.00", "paid_on": "2019-12-30", "channel": "转账", "receipt_no": "API-1"}
    yield Question("officer", f"/loans/{repaid}/repayments", "POST", paid, "kept-1")
    interest = {"amount": "45.67", "on": "2019-12-31", "slip_no": "LX-API"}
    yield Question("finance", f"/fund/accounts/{COUNTY}/{BANK}/interest", "POST", interest, "kept-2")
    claim = {"loan_id": running, "claimed_on": "2019-12-31", "cause": "overdue", "documents": []}
    yield Question("officer", "/claims", "POST", claim, "kept-3")


def _loan(asker: Asker, contract_no: str) -> str:
    (row,) = asker.ask(Question("officer", f"/loans?contract_no={contract_no}")).body["items"]
    return str(row["id"])
