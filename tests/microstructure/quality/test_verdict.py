from dataclasses import replace

import pytest

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.quality import Figures
from dmn_fe.microstructure.quality.evidence import blind_findings
from dmn_fe.microstructure.quality.verdict import verdict


def figures(**values):
    one = Figures("lineal path", "", (0.1,), "b", 0.1, 0.2, 0.5, 0.8)
    return replace(one, **values)


@pytest.mark.parametrize(
    ("one", "word", "words"),
    [
        (figures(), "pass", "nearest to it is the lineal path of phase 'b': 0.1, floor 0.2"),
        (figures(values=(0.1, 0.22)), "warn", "is outside the noise floor: 0.22, floor 0.2"),
        (
            figures(values=(0.3,)),
            "fail",
            "more than half as far as a Gaussian field: 0.3, floor 0.2",
        ),
        (figures(values=(0.3,), gaussian=0.1), "warn", "outside the noise floor: 0.3"),
        (figures(values=(0.5,), gaussian=0.1), "fail", "more than half as far as white noise: 0.5"),
        (
            figures(values=(0.39,), gaussian=0.1, white_noise=0.1),
            "warn",
            "outside the noise floor: 0",
        ),
        (
            figures(values=(0.41,), gaussian=0.1, white_noise=0.1),
            "fail",
            "more than twice that: 0.41",
        ),
        (figures(values=(0.19,), gaussian=0.3), "warn", "a larger original can tell more"),
        # A Gaussian field within the floor hands over to white noise.
        (figures(values=(0.19,), gaussian=0.15), "pass", "Gaussian field 0.15"),
        (
            figures(values=(0.19,), gaussian=0.15, white_noise=0.3),
            "warn",
            "within the noise floor but more than half as far as white noise: 0.19",
        ),
        (
            figures(values=(0.01,), gaussian=0.15, white_noise=0.15),
            "warn",
            "cannot even tell white noise from the original: 0.01",
        ),
        (figures(view="across e2"), "pass", "lineal path of phase 'b' across e2"),
    ],
)
def test_rules_of_the_verdict(one, word, words):
    found = verdict([one, figures(judge="Euler number", values=(0.01,))], [])
    assert found.word == word
    assert words in found.sentence


def test_percolation_makes_a_pass_a_warning():
    finding = Finding("warning", "phase 'b' percolates")
    assert verdict([figures()], [finding]).sentence == "phase 'b' percolates."
    assert verdict([figures()], [finding]).word == "warn"
    assert verdict([figures(values=(0.5,))], [finding]).word == "fail"


def test_judges_that_are_blind_are_named():
    table = [
        figures(),
        figures(judge="chord length", gaussian=0.1),
        figures(judge="two-point cluster", gaussian=0.1, white_noise=0.2, view="across e1"),
        figures(judge="two-point cluster", gaussian=0.1, white_noise=0.2, view="across e2"),
        # What a control has in common with most originals is no blindness.
        figures(judge="two-point probability", gaussian=0.1),
        figures(judge="isotropy", gaussian=0.1, white_noise=0.1),
    ]
    assert blind_findings(table[:1]) == []
    noise, field = (one.sentence for one in blind_findings(table))
    why = "from the original, since it is within the noise floor"
    assert noise.startswith(f"judges that cannot tell white noise {why}: two-point cluster;")
    assert field.startswith(f"judges that cannot tell a Gaussian field {why}: chord length;")
