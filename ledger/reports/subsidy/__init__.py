"""Reports on subsidy batches and subsidy totals."""
