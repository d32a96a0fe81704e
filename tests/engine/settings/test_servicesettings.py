"""What is set of the service: no network is trusted by mistake, and no host is misspelt."""

from typing import Any

import pytest
from pydantic import ValidationError

from engine.job.options import OFFICE, DocumentKind
from engine.settings.servicesettings import DoorName
from engine.settings.settings import Settings


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/0",
        "::/0",
        "8.8.8.0/24",
        "100.64.0.0/10",
        "2001:4860::/32",
        "172.0.0.0/8",
        "0.0.0.0/32",
        "172.17.0.1/16",
        "x",
    ],
)
def test_a_network_that_is_open_to_others_is_refused(network: str) -> None:
    with pytest.raises(ValidationError, match="network"):
        Settings(trusted_clients=(network,))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("trusted_clients", "172.17.0.0/16, fd00::/8", ("172.17.0.0/16", "fd00::/8")),
        ("trusted_clients", ["10.0.0.5"], ("10.0.0.5/32",)),
        ("docling_fetch", "Files.Example.org., *.example.net,*", ("files.example.org", "*.example.net", "*")),
        ("doors", "tika", (DoorName.TIKA,)),
        ("doors", "", ()),
    ],
)
def test_lists_are_understood(name: str, value: Any, expected: tuple[str, ...]) -> None:
    assert getattr(Settings(**{name: value}), name) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [("docling_fetch", "https://example.org/"), ("docling_fetch", "a*.org"), ("doors", "window"), ("doors_accept", "")],
)
def test_what_makes_no_sense_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        Settings(**{name: value})


def test_files_of_office_programs_are_taken_in_where_that_is_set_alone() -> None:
    assert not OFFICE.intersection(Settings().doors_kinds)
    assert set(Settings(office=True, accept="pdf,docx").doors_kinds) >= OFFICE
    assert Settings(office=True, doors_accept="pdf,odt").doors_kinds == (DocumentKind.PDF, DocumentKind.ODT)
    for name in ("accept", "doors_accept"):
        with pytest.raises(ValidationError, match="docx needs LibreOffice"):
            Settings(**{name: "pdf,docx"})
    with pytest.raises(ValidationError, match="odt needs LibreOffice"):
        Settings(profiles={"letters": {"accept": ["odt"]}})
