"""Pure rules: dates, money and a scheme version in, an answer or a named refusal out."""
