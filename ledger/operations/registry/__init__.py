"""The registers: borrowers, users, contacts, calendars."""
