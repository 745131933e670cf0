"""Operations that close and open the accounting months of the books."""
