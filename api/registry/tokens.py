"""The views that give a token for signing in and show the signed-in user."""

from typing import Any

from flask import Response
from marshmallow.fields import List, Nested, String
from sqlalchemy.orm import Session

from api.core import auth, edge, errors
from api.core.fields import Code, Moment, Text
from api.core.routes import Blueprint, to_json
from api.core.schemas import Answer, Body
from ledger.operations.registry.users import Role

PASSWORD_LENGTH_MAX = 200

blueprint = Blueprint("auth", "", "登录: tokens and who one is")


class TokenBody(Body):
    username = Text(most=64, required=True)
    password = Text(most=PASSWORD_LENGTH_MAX, trim=False, required=True)


class TokenAnswer(Answer):
    """令牌"""

    access_token = String(required=True)
    token_type = String(required=True)
    expires_at = Moment(required=True)


class ScopeAnswer(Answer):
    """范围: no bank means every bank, no counties means all counties."""

    bank = Code(required=True, allow_none=True)
    counties = List(Code(), required=True)


class MeAnswer(Answer):
    user = String(required=True)
    name = String(required=True)
    role = String(required=True, metadata={"enum": list(Role)})
    scope = Nested(ScopeAnswer, required=True)


@blueprint.raw("POST", "/auth/token", answers={200: TokenAnswer}, body=TokenBody)
def token(username: str, password: str) -> Response:
    """登录: a token for a name and a password, good for twelve hours."""
    access_token, expires_at = auth.sign_in(username, password)
    body = {"access_token": access_token, "token_type": "Bearer", "expires_at": expires_at}
    return errors.answer(200, to_json(TokenAnswer().dump(body)))


@blueprint.get("/me", answer=MeAnswer)
def me(_session: Session) -> dict[str, Any]:
    """Who one is: user, role, scope."""
    asker = edge.person()
    scope = {"bank": asker.scope.bank, "counties": sorted(asker.scope.counties)}
    return {"user": asker.username, "name": asker.name, "role": asker.role, "scope": scope}
