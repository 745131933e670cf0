"""Channels that send notices to borrowers by e-mail or SMS; the channels do not use the database."""
