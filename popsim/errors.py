"""What popsim raises and warns, and how a message is built.

Every error says what is wrong, where, what was found, what is allowed and how
to mend it; the same five pieces are attributes, so that a program can read them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PopsimError(Exception):
    """Base of everything popsim raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong, as a sentence without its full stop.
    where : str, optional
        File and key path, or variable and coordinates.
    got : object, optional
        The value that was found.
    allowed : object, optional
        What would have been accepted.
    fix : str, optional
        What the reader can do about it.

    Examples
    --------
    >>> from popsim.errors import InputError
    >>> print(InputError("the sex ratio is negative", where="year=2020", got=-1.0))
    the sex ratio is negative
      where: year=2020
      got: -1
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        got: object = None,
        allowed: object = None,
        fix: str | None = None,
    ) -> None:
        self.what, self.where, self.got, self.allowed, self.fix = what, where, got, allowed, fix
        lines = [what]
        for label, piece in (
            ("where", where),
            ("got", got),
            ("allowed", allowed),
            ("fix", fix),
        ):
            if piece is not None:
                shown = f"{piece:.6g}" if isinstance(piece, float) else piece
                lines.append(f"  {label}: {shown}")
        super().__init__("\n".join(lines))


class InputError(PopsimError, ValueError):
    """An input variable or argument that cannot be used as it stands."""


class MissingVariableError(InputError):
    """A variable that the computation needs is absent."""


class UnknownVariableError(InputError):
    """A variable whose name popsim does not know but which resembles one it does."""


class DimensionError(InputError):
    """A variable has the wrong dimensions."""


class CoordinateError(InputError):
    """A coordinate has gaps, the wrong order or labels that are not known."""


class BoundsError(InputError):
    """A value lies outside of what the variable can mean (often a matter of units)."""


class ConflictError(InputError):
    """Two inputs say the same thing twice, or contradict each other."""


class InfeasibleError(InputError):
    """Births that are asked for are more than all women of reproductive age can bear."""


class FitError(InputError):
    """A model cannot meet what was asked of it."""


class ScenarioError(PopsimError, ValueError):
    """A scenario file or object that does not describe a policy popsim can run."""


class UnknownPlaceError(PopsimError, LookupError):
    """A place, scenario or data set of that name does not exist."""


class UnknownNameError(PopsimError, AttributeError):
    """A package has no function or module of that name."""


class OutputError(PopsimError, OSError):
    """A result could not be written; nothing was left half-written."""


class AccountingError(PopsimError, ArithmeticError):
    """Population, births, deaths and migration do not add up: a bug in popsim."""


class MissingExtraError(PopsimError, ImportError):
    """An optional library that the call needs is not installed."""


class SchedulerError(PopsimError, ConnectionError):
    """A scheduler of distributed work does not answer."""


class PopsimWarning(UserWarning):
    """Base of every warning of popsim."""


class AssumedFertilityWarning(PopsimWarning):
    """Women by parity rest on an assumed past: that of the place was not given."""


class MigrationAdjustmentWarning(PopsimWarning):
    """Net migration was altered because it would have emptied an age group."""


class BirthsLostWarning(PopsimWarning):
    """In some draws more births were asked for than all women of reproductive age can bear."""


class MigrationUnitWarning(PopsimWarning):
    """Net migration is of a size that another unit would have, rates for persons or the reverse."""


class ImplausibleMortalityWarning(PopsimWarning):
    """Life in the open age group is longer than in any population known or foreseen."""


class MissingFontWarning(PopsimWarning):
    """A figure is in another language than asked for: no installed font has its characters."""


class BorrowedIntervalsWarning(PopsimWarning):
    """Draws have the intervals of another country than the baseline's."""


class CacheWarning(PopsimWarning):
    """Compiled kernels cannot be taken from their cache or kept in it; results are the same."""


def did_you_mean(name: object, known: Iterable[object]) -> str | None:
    """Return a "did you mean ...?" for a misspelt name, or None if nothing is close.

    Examples
    --------
    >>> did_you_mean("ouhay", ["ouhai", "cixi"])
    "did you mean 'ouhai'?"
    """
    close = difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else None
