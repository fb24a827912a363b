"""``set_options()``: the language of figures and tables, and the number of threads."""

from __future__ import annotations

import operator
from types import TracebackType

from popsim.errors import BoundsError, InputError, did_you_mean
from popsim.languages import BOTH, ENGLISH, languages, speak

#: More threads than any machine has processors are a slip.
MOST_THREADS = 1024


class set_options:
    """Set the language and the number of threads, for good or within a ``with`` block.

    Parameters
    ----------
    language : {"en", "zh", "both"}, optional
        Of the labels of figures, and of the tables of the board and of the command: English,
        Chinese, or (as it is from the start) English with Chinese beside it. Tables and
        sentences that are too wide to be said twice are then in English. Every language that
        has a table in the folder ``popsim/languages`` may be named.
    threads : int, optional
        How many threads the kernels run in at most; from the start as many as there are
        processors, or as the environment variable ``NUMBA_NUM_THREADS`` says. Results do not
        depend on it, to the last bit.

    Raises
    ------
    InputError
        A language that there is no table of; threads that are no whole number.
    BoundsError
        No thread, or more than :data:`MOST_THREADS`.

    Notes
    -----
    What is set holds for the whole process. It does not reach the workers of a cluster.

    Examples
    --------
    >>> import popsim as ps
    >>> with ps.set_options(language="en", threads=1):
    ...     pass  # here figures are in English, and kernels in one thread
    >>> ps.set_options(language="both")
    set_options(language='both')
    """

    def __init__(self, *, language: str | None = None, threads: int | None = None) -> None:
        # all is checked before anything is set
        language = None if language is None else check_language(language)
        threads = None if threads is None else _checked(threads)
        self._set = {"language": language, "threads": threads}
        self._before: dict[str, str | int] = {}
        if language is not None:
            self._before["language"] = speak(language)
        if threads is not None:
            self._before["threads"] = _run_in(threads)

    def __enter__(self) -> set_options:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if "language" in self._before:
            speak(str(self._before["language"]))
        if "threads" in self._before:
            _run_in(int(self._before["threads"]))

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self._set.items() if value)
        return f"set_options({said})"


def check_language(language: object) -> str:
    """A language that labels can be shown in.

    Raises
    ------
    InputError
        There is no table of it.

    Examples
    --------
    >>> check_language("zh")
    'zh'
    """
    known = (ENGLISH, *languages(), BOTH)
    if not isinstance(language, str) or language not in known:
        raise InputError(
            f"there are no labels in {language!r}",
            where="language",
            got=language,
            allowed=", ".join(known),
            fix=did_you_mean(language, known)
            or "put a table of labels named by its code, as zh.csv, into popsim/languages",
        )
    return language


def _checked(threads: object) -> int:
    try:
        if isinstance(threads, bool):
            raise TypeError
        count = operator.index(threads)  # type: ignore[arg-type]
    except TypeError:
        raise InputError(
            "the number of threads is a whole number",
            where="threads",
            got=threads,
            allowed=f"1 to {MOST_THREADS}",
        ) from None
    if not 1 <= count <= MOST_THREADS:
        raise BoundsError(
            f"kernels cannot run in {count} threads",
            where="threads",
            got=count,
            allowed=f"1 to {MOST_THREADS}",
        )
    return count


def _run_in(threads: int) -> int:
    from popsim.kernels._jit import set_most_threads  # loads Numba

    return set_most_threads(threads)
