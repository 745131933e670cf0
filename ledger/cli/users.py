"""The commands `user add`, `user password`, `user disable` and `user enable`."""

import click

from ledger.cli.context import context, tell
from ledger.labels import Said, label
from ledger.operations.registry import users
from ledger.operations.registry.users import Role

PASSWORD = click.option(
    "--password", prompt=True, hide_input=True, confirmation_prompt=True, help="asked for at the terminal if missing"
)


@click.group()
def user() -> None:
    """Manage the people who sign in."""


@user.command()
@click.argument("username")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--bank", help="the bank of an officer or checker")
@click.option(
    "--county",
    "counties",
    multiple=True,
    help="six digits; repeat the option for more counties; without it, all counties",
)
@click.option("--name", default="", help="the person's name (default: the username)")
@PASSWORD
def add(username: str, role: str, bank: str | None, counties: tuple[str, ...], name: str, password: str) -> None:
    """Add a person with a role and the bank or counties of that role."""
    with context() as ctx, ctx.unit("user") as unit:
        users.add_user(unit, username, name or username, password, role, bank=bank, counties=counties)
    tell(Said(f"added {username}, {role}", f"已添加用户 {username}，{label('role', role, 'zh')}"))


@user.command(name="password")
@click.argument("username")
@PASSWORD
def set_password(username: str, password: str) -> None:
    """Set a new password; the person has to sign in again everywhere."""
    with context() as ctx, ctx.unit("user") as unit:
        users.set_password(unit, username, password)
    tell(Said(f"password of {username} set", f"用户 {username} 的密码已设置"))


@user.command()
@click.argument("username")
def disable(username: str) -> None:
    """Disable a person from this moment on; all that the person recorded stays."""
    _set_active(username, active=False)


@user.command()
@click.argument("username")
def enable(username: str) -> None:
    """Let a disabled person in again."""
    _set_active(username, active=True)


def _set_active(username: str, *, active: bool) -> None:
    with context() as ctx, ctx.unit("user") as unit:
        users.set_active(unit, username, active)
    state = Said("enabled", "已启用") if active else Said("disabled", "已停用")
    tell(Said(f"{username} {state}", f"用户 {username} {state.zh}"))
