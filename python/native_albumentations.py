import warnings
from pathlib import Path

import albumentations as A

VERSION = "2.0.8"


def load():
    """The transform, an A.Compose for images of uint8 [height, width, 3], RGB.

    Raises ImportError for another version of Albumentations, whose arguments may have other names and meanings.
    """
    if A.__version__ != VERSION:
        raise ImportError(
            f"this is for albumentations {VERSION}, not for {A.__version__}; install that, or export without --native"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return A.load(Path(__file__).with_suffix(".json"))
