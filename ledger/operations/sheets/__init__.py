"""Imported sheets (导入)."""
