"""Operations on the books: accounting months are closed and opened."""
