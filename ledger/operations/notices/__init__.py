"""Operations on notices before maturity (催收通知): issue, delivery, sending."""
