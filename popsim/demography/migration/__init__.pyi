from popsim.demography.migration.flows import (
    flow_difference as flow_difference,
    net_migration_from_flows as net_migration_from_flows,
    spread_net_migration as spread_net_migration,
)
from popsim.demography.migration.mobility import mobility as mobility
from popsim.demography.migration.residual import residual_migration as residual_migration
from popsim.demography.migration.schedules import (
    ROGERS_CASTRO as ROGERS_CASTRO,
    fit_rogers_castro as fit_rogers_castro,
    rogers_castro as rogers_castro,
)
