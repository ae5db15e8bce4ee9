"""What a bank is sent and what it answers, as data: files are described, not programmed (RULES 4.4, 9.1)."""
