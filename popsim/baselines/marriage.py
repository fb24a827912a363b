"""Marriage and first births: what a change of the share of married women does to the rates.

In China nearly all first births are to married women, and projections here do not carry
who is married. So the lever is as simple as it can be: the first-birth rate per childless
woman aged 20 to 29 follows the share of the women of these ages who are married.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from popsim import data
from popsim.baselines.parity_start import assumed
from popsim.errors import BoundsError, MissingVariableError
from popsim.schema.checks import first_cell
from popsim.schema.variables import VARIABLES

#: Lower bounds of the bands of mothers' ages on which effects act [years]; the last is open.
BANDS = (0, 20, 30, 35)
_MARRYING = 20


def married_share(place: str) -> float:
    """Share of the women aged 20 to 29 of a place who are married, where it is published [1].

    Parameters
    ----------
    place : str
        A place of the table ``place_parameters``.

    Raises
    ------
    MissingVariableError
        The table has none for the place.

    Examples
    --------
    >>> married_share("huzhou")
    0.303
    """
    rows = data.table("place_parameters").query("parameter == 'married_share_20_29'")
    known = dict(zip(rows["place"], rows["value"].astype(float), strict=True))
    if place not in known:
        raise MissingVariableError(
            "the share of married women is not known for the place",
            where="place_parameters",
            got=place,
            allowed=", ".join(known),
            fix="give first_birth_factor the share of your own place",
        )
    return known[place]


def first_birth_factor(
    share: xr.DataArray, reference: float, *, elasticity: xr.DataArray | float | None = None
) -> xr.DataArray:
    r"""Factor on first-birth rates by band of age, from the share of women aged 20-29 married.

    Parameters
    ----------
    share : xarray.DataArray
        (..., year) married women aged 20 to 29 on 1 January of the year, as a share of the
        women of these ages [1].
    reference : float
        The share that belongs to the baseline's rates [1] (:func:`married_share`).
    elasticity : xarray.DataArray or float, optional
        (...) percent of first births for one percent of the share [1]; the table's
        ``marriage_elasticity`` if absent.

    Returns
    -------
    xarray.DataArray
        first_birth_factor (..., year, band) [1], bands of mothers' ages by their lower bounds
        0, 20, 30 and 35; 1 but for 20 to 29.

    Raises
    ------
    BoundsError
        A share or reference that is not above 0 and at most 1.

    Notes
    -----
    :math:`c_0^*(a) = c_0(a)\, (w / w_0)^{\varepsilon}` at ages 20 to 29, per childless woman.
    The stock of 1 January counts a marriage from the year after it. What it leaves out:
    that women who marry are not yet mothers, so that a stock which rises all at once has
    more first births at first, and fewer later, than this; first births at 30 and over, which
    fall by themselves where more women have had their first child by then, but would rise
    with those who marry earlier and wait; and second births, which follow through the stock of
    women with one child.

    Examples
    --------
    >>> share = xr.DataArray([0.303, 0.3333], dims="year", coords={"year": [2026, 2027]})
    >>> first_birth_factor(share, married_share("huzhou")).values.tolist()
    [[1.0, 1.0, 1.0, 1.0], [1.0, 1.1, 1.0, 1.0]]
    """
    for name, value in (("reference", xr.DataArray(float(reference))), ("share", share)):
        bad = ~((value.values > 0.0) & (value.values <= 1.0))
        if bad.any():
            raise BoundsError(
                f"the {name} of married women is not a share",
                where=f"{name} {first_cell(value, bad)}".strip(),
                got=float(value.values[bad][0]),
                allowed="above 0 and at most 1: 0.303 for 30.3 percent",
            )
    if elasticity is None:
        elasticity = float(assumed("marriage_elasticity", np.zeros(1))[0])
    change = (share / reference) ** elasticity
    band = xr.DataArray(list(BANDS), dims="band", coords={"band": list(BANDS)})
    factor = xr.where(band == _MARRYING, change, 1.0).transpose(..., "year", "band")
    factor.attrs = VARIABLES["first_birth_factor"].attrs()
    return factor.rename("first_birth_factor")
