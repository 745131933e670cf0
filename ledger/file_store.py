"""Files kept beside the database, each under the SHA-256 hash of its bytes, so that equal files are stored once."""

import hashlib
import os
from pathlib import Path

from ledger.errors import Conflict


class FileLost(Conflict):
    code = "file_lost"
    zh = "附件文件缺失或已被改动（{found:text}）；请联系系统管理员从备份恢复"
    en = "the file of the attachment is missing or changed ({found:text}); have it restored from a backup"


class FileStore:
    """The folder of files; each file lies in a subfolder named by the first two digits of its hash."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "attachments"

    def put(self, data: bytes) -> str:
        """Store a file so that it is on disk when the method returns; return the file's SHA-256 hash in hex digits."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if path.exists() and path.stat().st_size == len(data):
            return digest
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A file under its final name is always complete, even after a loss of power.
        unfinished = path.with_name(f"{digest}.{os.getpid()}.part")
        with open(unfinished, "wb", opener=_private) as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        unfinished.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of a file; raise FileLost where the file is missing or its bytes have another hash."""
        try:
            data = self._path(digest).read_bytes()
        except OSError:
            raise FileLost(found=digest[:12]) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise FileLost(found=digest[:12])
        return data

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
