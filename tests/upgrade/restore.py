"""The restoring of a stored release into an empty database on either engine, with only Python and its drivers."""

import lzma
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

FOLDER = Path(__file__).parent
SQLITE, POSTGRESQL = "ledger.sqlite3.xz", "ledger.sql.xz"


def releases() -> list[Path]:
    """Return the folders of all stored releases, the oldest first."""
    return sorted((path.parent for path in FOLDER.glob("*/released.toml")), key=_number)


def _number(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, folder.name.split(".")))


def restore(folder: Path, url: str) -> None:
    """Restore a release's stored database into an empty database of the same engine."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        assert address.database is not None
        Path(address.database).write_bytes(lzma.decompress((folder / SQLITE).read_bytes()))
        return
    script = lzma.decompress((folder / POSTGRESQL).read_bytes())
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(script)


def answers_file(folder: Path, url: str) -> Path:
    """Return the file of a release's answers for the engine of a database, since ids differ between engines."""
    return folder / f"answers.{make_url(url).get_backend_name()}.json.xz"


def pack(path: Path, content: bytes) -> None:
    """Write a file compressed with xz at its highest level."""
    path.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))


def unpack(path: Path) -> bytes:
    """Return the uncompressed content of a file."""
    return lzma.decompress(path.read_bytes())
