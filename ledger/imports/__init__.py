"""Sheets in: files read strictly by the columns of their kind, faults as values, templates."""
