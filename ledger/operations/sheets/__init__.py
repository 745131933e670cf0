"""Imported sheets (导入): intake, the kinds of sheets, review and undo."""
