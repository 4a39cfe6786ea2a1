"""Every built-in detector keeps the promises of the port."""

from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.detect.onnx import OnnxConfig, OnnxDetector
from vedette.detect.port import Detector
from vedette.models.catalogue import Catalogue
from vedette.models.store import ModelStore
from vedette.testing.detector_contract import DetectorContract


class TestBlobDetector(DetectorContract):
    def make(self) -> Detector:
        return BlobDetector(BlobConfig())


class TestOnnxDetector(DetectorContract):
    """With the default model, which `make` pulls (`vedette models pull`)."""

    def make(self) -> Detector:
        spec = Catalogue.load().get()
        return OnnxDetector(OnnxConfig(score=0.05), spec=spec, path=ModelStore().path(spec))
