"""How a case ends: decisions, withdrawals."""
