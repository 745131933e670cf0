"""Operations on loans from the contract to the payout."""
