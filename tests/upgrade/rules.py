"""Rules besides the main scheme in the sample county: its own scheme, another county's scheme, city decisions."""

from datetime import date
from functools import partial

from sqlalchemy import select

from ledger.dates import Quarter
from ledger.money import yuan
from ledger.operations.compensation import claims, recoveries
from ledger.operations.fund import issuance, targets
from ledger.operations.registry import reference, users
from ledger.policy.schemes import parse_scheme
from ledger.tables.fund import FundPlanStep
from tests.upgrade.deeds import BUREAU, Agenda, day
from tests.upgrade.losses import claim
from tests.upgrade.stage import BANK, COUNTY, OTHER, Story

OWN_SCHEME = """
code = "ruijin-2018"
version = 1
name = "瑞金市产业扶贫信贷通（2018）"
inherits = "ganzhou-2016"
signed_from = 2018-01-01
signed_to = 2020-12-31

[parameters.overdue_uplift]
value = "0.3"
clause = "3.7"
source = "decision: the county's own agreement with its banks"

[parameters.repricing]
value = "annual_jan1"
clause = "3.1"
source = "decision: the county's own agreement with its banks"
"""


def of_the_city(story: Story) -> Agenda:
    """Return the actions of the city's office: set a target, load a scheme, exclude a bank, correct errors."""
    return [
        (day("2016-04-05"), lambda: story.do("city", targets.set_target, BANK, 2016, 500_000_00)),
        (day("2018-01-04"), lambda: story.do("city", reference.add_scheme, parse_scheme(OWN_SCHEME))),
        (day("2018-02-01"), partial(_suspend_bank, story)),
        (day("2018-02-02"), partial(story.do, "admin", users.set_active, "auditor2", active=False)),
        (day("2018-10-20"), partial(_undo_appropriation, story)),
        (day("2018-11-20"), partial(_report_again, story)),
    ]


def of_the_neighbour(story: Story) -> Agenda:
    """Return the actions on loans under another county's scheme: claims, and a recovery shared by fund and bank."""
    return [
        (day("2018-06-30"), partial(story.payers.discard, "yanjin failed")),
        (day("2018-10-10"), lambda: claim(story, "yanjin", story.named["yanjin failed"], 4)),
        (day("2018-11-15"), partial(_share_a_recovery, story)),
        (day("2019-11-20"), partial(_return_a_draft, story)),
    ]


def _suspend_bank(story: Story) -> None:
    story.do("city", reference.set_bank_status, "YZVB", "eliminated", date(2018, 3, 1))


def _undo_appropriation(story: Story) -> None:
    """Reverse the latest appropriation whose county has not deposited the money."""
    with story.at("auditor") as unit:
        query = select(FundPlanStep.event_id).where(
            FundPlanStep.step == "appropriation", FundPlanStep.county == OTHER, FundPlanStep.bank == BANK
        )
        event_id = unit.session.execute(query.order_by(FundPlanStep.id.desc()).limit(1)).scalar_one()
    story.reverse(BUREAU, event_id, "拨款退回")


def _report_again(story: Story) -> None:
    """Draft and submit a second version of an issuance report."""
    drafted = story.do("officer", issuance.draft_report, BANK, COUNTY, Quarter(2018, 3))
    story.do("checker", issuance.submit_report, drafted.id)


def _share_a_recovery(story: Story) -> None:
    """Receive a recovery that fund and bank share, and remit the fund's part."""
    loan_id = story.named["yanjin failed"]
    recovery = story.do("officer4", recoveries.receive, loan_id, yuan("3000.00"), story.clock.today, "ZH-Y")
    story.do("officer4", recoveries.remit, recovery.id)


def _return_a_draft(story: Story) -> None:
    """Claim another failed loan under the other county's scheme, return the claim, and claim the loan again."""
    claim_id = claim(story, "yanjin again", story.named["yanjin late"], 1)
    story.do("poverty3", claims.send_back, claim_id, "材料不全")
    claim(story, "yanjin again", story.named["yanjin late"], 2)
