"""The domain of the ledger: money, books, policy and operations, without Flask or marshmallow."""
