"""The blocks of the simulation: their width, what a lane draws, and what is made for the width."""

from __future__ import annotations

from popsim.kernels.lanes.rates import lane_rates
from popsim.kernels.lanes.walks import walks

#: Cells in a block. What is done once a row costs as much as dozens of lanes, but the state by
#: parity of six scenarios of 128 lanes is more than the cache holds.
LANES = 64

# Rows of what is drawn for a lane in a year: shifts of life expectancy of women and men, and of
# migration; what the migrants who enter move by, which is that shift, or of a total, half of what
# it is for each person; level of fertility; sex ratio at birth.
SHIFT, MOVING, LUCK, SRB, DRAWN = 2, 3, 4, 5, 6

begin_walk, walk, join_oldest = walks(LANES)
lay_mortality, lay_migrants, may_empty, guard, lift = lane_rates(LANES)
