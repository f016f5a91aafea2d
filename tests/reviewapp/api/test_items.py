import pytest

from tests.reviewapp.judging import judge

HERE = "/api/v1/projects/support/queue/"
SERVER = "http://testserver"


@pytest.fixture
def item(finished_run):
    return finished_run.items.filter(stratum__startswith="differ").first()


class TestItems:
    def test_it_works(self, api, alice, finished_run):
        answer = api(alice).get(HERE).json()
        assert len(answer["results"]) == finished_run.items.count()
        assert answer["results"][0]["request"].startswith("req-")
        assert answer["next"] is answer["previous"] is None

    def test_by_a_filter(self, api, alice, item, project, rater, bob):
        judge(item, rater(project, bob), A="error", B="ok")
        found = api(alice).get(f"{HERE}?reviewer=bob").json()["results"]
        assert [one["item"] for one in found] == [item.pk]
        assert found[0]["reviews"] == 1

    def test_page_by_page(self, api, alice, finished_run):
        client, address, seen = api(alice), f"{HERE}?limit=5&order=newest", []
        while address:
            answer = client.get(address).json()
            seen += [one["item"] for one in answer["results"]]
            address = (answer["next"] or "").removeprefix(SERVER)
        assert seen == sorted(finished_run.items.values_list("pk", flat=True), reverse=True)
        before = client.get(answer["previous"].removeprefix(SERVER)).json()["results"]
        assert [one["item"] for one in before] == seen[5:10]

    def test_who_may_not(self, api, charlie, project):
        assert api(charlie).get(HERE).status_code == 404

    @pytest.mark.parametrize("query", ["after=x", "limit=-1", "limit=9999999", "q=%00", "state=no"])
    def test_hostile_parameters(self, api, alice, finished_run, query):
        assert api(alice).get(f"{HERE}?{query}").status_code == 200
