from popsim.policy import evidence as evidence
from popsim.policy.calibration import (
    calibrate_take_up as calibrate_take_up,
    implied_order_mix as implied_order_mix,
    payment_records as payment_records,
)
from popsim.policy.cost import present_value as present_value, real as real
from popsim.policy.places import childcare_places as childcare_places, supply_paths as supply_paths
from popsim.policy.response import cash_effect as cash_effect
