"""Population projection and family-policy simulation.

The public names are those of the stub beside this file; each is loaded on first use, so that
``import popsim`` costs nothing.
"""

from popsim._lazy import attach

__all__ = attach(__name__)


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(name)  # the public names are found after this
    from popsim.schema.provenance import popsim_version

    return popsim_version()
