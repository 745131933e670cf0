"""Reports, which answer users' questions and never write."""
