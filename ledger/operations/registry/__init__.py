"""Operations on the registers: borrowers, users, contacts, calendars and other reference data."""
