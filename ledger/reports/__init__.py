"""Reports answer users' questions and never write to the database."""
