"""Folder, zip and CSV manifest -> ImageDataset. No picture is decoded and no original is changed here."""

from clfcore.data.importers.archives import Imported, import_zip, imported, imported_folder
from clfcore.data.importers.folders import import_folder
from clfcore.data.importers.manifests import import_csv
from clfcore.data.importers.nested import import_tree
from clfcore.data.importers.uploads import import_upload, keep_upload

__all__ = [
    "Imported",
    "import_csv",
    "import_folder",
    "import_tree",
    "import_upload",
    "import_zip",
    "imported",
    "imported_folder",
    "keep_upload",
]
