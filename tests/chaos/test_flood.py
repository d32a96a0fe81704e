"""The flood of damaged documents: how they are damaged, and a few of them."""

import random
from pathlib import Path

import pytest

from tests import pdfs
from tests.chaos.damage import damage
from tests.chaos.flood import Flood


@pytest.mark.parametrize("data", [pdfs.text_pages(2), b"%PDF-1.7\n", b"%PDF-1.7\nx", b""])
def test_damage_is_what_the_seed_says_and_leaves_the_first_bytes(data: bytes) -> None:
    made = [damage(data, random.Random(seed)) for seed in range(200)]
    assert made == [damage(data, random.Random(seed)) for seed in range(200)]
    assert {document[:8] for document in made} == {data[:8]}
    assert len({*made}) > (150 if len(data) > 100 else 0)
    assert made.count(data) < 20 or len(data) < 100  # two references that are exchanged may be the same


def test_an_engine_outlives_damaged_documents(tmp_path: Path) -> None:
    source = tmp_path / "whole.pdf"
    source.write_bytes(pdfs.text_pages(2, words_per_page=20, is_tagged=True))
    (tmp_path / "run").mkdir()
    flood = Flood(tmp_path / "run", [source], seed=1)
    flood.run(8)
    assert flood.summary().startswith("damaged documents 8: ")
