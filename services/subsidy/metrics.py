"""Gauges and counters of the subsidy service."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

OVERDUE_APPLICATIONS = Gauge(
    "liangfu_subsidy_overdue_applications", "Applications that should have left their state before today (SUB-22)"
)
STOP_MISSED = Gauge(
    "liangfu_subsidy_stop_missed_awards",
    "Awards that contradicted the stop facts of our copy at the last sweep (KPI-20)",
)
REMINDERS_OPEN = Gauge("liangfu_subsidy_reminders_open", "New cases whose persons nobody has told yet (SUB-71)")
MESSAGES_WAITING = Gauge("liangfu_subsidy_messages_waiting", "Messages to persons that nobody has taken yet (SUB-71)")
PAYROLL_STEPS = Counter("liangfu_subsidy_payroll_steps_total", "Steps of payroll runs (RULES 4.8)", ["step"])
PAYROLL_HELD = Counter(
    "liangfu_subsidy_payroll_held_lines_total", "Lines held by name when they were judged again at lock and send"
)
RUNS_SEALED = Counter(
    "liangfu_subsidy_runs_sealed_total",
    "Settled runs that were sealed, by whether their lines were still those approved",
    ["lines"],
)
RUNS_UNSEALED = Gauge("liangfu_subsidy_runs_unsealed", "Settled runs without a seal")
BANK_FILES = Counter("liangfu_subsidy_bank_files_total", "Files written for banks (SUB-55)")
BANK_ANSWERS = Counter(
    "liangfu_subsidy_bank_answer_lines_total", "Lines of banks' answers, by what they were to us (SUB-59)", ["reading"]
)
BALANCES_BROKEN = Gauge(
    "liangfu_subsidy_balances_broken",
    "Persons, schemes and months whose money does not add up, and accounts that are not what their lines say, at the "
    "last check over everybody (RULES 12)",
)
OVERPAID_MONTHS = Gauge(
    "liangfu_subsidy_overpaid_months", "Persons, schemes and months paid beyond what is due at the last check (SUB-79)"
)
INTEGRITY_FEN = Gauge(
    "liangfu_subsidy_integrity_fen", "Fen at stake by rule at the last integrity audit this process ran", ["rule"]
)
OVERPAID_FEN = Gauge("liangfu_subsidy_overpaid_fen", "Fen paid beyond what is due at the last check (SUB-79)")
COMPARED = Counter("liangfu_subsidy_suspects_found_total", "Suspects that comparisons opened, by check (DX)", ["check"])
SUSPECTS_OVERDUE = Gauge("liangfu_subsidy_suspects_overdue", "Suspects that somebody should have passed on (DX-01)")
SUSPECTS_HOLDING = Gauge("liangfu_subsidy_suspects_holding", "Open suspects that hold their persons' money (READ-22)")
