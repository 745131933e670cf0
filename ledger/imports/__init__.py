"""Reads sheets into typed rows, according to the columns of each kind of sheet, and makes templates for clerks."""
