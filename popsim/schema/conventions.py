"""Conventions of the data: sexes, orders, parities, ages, forms of an input; each said once.

Kernels know no labels and keep integer constants of their own, which a test holds to these.
"""

from __future__ import annotations

FEMALE, MALE = "female", "male"
SEXES: tuple[str, str] = (FEMALE, MALE)

#: Birth orders; the last is third and higher.
ORDERS: tuple[int, ...] = (1, 2, 3)
#: Parities, numbers of children borne; the last is three or more.
PARITIES: tuple[int, ...] = (0, 1, 2, 3)

#: Ages (the last exclusive) at which births can happen: below and above, registers know single
#: cases only.
REPRODUCTIVE_AGES = (10, 60)
#: Ages (the last exclusive) whose women are counted by parity, and bear the births that are too
#: many for other ages.
BEARING_AGES = (15, 50)
#: Completed age at which women are taken to have all their children.
COMPLETED_AGE = 50

#: Lower bounds of the groups of children by order: childcare, kindergarten, and three of school.
CHILD_GROUPS = (0, 3, 6, 12, 15)
#: Completed age from which nobody is a child.
CHILD_END = 18
#: Lower bounds of the age groups that a summary keeps: childcare 0-2, kindergarten 3-5,
#: primary 6-11, junior 12-14 and senior 15-17 school, women 20-34 and 15-49, and the
#: borders 60, 65 and 80 of old age.
SUMMARY_AGES = (0, 3, 6, 12, 15, 18, 20, 35, 50, 60, 65, 80)

#: Forms of mortality, of which inputs have one.
MORTALITY_FORMS = ("survival_ratio", "mortality_rate")
#: Net migration in persons: by sex and age, and in all.
MIGRATION_COUNTS = ("net_migration", "net_migration_total")
#: Forms of net migration, of which inputs have one at most.
MIGRATION_FORMS = ("net_migration", "net_migration_rate", "net_migration_total")
#: Forms of fertility by birth order: of the first year, and of every year.
ORDER_FORMS = ("birth_order_share", "fertility_rate_by_order")

#: Dims that one cell of a projection needs whole; all others (region, scenario, draw) lead.
CORE_DIMS = ("year", "sex", "age", "order", "parity", "child_age", "coefficient")
