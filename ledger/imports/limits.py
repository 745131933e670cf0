"""The largest files and sheets that are read, checked before memory is taken for their cells."""

from ledger.errors import RuleViolation

FILE_BYTES_MAX = 64 * 2**20
ROWS_MAX = 300_000
CELLS_MAX = 20_000_000
COLUMNS_MAX = 60
PARTS_MAX = 2_000
UNPACKED_BYTES_MAX = 2**30
"""The largest unpacked size of an xlsx file in bytes; a sheet of ROWS_MAX rows is smaller."""

SHEETS_MAX = 100


class SheetTooLarge(RuleViolation):
    code = "sheet_too_large"
    zh = "文件过大（{unit:sheet_unit}）：{found}，上限 {limit}；请分成几个文件"
    en = "the file is too large ({unit:sheet_unit}): {found}, the limit is {limit}; split it"
