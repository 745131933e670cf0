"""The views of attachments (附件): the original files of imported sheets, with their hashes."""

from typing import Any

from flask import Response
from marshmallow.fields import Integer, String
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core import edge
from api.core.fields import Choice, Day, Id, Moment
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Query
from api.sheets.views import import_in_scope
from ledger.errors import NotFound
from ledger.file_store import FileStore
from ledger.tables.attachments import Attachment

blueprint = Blueprint("attachments", "/attachments", "附件: documents of records")


class AttachmentFilter(Query):
    """Whose attachments."""

    owner_kind = Choice("import", required=True)
    owner_id = Id(required=True)


class AttachmentAnswer(Answer):
    """附件; `sha256` is the hash of its bytes, under which the vouchers name the document."""

    id = Id(required=True)
    owner_kind = String(required=True)
    owner_id = Id(required=True)
    name = String(required=True)
    media_type = String(required=True)
    size = Integer(required=True)
    sha256 = String(required=True)
    added_by = String(required=True)
    added_on = Day(required=True)
    added_at = Moment(required=True)


@blueprint.listing("", row=AttachmentAnswer, asks=AttachmentFilter)
def listed(session: Session, owner_kind: str, owner_id: int) -> Listing:
    """The documents of a record, oldest first."""
    import_in_scope(session, owner_id)
    query = select(Attachment).filter_by(owner_kind=owner_kind, owner_id=owner_id)
    return Listing(query, key=(Attachment.id,), show=lambda _session, rows: [_shown(row) for row in rows])


@blueprint.raw("GET", "/<id:attachment_id>", answers={200: "application/octet-stream"})
def download(attachment_id: int) -> Response:
    """The bytes of a document, as they were sent in."""
    with edge.reading() as session:
        row = session.get(Attachment, attachment_id)
        if row is None:
            raise NotFound(what="attachment", id=str(attachment_id))
        import_in_scope(session, row.owner_id)
        data = FileStore(edge.service().settings.home).get(row.sha256)
        answer = Response(data, mimetype=row.media_type)
        answer.headers.set("Content-Disposition", "attachment", filename=row.name)
        answer.headers["ETag"] = f'"{row.sha256}"'
        return answer


def _shown(row: Attachment) -> dict[str, Any]:
    return {name: getattr(row, name) for name in AttachmentAnswer().dump_fields}
