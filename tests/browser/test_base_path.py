"""The dashboard below a path of a proxy."""

from pathlib import Path

from playwright.sync_api import expect

from tests.support.running import fairlane

from .conftest import OpenPages, World


def test_the_dashboard_works_below_a_base_path(tmp_path: Path, pages_of: OpenPages) -> None:
    serve = ("serve", "--port", "0", "--durability", "memory", "--base-path", "/queues/")
    with fairlane(tmp_path, *serve) as running:
        world = World(running, running.await_ready())
        job_id = world.api.submit("acme", "mail", 1)
        page = pages_of(world)("/queues")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        page.get_by_role("link", name="Jobs", exact=True).click()
        expect(page).to_have_url(f"{world.api.url}/queues/ui/jobs")
        page.get_by_role("link", name="mail", exact=True).click()
        expect(page).to_have_url(f"{world.api.url}/queues/ui/jobs/{job_id}")
        page.reload()
        expect(page.get_by_text(job_id).first).to_be_visible()
        page.go_back()
        expect(page).to_have_url(f"{world.api.url}/queues/ui/jobs")
        page.get_by_role("link", name="API documentation").click()
        expect(page.get_by_text("/jobs/batch").first).to_be_visible()
