"""The registry's rows on what a simulation adds to a projection: families, places, spending."""

from __future__ import annotations

from popsim.schema.variable import ONE, PERSONS, Variable

_YUAN = "yuan"

SIMULATION: tuple[Variable, ...] = (
    Variable(
        "total_births",
        ("year",),
        PERSONS,
        "Births of all orders",
        "Live births in the year, of all orders.",
    ),
    Variable(
        "births_reordered",
        ("year",),
        PERSONS,
        "Births of another order than asked for",
        "Births of the baseline in the year that mothers of the same age but another number of "
        "children bear, because the women of a parity are too few for those of its order; births "
        "in all are as asked for.",
        lower=0.0,
    ),
    Variable(
        "births_displaced",
        ("year",),
        PERSONS,
        "Births at another age of mother than asked for",
        "Births of the baseline in the year that mothers of the nearest ages bear, because the "
        "women of an age are too few for them; births in all are as asked for.",
        lower=0.0,
    ),
    Variable(
        "cost",
        ("year", "instrument"),
        _YUAN,
        "Public spending",
        "Nominal payments in the year to the recipients of the instrument, and what is spent "
        "whoever is born.",
    ),
    Variable(
        "cost_by_order",
        ("year", "instrument", "order"),
        _YUAN,
        "Public spending by birth order",
        "Nominal payments in the year for children of the order.",
    ),
    Variable(
        "cost_deadweight",
        ("year", "instrument"),
        _YUAN,
        "Spending on births that would have come anyway",
        "What is paid, by the same rules, for the children of the baseline of the same draw.",
    ),
    Variable(
        "cost_shortfall",
        ("year",),
        _YUAN,
        "Claims that the budget left unpaid",
        "What was due by the rules of the instruments, less what a budget cap let be paid.",
    ),
    Variable(
        "childcare_coverage",
        ("year",),
        ONE,
        "Childcare places used per child aged 0-2",
        "Places in use on 1 January over the children aged 0 to 2 of the scenario, 1 at most.",
    ),
    Variable(
        "completed_parity",
        ("time", "parity"),
        PERSONS,
        "Women aged 50 by number of children",
        "Women of completed age 50 on 1 January by children ever borne; 3 is three or more.",
    ),
    Variable(
        "relocation_share",
        (),
        ONE,
        "Share of additional births from next door",
        "Of the births that a local scenario adds, those that other places then have fewer of.",
    ),
)
