"""The registry's rows on what a decision is read off: births gained, their price, their risk."""

from __future__ import annotations

from popsim.schema.variable import ONE, PERSONS, Variable

YUAN = "yuan"
PER_BIRTH = "yuan per birth"

DECISION: tuple[Variable, ...] = (
    # --- cost_effectiveness() ------------------------------------------------------------
    Variable(
        "additional_births_total",
        ("year",),
        PERSONS,
        "Additional births",
        "Births beyond those of the alternative, of all orders.",
    ),
    Variable(
        "additional_births_to_date",
        ("year",),
        PERSONS,
        "Additional births to date",
        "Births beyond those of the alternative, from the first year to the end of the year; "
        "births brought forward count until they are missing.",
    ),
    Variable(
        "child_equivalents",
        (),
        PERSONS,
        "Additional children",
        "Births beyond those of the alternative over all years, net of those that were only "
        "brought forward and are missing by the last year, and of those from next door.",
    ),
    Variable(
        "relocated_births",
        (),
        PERSONS,
        "Births from next door",
        "Part of the additional births that other places have fewer of.",
    ),
    Variable(
        "completed_fertility_change",
        ("time",),
        "children per woman",
        "Change of completed fertility",
        "Children borne per woman aged 50 (three or more counted as three), beyond those of the "
        "alternative.",
    ),
    Variable(
        "cost_to_date",
        ("basis", "year"),
        YUAN,
        "Additional spending to date",
        "Spending beyond that of the alternative, from the first year to the end of the year.",
    ),
    Variable(
        "cost_per_birth_to_date",
        ("basis", "year"),
        PER_BIRTH,
        "Cost per additional birth to date",
        "Spending to date over additional births to date; infinite where none is gained.",
    ),
    Variable(
        "cost_per_child_equivalent",
        ("basis",),
        PER_BIRTH,
        "Cost per additional child",
        "Spending of all years over child equivalents; infinite where there are none.",
    ),
    Variable(
        "cost_per_child_fieller_lower",
        ("basis",),
        PER_BIRTH,
        "Fieller set of the cost per additional child, lower",
        "Lower end of the set, or the upper end of its lower part where it is a complement.",
    ),
    Variable(
        "cost_per_child_fieller_upper",
        ("basis",),
        PER_BIRTH,
        "Fieller set of the cost per additional child, upper",
        "Upper end of the set, or the lower end of its upper part where it is a complement.",
    ),
    Variable(
        "cost_per_child_fieller_kind",
        ("basis",),
        ONE,
        "Fieller set of the cost per additional child, kind",
        "bounded: from lower to upper; complement: up to lower, and from upper on; whole_line; "
        "empty.",
    ),
    Variable(
        "probability_none_gained",
        ("year",),
        ONE,
        "Probability that no birth is gained",
        "Share of the draws without additional births from the first year to the end of the year.",
        lower=0.0,
        upper=1.0,
    ),
    Variable(
        "deadweight_to_date",
        ("year",),
        YUAN,
        "Paid for births that would have come anyway, to date",
        "Spending on births that the alternative has too, from the first year on.",
    ),
    Variable(
        "paid_for_additional_to_date",
        ("year",),
        YUAN,
        "Paid for additional births, to date",
        "Spending on births that the alternative has not, from the first year on.",
    ),
    Variable(
        "deadweight_share",
        (),
        ONE,
        "Share paid for births that would have come anyway",
        "Of the spending of all years.",
    ),
    Variable(
        "net_present_value",
        ("willingness_to_pay",),
        YUAN,
        "Net present value",
        "Additional births at the willingness to pay less spending, both discounted to the first "
        "year.",
    ),
    Variable(
        "probability_worth_it",
        ("willingness_to_pay", "year"),
        ONE,
        "Probability of being worth it",
        "Share of the draws with births gained whose net present value to the end of the year is "
        "not negative.",
        lower=0.0,
        upper=1.0,
    ),
    Variable(
        "break_even_year",
        ("willingness_to_pay",),
        "calendar year",
        "Break-even year",
        "First year from which on the discounted cost per additional birth to date stays within "
        "the willingness to pay; infinite if it never does.",
    ),
    # --- sensitivity -----------------------------------------------------------------------
    Variable(
        "first_order_share",
        ("group",),
        ONE,
        "Share of variance, alone",
        "Sobol's first-order index: variance of the mean given the group, over all variance.",
    ),
    Variable(
        "total_order_share",
        ("group",),
        ONE,
        "Share of variance, with interactions",
        "Sobol's total index: variance left when all other groups are known, over all variance.",
    ),
    Variable(
        "first_order_error",
        ("group",),
        ONE,
        "Standard error of the first-order share",
        "From resampled draws.",
        lower=0.0,
    ),
    Variable(
        "total_order_error",
        ("group",),
        ONE,
        "Standard error of the total share",
        "From resampled draws.",
        lower=0.0,
    ),
    Variable(
        "expected_net_benefit",
        ("scenario",),
        YUAN,
        "Expected net benefit",
        "Mean over the draws of what an option is worth less what it costs.",
    ),
    Variable(
        "probability_best",
        ("scenario",),
        ONE,
        "Probability of being the best",
        "Share of the draws in which no other option has a larger net benefit.",
        lower=0.0,
        upper=1.0,
    ),
    Variable(
        "value_of_information",
        ("group",),
        YUAN,
        "Expected value of perfect information",
        "What knowing the group before choosing adds to the expected net benefit of the choice.",
        lower=0.0,
    ),
    # --- frontier --------------------------------------------------------------------------
    Variable(
        "births_gained",
        ("draw",),
        PERSONS,
        "Additional births",
        "Births of all years beyond those of the alternative.",
    ),
    Variable(
        "spending",
        ("draw",),
        YUAN,
        "Additional spending",
        "Cost of all years beyond that of the alternative.",
    ),
    Variable(
        "efficient",
        ("scenario",),
        ONE,
        "On the frontier",
        "Whether no other scenario gains as much for less, or more for as much.",
    ),
    Variable(
        "probability_better_than_last",
        ("scenario",),
        ONE,
        "Probability of more births than the next cheaper scenario",
        "Share of the draws with more births than the next cheaper scenario of the frontier.",
        lower=0.0,
        upper=1.0,
    ),
    Variable(
        "cost_per_further_birth",
        ("scenario",),
        PER_BIRTH,
        "Cost per further birth",
        "Mean spending over mean births beyond the next cheaper scenario of the frontier.",
    ),
)
