"""Figures of results, in the languages that :func:`popsim.set_options` says.

``pyramid`` population by age and sex, ``fan`` a path with its bands, ``compare`` scenarios
beside their baseline, ``tornado`` what each group of draws does, ``frontier`` births gained
against spending, ``board`` indicators against their targets, ``capacity`` places against those
who need them, ``forest`` the evidence. Each makes a figure, or draws on axes that you give.
"""

from popsim._lazy import attach

__all__ = attach(__name__)
