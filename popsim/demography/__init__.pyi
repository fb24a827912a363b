from popsim.demography.ages import *
from popsim.demography.fertility import *
from popsim.demography.indicators import *
from popsim.demography.migration import *
from popsim.demography.mortality import *
