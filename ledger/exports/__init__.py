"""The books in other shapes: sheets, texts, papers."""
