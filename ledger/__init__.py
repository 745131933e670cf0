"""The domain of the ledger: money, books, policy, operations. Knows neither Flask nor marshmallow."""
