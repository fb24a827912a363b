from popsim.uncertainty.coverage import interval_coverage as interval_coverage
from popsim.uncertainty.in_force import intervals_in_force as intervals_in_force
from popsim.uncertainty.intervals import (
    Intervals as Intervals,
    calibrate_to_intervals as calibrate_to_intervals,
    published_intervals as published_intervals,
)
from popsim.uncertainty.mortality import (
    shift_reach as shift_reach,
    survival_at as survival_at,
    survival_polynomial as survival_polynomial,
)
from popsim.uncertainty.parity import starting_women_draws as starting_women_draws
from popsim.uncertainty.paths import demographic_draws as demographic_draws
from popsim.uncertainty.quantiles import (
    quantiles as quantiles,
    quantiles_over_draws as quantiles_over_draws,
)
