"""What verification looks at: entries one by one, the journal's tables, loans, the public money."""
