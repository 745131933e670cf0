"""Reports on notices: lists, histories and printed texts."""
