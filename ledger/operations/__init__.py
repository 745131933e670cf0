"""Operations of the ledger: each function does one thing that people do, and records it in the journal."""
