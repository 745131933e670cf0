"""The rules of the schemes, as pure functions of dates, amounts of money and a scheme version.

Each function of this package returns a result or raises a refusal.
"""
