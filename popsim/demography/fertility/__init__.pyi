from popsim.demography.fertility.measures import (
    gross_reproduction_rate as gross_reproduction_rate,
    mean_age_at_childbearing as mean_age_at_childbearing,
    net_reproduction_rate as net_reproduction_rate,
    person_years_lived as person_years_lived,
    total_fertility_rate as total_fertility_rate,
    variance_of_age_at_childbearing as variance_of_age_at_childbearing,
)
from popsim.demography.fertility.parity import (
    cohort_parity as cohort_parity,
    completed_fertility as completed_fertility,
    conditional_from_incidence as conditional_from_incidence,
    incidence_from_conditional as incidence_from_conditional,
    parity_shares as parity_shares,
    period_parity_progression as period_parity_progression,
)
from popsim.demography.fertility.scaling import (
    rates_from_pattern as rates_from_pattern,
    scale_to_mean_age as scale_to_mean_age,
    scale_to_total_fertility_rate as scale_to_total_fertility_rate,
)
from popsim.demography.fertility.schedule_fits import fit_schedule as fit_schedule
from popsim.demography.fertility.schedules import (
    beta_schedule as beta_schedule,
    coale_trussell_schedule as coale_trussell_schedule,
    gamma_schedule as gamma_schedule,
    hadwiger_schedule as hadwiger_schedule,
    quadratic_spline_schedule as quadratic_spline_schedule,
)
from popsim.demography.fertility.tempo import (
    completed_cohort_fertility as completed_cohort_fertility,
    tempo_adjusted_total_fertility_rate as tempo_adjusted_total_fertility_rate,
)
