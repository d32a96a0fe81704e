"""What the metrics say is what has happened, and the dashboard and the docs name metrics that there are."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from engine.facade.engine import Engine
from engine.job.job import Job, JobState, PageState, Source, Submission
from engine.job.machines import NodeSnapshot, NodeState
from engine.queue.tally import JOB_SECONDS, PAGE_SECONDS, WAIT_SECONDS
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.settings.live import LiveSettings
from engine.settings.settings import Settings
from engine.work.onego import MOST_PAGES
from tests import pdfs
from tests.backends import faulty_backend, local_backend
from tests.places import DEPLOY, DOCS
from tests.waiting import wait_until

DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel.get("targets", ())]
FROM_PROMETHEUS = {"instance", "le"}

Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def client_of(engine: Engine) -> TestClient:
    return TestClient(create_api(Service(engine, lambda now: None)), base_url="http://localhost")


def families(client: TestClient) -> list[Metric]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return list(text_string_to_metric_families(answer.text))


class Scrape:
    """One answer of the API."""

    def __init__(self, client: TestClient) -> None:
        self.samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families(client)
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        return self.samples[name, tuple(sorted(labels.items()))]

    def by(self, label: str, name: str) -> dict[str, float]:
        """The values that are not zero."""
        return {
            dict(labels)[label]: value for (found, labels), value in self.samples.items() if found == name and value
        }


def faulty(line: str, *, pages: int = 4) -> bytes:
    """A document whose third page says what it does to its process."""
    text = [[f"This is page {number}.", *["A line of ordinary words follows."] * 8] for number in range(1, pages + 1)]
    text[2].append(line)
    return pdfs.printed(*text)


FILES = {
    "good": pdfs.text_pages(3),
    "crashes": faulty("fault-always: segfault"),
    "loops": faulty("fault: loop"),
    "raises": faulty("fault-always: raise"),
    "damaged": pdfs.damaged(),
    "never-begun": pdfs.text_pages(1),
}


@pytest.fixture(scope="module")
def busy_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that has converted one document of each kind."""
    folder = tmp_path_factory.mktemp("metrics")
    settings = Settings(output=folder / "output", num_workers=2, ocr="never", page_timeout=6)
    with Engine(settings, watch=False, backend=faulty_backend) as engine:
        engine.pause()
        jobs = {}
        for name, content in FILES.items():
            (folder / f"{name}.pdf").write_bytes(content)
            jobs[name] = engine.submit(folder / f"{name}.pdf")
        engine.cancel([jobs["never-begun"].id])
        engine.resume()
        assert engine.wait_until_idle(90)
        yield engine


@pytest.fixture(scope="module")
def asked(busy_engine: Engine) -> Iterator[TestClient]:
    with client_of(busy_engine) as client:
        yield client


def job_named(engine: Engine, name: str) -> Job:
    return next(entry.job for entry in engine.select() if entry.job.name == f"{name}.pdf")


# --- what has happened ---


def test_jobs_are_counted_by_their_outcome(asked: TestClient) -> None:
    scrape = Scrape(asked)
    outcomes = {"done": 2, "partial": 2, "failed": 1, "cancelled": 1}
    assert scrape.by("outcome", "hotfolio_jobs_finished_total") == outcomes
    assert scrape.by("state", "hotfolio_jobs") == outcomes


def test_pages_are_counted_by_how_they_came_out(asked: TestClient) -> None:
    # Of three times four pages one made trouble; one of those was left as plain text.
    assert Scrape(asked).by("state", "hotfolio_pages_total") == {"ok": 3 + 3 * 3, "text_only": 1, "failed": 2}


def test_a_process_that_ends_is_counted_by_its_cause(asked: TestClient) -> None:
    # A crash is given a second chance, and then one as plain text.
    assert Scrape(asked).by("cause", "hotfolio_child_restarts_total") == {"crash": 3, "timeout": 1}


def test_pages_jobs_and_waits_are_timed(asked: TestClient, busy_engine: Engine) -> None:
    scrape = Scrape(asked)
    # The page that took its process with it has told nobody how long it took.
    assert scrape.by("state", "hotfolio_page_duration_seconds_count") == {"ok": 12, "text_only": 1, "failed": 1}
    assert scrape.by("outcome", "hotfolio_job_duration_seconds_count") == {"done": 2, "partial": 2, "failed": 1}
    assert scrape("hotfolio_job_wait_seconds_count") == 5
    seconds = [job.seconds for entry in busy_engine.select() if (job := entry.job).state is JobState.DONE]
    assert scrape("hotfolio_job_duration_seconds_sum", outcome="done") == pytest.approx(sum(s or 0 for s in seconds))
    pages = [page.seconds for page in busy_engine.detail(job_named(busy_engine, "good").id).pages]
    assert scrape("hotfolio_page_duration_seconds_sum", state="ok") > sum(pages) > 0


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("hotfolio_page_duration_seconds", PAGE_SECONDS),
        ("hotfolio_job_duration_seconds", JOB_SECONDS),
        ("hotfolio_job_wait_seconds", WAIT_SECONDS),
    ],
)
def test_buckets_only_grow_up_to_the_count(asked: TestClient, name: str, bounds: tuple[float, ...]) -> None:
    family = next(family for family in families(asked) if family.name == name)
    series: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    for sample in family.samples:
        labels = tuple(value for label, value in sample.labels.items() if label != "le")
        if sample.name.endswith("_bucket"):
            series.setdefault(labels, []).append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_count"):
            assert series[labels][-1] == (float("inf"), sample.value)
    for buckets in series.values():
        assert [bound for bound, _ in buckets] == [*bounds, float("inf")]
        assert [value for _, value in buckets] == sorted(value for _, value in buckets)


def test_a_job_put_back_on_the_list_has_not_finished_again(asked: TestClient, busy_engine: Engine) -> None:
    before = Scrape(asked)
    job = job_named(busy_engine, "good")
    busy_engine.remove([job.id])
    busy_engine.restore([job.id])
    assert Scrape(asked).by("outcome", "hotfolio_jobs_finished_total") == before.by(
        "outcome", "hotfolio_jobs_finished_total"
    )


# --- what is ---


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Engine]:
    """A paused engine with one worker."""
    settings = Settings(output=tmp_path / "output", num_workers=1, ocr="never", recycle_pages=1)
    with Engine(settings, watch=False, backend=local_backend) as engine:
        engine.pause()
        yield engine


def test_two_engines_in_one_process_count_apart(idle: Engine, asked: TestClient, tmp_path: Path) -> None:
    before = Scrape(asked)
    with client_of(idle) as client:
        fresh = Scrape(client)
        assert fresh("hotfolio_pages_total", state="ok") == 0
        assert fresh("hotfolio_jobs", state="done") == 0
        for pages in (1, MOST_PAGES + 1):
            file = tmp_path / f"{pages}.pdf"
            file.write_bytes(pdfs.text_pages(pages))
            idle.submit(file)
        idle.resume()
        assert idle.wait_until_idle(60)
        scrape = Scrape(client)
    assert scrape("hotfolio_pages_total", state="ok") == MOST_PAGES + 2
    # Each process is worn out by one page; that of a document done in one go ends with it.
    assert scrape("hotfolio_child_restarts_total", cause="recycled") >= 1
    again = Scrape(asked)
    for name in ("hotfolio_pages_total", "hotfolio_jobs"):
        assert again.by("state", name) == before.by("state", name)


def test_two_doors_of_one_engine_show_the_same_counts(asked: TestClient, busy_engine: Engine) -> None:
    with client_of(busy_engine) as other:
        one, two = Scrape(asked), Scrape(other)
    for label, name in (("state", "hotfolio_pages_total"), ("outcome", "hotfolio_jobs_finished_total")):
        assert one.by(label, name) == two.by(label, name)


def test_the_queue_is_measured_while_it_waits(idle: Engine, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.pdf" for number in range(3)]
    for file in files:
        file.write_bytes(pdfs.text_pages(1))
    with client_of(idle) as client:
        assert Scrape(client)("hotfolio_queue_oldest_age_seconds") == 0
        first, second, third = idle.submit_many(files)
        wait_until(lambda: Scrape(client)("hotfolio_queue_oldest_age_seconds") > 0.1)
        scrape = Scrape(client)
        assert scrape("hotfolio_queue_depth") == 3
        assert scrape("hotfolio_paused") == 1
        assert scrape("hotfolio_banner", key="paused") == 1
        idle.hold([first.id, second.id])
        idle.cancel([third.id])
        scrape = Scrape(client)
        assert scrape("hotfolio_queue_depth") == 0
        assert scrape("hotfolio_queue_oldest_age_seconds") == 0  # held jobs do not wait for a worker
        idle.cancel([first.id, second.id])
        idle.resume()
        scrape = Scrape(client)
        assert scrape("hotfolio_paused") == 0
        assert scrape.by("key", "hotfolio_banner") == {}
        assert scrape("hotfolio_job_wait_seconds_count") == 0  # none was begun


def looping(folder: Path) -> Engine:
    """An engine for a document whose third page loops the first time it is met."""
    if not (folder / "loops.pdf").exists():
        (folder / "loops.pdf").write_bytes(faulty("fault-once: loop"))
    settings = Settings(output=folder / "output", num_workers=1, ocr="never", page_timeout=60)
    return Engine(settings, watch=False, backend=faulty_backend)


def is_on_page_3(engine: Engine) -> bool:
    return any(worker.page == 3 for worker in engine.snapshot().workers)


def test_pages_of_an_earlier_life_are_not_counted_again(tmp_path: Path) -> None:
    with looping(tmp_path) as engine:
        job = engine.submit(tmp_path / "loops.pdf")
        wait_until(lambda: is_on_page_3(engine), timeout=60)
        engine.cancel([job.id])
        wait_until(lambda: engine.vitals().facts.pages[PageState.OK] == 2)
    with looping(tmp_path) as engine, client_of(engine) as client:
        engine.retry([job.id])
        assert engine.wait_until_idle(60)
        scrape = Scrape(client)
    assert scrape.by("state", "hotfolio_pages_total") == {"ok": 2}
    assert scrape.by("state", "hotfolio_jobs") == {"done": 1}


def test_a_job_cancelled_while_it_runs_is_counted_with_the_process_that_is_killed(tmp_path: Path) -> None:
    with looping(tmp_path) as engine, client_of(engine) as client:
        job = engine.submit(tmp_path / "loops.pdf")
        wait_until(lambda: is_on_page_3(engine), timeout=60)
        assert Scrape(client).by("state", "hotfolio_workers") == {"busy": 1}
        engine.cancel([job.id])
        wait_until(lambda: Scrape(client).by("cause", "hotfolio_child_restarts_total") == {"killed": 1})
        wait_until(lambda: Scrape(client).by("state", "hotfolio_workers") == {"idle": 1})
        scrape = Scrape(client)
        assert scrape.by("outcome", "hotfolio_jobs_finished_total") == {"cancelled": 1}
        assert scrape.by("outcome", "hotfolio_job_duration_seconds_count") == {}
        wait_until(lambda: Scrape(client)("hotfolio_worker_resident_memory_bytes", worker="1") == 0)


def test_the_machine_is_measured(asked: TestClient, busy_engine: Engine) -> None:
    wait_until(lambda: Scrape(asked)("hotfolio_resident_memory_bytes", process="workers") > 10_000_000)
    scrape = Scrape(asked)
    assert scrape("hotfolio_resident_memory_bytes", process="engine") > 10_000_000
    assert scrape("hotfolio_resident_memory_bytes", process="fork_server") > 10_000_000
    assert sum(scrape.by("worker", "hotfolio_worker_resident_memory_bytes").values()) == pytest.approx(
        scrape("hotfolio_resident_memory_bytes", process="workers")
    )
    assert set(scrape.by("folder", "hotfolio_disk_free_bytes")) == {"output", "state"}
    assert sum(scrape.by("state", "hotfolio_workers").values()) == 2
    assert time.time() - 600 < scrape("hotfolio_start_time_seconds") <= time.time()
    assert {name for name, _ in scrape.samples} >= {"hotfolio_build_info"}


def test_a_folder_that_cannot_be_read_costs_its_own_number_alone(idle: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = idle.settings.model_copy(update={"state": Path("/nowhere/at/all")})
    monkeypatch.setattr(idle, "_live", LiveSettings(elsewhere))
    with client_of(idle) as client:
        assert set(Scrape(client).by("folder", "hotfolio_disk_free_bytes")) == {"output"}


def test_a_long_queue_does_not_make_a_scrape_slow(idle: Engine) -> None:
    options = idle.settings.convert_options
    source = Source(b"/nowhere", b"", 1, 1, 1)
    idle._machinery.queue.add(
        [Submission(replace(source, path=b"%d.pdf" % number), options) for number in range(10_000)]
    )
    taken = []
    with client_of(idle) as client:
        for _ in range(20):
            began = time.process_time()
            client.get("/metrics")
            taken.append(time.process_time() - began)
        assert Scrape(client)("hotfolio_queue_depth") == 10_000
    assert min(taken) < 0.02


# --- how it is said ---


def test_no_files_name_is_told(asked: TestClient) -> None:
    text = asked.get("/metrics").text
    assert not [name for name in FILES if f"{name}.pdf" in text]


def test_openmetrics_is_spoken_to_those_who_prefer_it(asked: TestClient) -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    answer = asked.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    names = {family.name for family in openmetrics_parser.text_string_to_metric_families(answer.text)}
    assert {"hotfolio_build", "hotfolio_pages", "hotfolio_page_duration_seconds"} <= names


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "text/html", "application/openmetrics-text; version=abc", "text/plain; version=x; escaping=y", ";,;="],
)
def test_anyone_else_gets_plain_text(asked: TestClient, accept: str) -> None:
    answer = asked.get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_every_metric_follows_the_conventions(asked: TestClient) -> None:
    for family in families(asked):
        assert re.fullmatch(r"hotfolio_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        assert family.name.endswith("_seconds") == ("seconds" in family.name)
        assert family.name.endswith("_bytes") == ("bytes" in family.name)
        assert {sample.name.endswith("_total") for sample in family.samples} <= {family.type == "counter"}


# --- the docs and the dashboard ---


@pytest.fixture(scope="module")
def exposed(asked: TestClient, busy_engine: Engine) -> dict[str, tuple[str, dict[str, set[str]]]]:
    """Each metric's type, and its labels with the values they have."""
    busy_engine.pause()  # shows a banner
    with pytest.MonkeyPatch.context() as patch:
        node = NodeSnapshot("desk2", NodeState.READY, "", 4, 1, 7, 0.0, 0.1, 1, 2, 3, 4)
        patch.setattr(busy_engine, "vitals", lambda: replace(vitals, nodes=(node,)))
        vitals = Engine.vitals(busy_engine)
        shown = families(asked)
    found: dict[str, tuple[str, dict[str, set[str]]]] = {}
    for family in shown:
        labels: dict[str, set[str]] = {}
        for sample in family.samples:
            for label, value in sample.labels.items():
                if label != "le":
                    labels.setdefault(label, set()).add(value)
        suffix = "_total" if family.type == "counter" else ""
        found[family.name + suffix] = (family.type, labels)
    busy_engine.resume()
    return found


OF_NODES = "hotfolio_node"
"""How the names of what is known of a cluster's nodes begin."""


def named_in(text: str) -> set[str]:
    """The metrics a text speaks of."""
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\bhotfolio_[a-z_]+", text)}


def test_the_table_in_the_docs_is_the_list_of_metrics(exposed: dict[str, tuple[str, dict[str, set[str]]]]) -> None:
    text = (DOCS / "metrics.md").read_text()
    rows = re.findall(r"^\| `(hotfolio_\w+)` \| (\w+) \| (.*?)\| (.+) \|$", text, re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _ in rows}
    together = {name for name in exposed if name.startswith(OF_NODES)}  # some of these share a row
    shown = {name: row for name, row in documented.items() if name not in together}
    assert shown == {name: (kind, set(labels)) for name, (kind, labels) in exposed.items() if name not in together}
    assert named_in(text) == set(exposed)


def test_the_docs_say_what_values_labels_have(exposed: dict[str, tuple[str, dict[str, set[str]]]]) -> None:
    words = set(re.findall(r"`([^`]+)`", (DOCS / "metrics.md").read_text()))
    for _, labels in exposed.values():
        for label in labels.keys() & {"state", "outcome", "cause", "key", "kind", "process", "folder"}:
            assert labels[label] <= words


def test_alerts_are_of_metrics_that_there_are(exposed: dict[str, tuple[str, dict[str, set[str]]]]) -> None:
    (group,) = yaml.safe_load((DEPLOY / "prometheus-rules.yaml").read_text())["groups"]
    for rule in group["rules"]:
        assert named_in(rule["expr"]) <= set(exposed), rule["alert"]
        assert rule["annotations"]["summary"]


def test_the_dashboard_shows_every_metric_and_no_other(
    exposed: dict[str, tuple[str, dict[str, set[str]]]],
) -> None:
    assert named_in(" ".join(EXPRESSIONS)) == set(exposed)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_dashboard_asks_for_labels_that_there_are(
    exposed: dict[str, tuple[str, dict[str, set[str]]]], expression: str
) -> None:
    for name, matchers in re.findall(r"\b(hotfolio_[a-z_]+)\{(.*?)\}", expression):
        labels = exposed[re.sub(r"_(bucket|count|sum)$", "", name)][1]
        wanted = dict(re.findall(r'(\w+)!?=~?"(.*?)"', matchers))
        assert wanted.pop("instance") == "$instance"
        assert all(value in labels[label] for label, value in wanted.items())
        for grouped in re.findall(r"by \((.*?)\)", expression):
            assert set(grouped.split(", ")) <= labels.keys() | FROM_PROMETHEUS


def test_the_dashboards_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    ids = [panel["id"] for panel in PANELS]
    assert len(set(ids)) == len(ids)
    places = [(p["x"], p["y"], p["x"] + p["w"], p["y"] + p["h"]) for p in (panel["gridPos"] for panel in PANELS)]
    assert all(left >= 0 and right <= 24 for left, _, right, _ in places)
    for one, other in combinations(places, 2):
        beside = one[2] <= other[0] or other[2] <= one[0]
        assert beside or one[3] <= other[1] or other[3] <= one[1]


def test_the_dashboard_can_be_imported_anywhere() -> None:
    text = json.dumps(DASHBOARD)
    assert DASHBOARD["id"] is None
    assert "://" not in text
    assert "localhost" not in text
    (source,) = [v for v in DASHBOARD["templating"]["list"] if v["type"] == "datasource"]
    assert (source["name"], source["query"]) == ("datasource", "prometheus")
    shown = [panel for panel in PANELS if panel["type"] != "row"]
    assert [panel["title"] for panel in PANELS if panel["type"] == "row"] == [
        "Queue",
        "Throughput",
        "Workers",
        "Faults",
        "Machine",
        "Nodes",
    ]
    for panel in shown:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
