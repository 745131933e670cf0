"""Channels that send notices to borrowers by e-mail or SMS; a channel does not use the database."""
