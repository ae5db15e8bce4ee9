"""Payroll in the database: set-based, each step one transaction.

`runs`      a run and its steps
`fence`     how far the register is applied here (ARCHITECTURE 1.4)
`drafting`  what is owed, drawn up
`gate`      red checks and their waivers
`news`      about whom anything came to stand since, judged again
`locking`   lines are entered, or given free
`turning`   what happens to lines, and where their money stands then
`sending`   instructions
`answers`   what the bank says
"""
