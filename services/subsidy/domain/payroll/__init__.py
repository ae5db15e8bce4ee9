"""Money that leaves: runs, their lines, what the bank is told and what it answers (RULES 4.4, 4.8)."""
