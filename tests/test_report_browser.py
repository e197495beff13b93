"""The page in a real browser: Chromium, without a window and without a network."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from otio_shottag.corrections import correct, read_corrections
from otio_shottag.finding import find_shots
from otio_shottag.formats import Delivery, RunFacts, deliver
from otio_shottag.report import write_report
from otio_shottag.tagging import tag_shots
from otio_shottag.timeline import Cut
from tests.cuts import clip, gap, span, timeline, track
from tests.stand_in import StandIn

HOUR = 86400
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
DRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no Chromium with its driver here; Debian: apt install chromium chromium-driver"
)


@pytest.fixture(scope="module")
def delivery(clips) -> Delivery:
    """Six shots on two tracks: in turn EWS, WS, LS, MLS and MS below, and MCU above."""
    media, whole = str(clips / "tc24.mov"), span(HOUR, 100)
    shots = [
        clip(media, span(HOUR + 8 * at + at, 1 + at), available=whole, name=f"shot {at}", speed=0) for at in range(5)
    ]
    above = clip(media, span(HOUR + 13, 2), available=whole, name="Ünten & <b>", speed=0)
    cut = Cut.of(timeline(track(*shots), track(gap(3), above), start=RationalTime(HOUR, 24)))
    shots_found, _ = find_shots(cut)
    tags, _ = tag_shots(shots_found, StandIn())
    return deliver(cut, tags, run=RunFacts(device="cpu", version="0.0.0"))


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    options = Options()
    options.binary_location = CHROMIUM or ""
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--window-size=1200,900",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(DRIVER, log_output=os.devnull))
    yield started
    started.quit()


@pytest.fixture
def page(driver: WebDriver, delivery: Delivery, tmp_path: Path) -> Iterator[WebDriver]:
    """The page, opened anew, with a heat map on each shot; what it saves lands in the test's folder."""
    write_report([delivery], tmp_path / "page.html", heat_map_of=lambda tag, picture: 255 - picture)
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    driver.get((tmp_path / "page.html").as_uri())
    yield driver
    driver.execute_script("localStorage.clear()")
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []


def named(page: WebDriver, selector: str) -> WebElement:
    return page.find_element(By.CSS_SELECTOR, selector)


def shown(page: WebDriver) -> list[str]:
    """The names on the cards that are to be seen, in their order."""
    cards = page.find_elements(By.CSS_SELECTOR, ".card")
    return [one.find_element(By.CSS_SELECTOR, ".name").text for one in cards if one.is_displayed()]


def until(condition: Callable[[], bool]) -> None:
    """Wait for what a browser does in its own time."""
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends, "waited for 20 s"
        time.sleep(0.05)


def choose(page: WebDriver, select: str, value: str) -> None:
    named(page, f"{select} option[value='{value}']").click()


def test_filters_narrow_the_sheet_and_the_strip(page):
    """Size, track, confidence and name narrow the sheet, dim the rest of the strip, and Escape takes all back."""
    everything = ["shot 0", "shot 1", "shot 2", "Ünten & <b>", "shot 3", "shot 4"]
    assert shown(page) == everything
    assert named(page, "#shown").text == "6 shots"
    named(page, ".chip[data-size=LS]").click()
    named(page, ".chip[data-size=MS]").click()
    assert shown(page) == ["shot 2", "shot 4"]
    assert named(page, "#shown").text == "2 of 6 shots"
    assert len(page.find_elements(By.CSS_SELECTOR, ".filtered .bar.match")) == 2
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    until(lambda: shown(page) == everything)
    page.find_element(By.TAG_NAME, "body").send_keys("/")
    page.switch_to.active_element.send_keys("ünt")
    assert shown(page) == ["Ünten & <b>"]
    named(page, "#everything").click()
    until(lambda: shown(page) == everything)
    named(page, "#track option:last-child").click()
    assert shown(page) == ["Ünten & <b>"]
    named(page, "#everything").click()
    until(lambda: shown(page) == everything)
    for _ in range(11):
        named(page, "#sure").send_keys(Keys.ARROW_LEFT)
    assert named(page, "#sure-text").text == "89 %"
    assert shown(page) == []  # all are 90 % sure


def test_the_sheet_sorts(page):
    """Longest and shortest first, and back to the order of the cut."""
    choose(page, "#sort", "long")
    assert shown(page)[:2] == ["shot 4", "shot 3"]
    choose(page, "#sort", "short")
    assert shown(page)[0] == "shot 0"
    choose(page, "#sort", "order")
    assert shown(page)[0] == "shot 0"
    assert shown(page)[-1] == "shot 4"


def test_heat_maps_fade_in(page):
    """The button and the key h fade the heat maps in over the frames, and out again."""

    def opacity() -> float:
        return float(named(page, ".heat").value_of_css_property("opacity"))

    assert opacity() == 0
    named(page, "#heat").click()
    assert named(page, "#heat").get_attribute("aria-pressed") == "true"
    until(lambda: opacity() == 1)
    page.find_element(By.TAG_NAME, "body").send_keys("h")
    until(lambda: opacity() == 0)


def test_the_strip_is_walked_with_arrows_and_leads_to_the_shot(page):
    """Tab comes to the strip once, arrows walk along it and show the frame, Enter goes to the card, as a click does."""
    page.execute_script("document.querySelector('.bar').focus()")
    assert len(page.find_elements(By.CSS_SELECTOR, '.bar[tabindex="0"]')) == 1
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert "Ünten" not in (page.switch_to.active_element.get_attribute("aria-label") or "")
    page.switch_to.active_element.send_keys(Keys.END)
    label = page.switch_to.active_element.get_attribute("aria-label")
    assert label == "MS 90%, 0.2 s at 01:00:00:10, shot 4"
    hint = named(page, "#hint")
    assert hint.is_displayed()
    assert hint.text == label
    still = named(page, "#c1s6 .still").get_attribute("src")
    assert hint.find_element(By.TAG_NAME, "img").get_attribute("src") == still
    page.switch_to.active_element.send_keys(Keys.ENTER)
    until(lambda: "here" in (page.switch_to.active_element.get_attribute("class") or ""))
    assert page.switch_to.active_element.find_element(By.CSS_SELECTOR, ".name").text == "shot 4"
    assert not hint.is_displayed()
    page.execute_script("document.querySelectorAll('.bar')[1].dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    until(lambda: page.switch_to.active_element.find_elements(By.CSS_SELECTOR, ".name") != [])
    assert page.switch_to.active_element.find_element(By.CSS_SELECTOR, ".name").text == "shot 0"


def test_corrections_are_made_kept_and_saved(page, delivery, tmp_path):
    """A size is set by click and by key, survives a reload, can be taken back, and is saved as tag reads it."""
    assert not named(page, "#saving").is_displayed()
    card = named(page, "#c1s2")
    card.find_element(By.CSS_SELECTOR, ".fix").click()
    card.find_element(By.CSS_SELECTOR, ".choices [data-code=ECU]").click()
    assert named(page, "#saving .count").text == "1 correction"
    assert "ECU" in card.find_element(By.CSS_SELECTOR, ".judged").text
    named(page, "#c1s4").send_keys("1")
    named(page, "#c1s6").send_keys("5")
    named(page, "#c1s1").send_keys("8")
    named(page, "#c1s1").send_keys("0")
    assert named(page, "#saving .count").text == "3 corrections"
    page.refresh()
    assert named(page, "#saving .count").text == "3 corrections"
    assert named(page, "#c1s2 .new-size").text == "ECU"
    named(page, ".chip[data-size=ECU]").click()
    assert shown(page) == ["shot 1"]
    named(page, "#saving .save").click()
    path = tmp_path / "cut.corrections.json"
    until(path.exists)
    assert named(page, "#saving .count").text == "3 corrections, saved"
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert [(one["name"], one["from"], one["to"]) for one in saved["corrections"]] == [
        ("shot 1", "WS", "ECU"), ("Ünten & <b>", "MCU", "EWS"), ("shot 4", "MS", "MS"),
    ]  # fmt: skip
    corrected, unmatched = correct(delivery.tags, read_corrections(path))
    assert unmatched == []
    assert {one.shot.name: one.prediction.label.code for one in corrected if one.model == "human"} == {
        "shot 1": "ECU", "Ünten & <b>": "EWS", "shot 4": "MS",
    }  # fmt: skip
    named(page, "#saving .discard").click()
    assert not named(page, "#saving").is_displayed()
    page.refresh()
    assert not named(page, "#saving").is_displayed()


def test_light_and_dark(page):
    """The page follows the system's colours, and the button turns them over and is remembered."""
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    paper = lambda: page.execute_script("return getComputedStyle(document.body).backgroundColor")  # noqa: E731
    until(lambda: paper() == "rgb(20, 20, 22)")
    assert named(page, "#theme").text == "Light"
    named(page, "#theme").click()
    assert paper() == "rgb(251, 250, 248)"
    page.refresh()
    assert paper() == "rgb(251, 250, 248)"
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert paper() == "rgb(255, 255, 255)"
    assert not named(page, ".filter").is_displayed()
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_nothing_is_wider_than_a_phone(page):
    """At 375 pixels the page does not scroll sideways."""
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 375, "height": 800, "deviceScaleFactor": 2, "mobile": True}
    )
    assert page.execute_script("return document.documentElement.scrollWidth") <= 375
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_no_script_of_a_stranger_runs(page):
    """The page's policy keeps out a script that is put into it, and any address beside it."""
    page.execute_script(
        "const script = document.createElement('script'); script.textContent = 'window.stranger = 1';"
        "document.body.append(script);"
        "const picture = new Image(); picture.onerror = () => { window.refused = true };"
        "picture.src = 'http://127.0.0.1:9/x.png';"
    )
    until(lambda: page.execute_script("return window.refused === true"))
    assert page.execute_script("return window.stranger === undefined")
    refused = [entry["message"] for entry in page.get_log("browser")]
    assert all("Content Security Policy" in message for message in refused)
    assert len(refused) == 2


def test_two_cuts_keep_their_corrections_apart(driver, delivery, tmp_path):
    """On a page of two cuts each saves its own."""
    other = deliver(delivery.cut, delivery.tags[:3], run=delivery.run)
    write_report([delivery, other], tmp_path / "page.html")
    driver.get((tmp_path / "page.html").as_uri())
    named(driver, "#c1s1").send_keys("3")
    named(driver, "#c2s1").send_keys("4")
    named(driver, "#c2s2").send_keys("4")
    assert [one.text.partition(" in ")[0] for one in driver.find_elements(By.CSS_SELECTOR, "#saving .count")] == [
        "1 correction", "2 corrections",
    ]  # fmt: skip
    driver.execute_script("localStorage.clear()")


def test_the_example_cut_opens(driver, tmp_path):
    """The bundled example makes a page whose pictures all load."""
    path = Path(__file__).parent.parent / "examples" / "cut.otio"
    from otio_shottag.timeline import read_timeline
    from tests.format_cuts import tag

    cut = read_timeline(path)
    assert isinstance(cut.timeline, otio.schema.Timeline)
    shots, _ = find_shots(cut)
    write_report([deliver(cut, [tag(shot) for shot in shots])], tmp_path / "page.html")
    driver.get((tmp_path / "page.html").as_uri())
    until(
        lambda: driver.execute_script(
            "return [...document.images].every((one) => one.complete && one.naturalWidth === 480)"
        )
    )
    assert len(driver.find_elements(By.CSS_SELECTOR, ".still")) == 10
