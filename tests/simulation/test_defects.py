"""Deliberate defects: each can be switched on, none in production."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from mpm.guards import make_defective
from simulation.defects import DEFECTS, NoSuchDefect, install


def source_of(module):
    return Path(importlib.util.find_spec(module).origin).read_text()


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=lambda defect: defect.name)
def test_what_a_defect_changes_stands_in_the_product_and_stays_python(defect):
    texts = {}
    for change in defect.changes:
        texts[change.module] = change.apply(texts.get(change.module) or source_of(change.module))

    for module, text in texts.items():
        compile(text, module, "exec")


def test_there_are_many_defects():
    assert len(DEFECTS) >= 25


def test_production_refuses_to_start_with_a_defect():
    with pytest.raises(ImproperlyConfigured, match="MPM_DEFECT"):
        make_defective("blind-retry", is_development=False)


def test_a_defect_that_comes_too_late_or_that_nobody_knows_is_refused():
    with pytest.raises(NoSuchDefect, match="units-rounder"):
        install("units-rounder")
    with pytest.raises(NoSuchDefect, match="too late"):
        install("units-rounded")


def test_a_process_that_is_told_so_is_defective():
    asked = (
        "from mpm.guards import make_defective; make_defective('rest-given-away', is_development=True);"
        "from payments.allocation import _buy_units; from decimal import Decimal as D;"
        "print(_buy_units(D(4999), D(400), D('0.1'), 'TZS').cost)"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "4999"
