"""Packaging: the app's files travel inside the core package, as clfcore/_app, and nothing else is installed at the top.

There `clflab run` finds app.py with pages/, ui/, assets/ and .streamlit/ below it, laid out as in a clone.
"""

from setuptools import find_namespace_packages, find_packages, setup
from setuptools.command.build_py import build_py

APP = find_namespace_packages(include=["pages", "pages.*", "ui", "ui.*"])


class BuildModules(build_py):
    """All modules but this one, which lies in the same folder as app.py."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        return [found for found in super().find_package_modules(package, package_dir) if found[1] != "setup"]


setup(
    cmdclass={"build_py": BuildModules},
    packages=[*find_packages(include=["clfcore*"]), "clfcore._app", *(f"clfcore._app.{name}" for name in APP)],
    package_dir={"clfcore._app": ".", **{f"clfcore._app.{name}": name.replace(".", "/") for name in APP}},
    package_data={
        "clfcore": ["py.typed"],
        "clfcore.architectures": ["*.csv", "*.json"],
        "clfcore.export": ["*.txt", "templates/*.txt", "templates/*.jinja", "web_page/*", "onnxruntime_web/*"],
        "clfcore.lessons": ["*.json", "recorded_panels/*"],
        "clfcore.reports": ["*.jinja"],
        "clfcore.serving": ["*.js"],
        "clfcore._app": [
            ".streamlit/config.toml",
            "assets/*.svg",
            "assets/*.css",
            "assets/samples/*",
            "assets/clothing-small/LICENSE",
            "assets/clothing-small/photos/*/*/*.jpg",
        ],
    },
)
