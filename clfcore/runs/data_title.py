"""Name of a run's data, for whatever leaves the machine: never a path of it."""

from clfcore.data.importers.readings import parted
from clfcore.data.library.specs import display_name, entry_of
from clfcore.runs.folder import Run


def dataset_name(spec: str) -> str:
    """Name of a dataset: that of the library, else its SPEC without the folders above it.

    >>> dataset_name("/home/ada/photos/"), dataset_name("nested:/home/ada/signs"), dataset_name("shapes:count=60")
    ('photos', 'nested:signs', 'shapes:count=60')
    """
    return parted(spec).reading.before(display_name(spec))


def data_title(run: Run) -> str:
    """Name of a run's data: that of the library, else the one that it had when the run was trained."""
    entry = entry_of(run.config.data)
    return display_name(run.config.data) if entry else run.data.name or dataset_name(run.config.data)
