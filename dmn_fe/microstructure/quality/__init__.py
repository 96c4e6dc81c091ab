"""Quality of RVEs that are to be statistically equivalent to an original."""

from dmn_fe.microstructure.quality.controls import gaussian_control, white_noise
from dmn_fe.microstructure.quality.figures import Figures
from dmn_fe.microstructure.quality.report import QualityReport, judge_quality
from dmn_fe.microstructure.quality.verdict import Verdict

__all__ = [
    "Figures",
    "QualityReport",
    "Verdict",
    "gaussian_control",
    "judge_quality",
    "white_noise",
]
