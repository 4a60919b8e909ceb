"""Ray Serve: an application of one deployment around predict.py, and its configuration."""

import shutil
from pathlib import Path

from clfcore.export import onnx_model, script
from clfcore.export.exportable import Exportable
from clfcore.export.onnx_model import Predictor

_CONFIG = """proxy_location: EveryNode
http_options:
  host: 127.0.0.1
  port: 8000
applications:
  - name: classifier
    route_prefix: /predict
    import_path: app:app
    deployments:
      - name: Classifier
        max_ongoing_requests: 8
        autoscaling_config:
          min_replicas: 1
          max_replicas: 4
          target_ongoing_requests: 2
        ray_actor_options:
          num_cpus: 1
"""


def write(source: Exportable, folder: Path) -> None:
    """app.py, serve.yaml, the files of predict.py, requirements.txt and README.md."""
    script.write_predictor(source, folder)
    shutil.copyfile(script.TEMPLATES / "ray_app.py.txt", folder / "app.py")
    (folder / "serve.yaml").write_text(_CONFIG, encoding="utf-8")
    script.pinned(folder, script.RUNTIME)
    with (folder / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write("ray[serve]>=2.40\n")
    (folder / "README.md").write_text(
        "1. Install: `pip install -r requirements.txt`\n"
        "2. Serve: `serve run serve.yaml` in this folder\n"
        "3. Ask: `curl --data-binary @photo.jpg http://127.0.0.1:8000/predict`\n",
        encoding="utf-8",
    )


def read(folder: Path) -> Predictor:
    """The folder's model, as each replica opens it."""
    return onnx_model.read(folder / "model.onnx")
