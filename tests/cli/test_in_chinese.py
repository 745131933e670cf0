"""Tests that messages on the terminal are in Chinese, unless LEDGER_LANGUAGE names another language."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from sqlalchemy import create_engine, text

from jobs import __main__ as jobs
from ledger import __main__ as ledger
from tests.support.county_desk import card
from tests.support.processes import Ran, run_here
from tests.support.small_portfolio import lend

HOUSEHOLDS = (
    "户编号,县,乡镇,村,类别,建档立卡日期,姓名,身份证号,与户主关系\nR-1,360781,叶坪,大胜,{},2014-05-01,刘福,{},户主\n"
)
ADD = ("user", "add", "poverty", "--role", "poverty_office", "--county", "360781", "--password", "long enough")

Run = Callable[..., Ran]


@pytest.fixture
def run(sqlite_url: str, tmp_path: Path) -> Run:
    """Return a function that runs a command in Chinese on a prepared SQLite database: `run(ledger.cli, "verify")`."""
    home = str(tmp_path / "home")

    def ran(command: click.Command, *arguments: str, **settings: str) -> Ran:
        return run_here(sqlite_url, command, *arguments, **({"LEDGER_HOME": home, "LEDGER_LANGUAGE": "zh"} | settings))

    return ran


@pytest.mark.parametrize(
    "arguments, told",
    [
        (("init",), "ready: sqlite:///"),
        (("verify",), "全部相符\n"),
        (("upgrade",), "数据库已是本版本\n核对中\n已升级：sqlite:///"),
        (ADD, "已添加用户 poverty，县扶贫和移民办\n"),
        (("scheme", "list"), "ganzhou-2016           1  签约 2016-01-01"),
    ],
)
def test_what_is_done_is_told(arguments: tuple[str, ...], told: str, run: Run) -> None:
    ended = run(ledger.cli, *arguments)
    assert (ended.status, ended.out[: len(told)]) == (0, told), ended.err


@pytest.mark.parametrize(
    "case, arguments, told",
    [
        (
            "a password too short",
            ("user", "add", "liu", "--role", "auditor", "--password", "short"),
            "错误：密码不符合要求：至少 8 位，不得与用户名相同，不得为演示密码（password_weak）\n",
        ),
        (
            "a role without its bank",
            ("user", "add", "liu", "--role", "bank_officer", "--password", "long enough"),
            "错误：角色 银行经办员 的范围不符：须指明银行，可以指明县（role_scope）\n",
        ),
        ("nobody", ("user", "disable", "nobody"), "错误：找不到：用户 nobody（not_found）\n"),
    ],
)
def test_what_is_refused_is_told_with_its_code(case: str, arguments: tuple[str, ...], told: str, run: Run) -> None:
    ended = run(ledger.cli, *arguments)
    assert (ended.status, ended.err) == (2, told)


def test_a_setting_that_cannot_be_used_is_told(run: Run) -> None:
    assert run(ledger.cli, "config", LEDGER_PORT="x").err == "错误：LEDGER_PORT 须为 0 至 65535 的整数，不能为“x”\n"
    assert run(ledger.cli, "config", LEDGER_LANGUAGE="fr").err == (
        "错误：LEDGER_LANGUAGE 须为 zh、en 之一，不能为“fr”\n"
    )


def test_the_faults_of_a_sheet_are_told_by_row_and_column(run: Run, tmp_path: Path) -> None:
    run(ledger.cli, *ADD)
    sheet = tmp_path / "households.csv"
    sheet.write_text(HOUSEHOLDS.format("贫困", card()), encoding="utf-8")
    faulty = run(ledger.cli, "import", "households", str(sheet), "--user", "poverty")
    assert faulty.err.splitlines() == [
        "E2 类别：贫困 不在可填范围：一般贫困户、扶贫低保户、低保贫困户、低保户、五保户",
        "表中有 1 处错误，未登记任何内容（sheet_has_faults）",
    ]
    sheet.write_text(HOUSEHOLDS.format("低保户", card()), encoding="utf-8")
    run(ledger.cli, "import", "households", str(sheet), "--user", "poverty")
    sheet.write_text(HOUSEHOLDS.format("五保户", card()), encoding="utf-8")
    differs = run(ledger.cli, "import", "households", str(sheet), "--user", "poverty")
    assert differs.err.splitlines()[0].startswith("A2 户编号：已登记且内容不同（")
    assert "贫困户属性" in differs.err
    assert "已登记 低保户" in differs.err


def test_the_faults_of_a_scheme_are_told_by_the_names_of_its_parameters(run: Run, tmp_path: Path) -> None:
    document = tmp_path / "scheme.toml"
    document.write_text(
        'code = "x"\nversion = 1\nname = "某方案"\nsigned_from = 2020-01-01\nsigned_to = 2020-12-31\n'
        'inherits = "ganzhou-2016"\n[parameters.age_min]\nvalue = 999\nclause = "2.1"\nsource = "文号"\n'
        '[parameters.rate_rule]\nvalue = "any"\nclause = "3.1"\nsource = "文号"\n',
        encoding="utf-8",
    )
    assert run(ledger.cli, "scheme", "load", str(document)).err == (
        "错误：方案文件有 2 处错误：最低年龄：不符：0 至 120；"
        "利率规则：不符：等于公布利率、不高于公布利率（scheme_invalid）\n"
    )


def test_what_does_not_agree_is_told_by_the_name_of_its_check(run: Run, sqlite_url: str) -> None:
    lend(create_engine(sqlite_url), each=1)
    with create_engine(sqlite_url).begin() as connection:
        connection.execute(text("UPDATE movements SET debit = debit + 1"))
    found = run(ledger.cli, "verify")
    assert found.status == 1
    assert all("：应为 " in line and "，实为 " in line for line in found.err.splitlines())


def test_the_jobs_are_told_by_their_names(run: Run, sqlite_url: str) -> None:
    lend(create_engine(sqlite_url), each=1)
    assert run(jobs.cli, "run", "interest", "--date", "2016-06-30").out.splitlines()[-1] == (
        "结息 2016-06-30：完成，应办 1 笔，已办 1 笔"
    )
    assert run(jobs.cli, "status").out.splitlines()[:2] == ["正在运行：无", "每日作业已完成至：从未"]
    assert run(jobs.cli, "send").out == "未设置发送通道：LEDGER_SMTP_URL、LEDGER_SMS_URL\n"
    assert run(jobs.cli, "daily", "--date", "2199-01-01").err.startswith("错误：日期 2199-01-01 晚于今天 ")
