"""Tests of the vouchers of each event of the interest subsidy, in the county's subsidy book."""

import pytest

from ledger import events as e
from tests.posting.paper import as_text, at, fen, lines_for, page

PAGES: list[tuple[str, e.Event, str]] = [
    (
        "a household's line approved",
        e.SubsidyApproved(**at("2016-09-26"), batch=1, line=1, households=fen("606.94")),
        """
        SUBSIDY-360781
        借 5101 贴息支出（贫困户） subsidy expense, households                606.94
        贷 2202 应付贴息款         subsidy payable                            606.94
    """,
    ),
    (
        "an organisation's year approved",
        e.SubsidyApproved(**at("2017-12-28"), batch=2, line=2, organisations=fen("24,079.86")),
        """
        SUBSIDY-360781
        借 5102 贴息支出（经营主体） subsidy expense, organisations        24,079.86
        贷 2202 应付贴息款           subsidy payable                       24,079.86
    """,
    ),
    (
        "paid",
        e.SubsidyPaid(**at("2016-10-08"), batch=1, line=1, amount=fen("606.94")),
        """
        SUBSIDY-360781
        借 2202 应付贴息款             subsidy payable                        606.94
        贷 1001 国库（零余额）存款     treasury account                       606.94
    """,
    ),
    (
        "to be clawed back of a household",
        e.ClawbackRaised(**at("2017-02-01"), clawback=1, households=fen("606.94")),
        """
        SUBSIDY-360781
        借 1221 应收追回贴息       claw-back receivable                       606.94
        贷 5101 贴息支出（贫困户） subsidy expense, households                606.94
    """,
    ),
    (
        "to be clawed back of an organisation",
        e.ClawbackRaised(**at("2018-02-01"), clawback=2, organisations=fen("24,079.86")),
        """
        SUBSIDY-360781
        借 1221 应收追回贴息         claw-back receivable                  24,079.86
        贷 5102 贴息支出（经营主体） subsidy expense, organisations        24,079.86
    """,
    ),
    (
        "clawed back",
        e.ClawbackReceived(**at("2017-03-01"), clawback=1, amount=fen("606.94")),
        """
        SUBSIDY-360781
        借 1001 国库（零余额）存款 treasury account                           606.94
        贷 1221 应收追回贴息       claw-back receivable                       606.94
    """,
    ),
]


@pytest.mark.parametrize("case, event, voucher", PAGES, ids=[case for case, _, _ in PAGES])
def test_the_voucher(case: str, event: e.Event, voucher: str) -> None:
    assert as_text(lines_for(event)) == page(voucher)
