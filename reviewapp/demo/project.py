"""The demo's project as plain values: SMS triage by two prompt versions of one small model.

The pair was looked for among 32 prompts (two to eight real examples, changing numbers and orders)
on 150 messages that are *not* the demo's, then asked about the demo's 300 three times: 84 to 93
errors against 46 to 63 of the candidate, whose prompt is shorter too; and 2 to 6 of 150 people's
messages filed as spam against 24 to 34, which no error rate tells. It is the second pair that was
asked about the 300: the first one's gain overall (76 errors against 64) was too small to see.
"""

from typing import Any

from reviewapp.demo.model_server import MODEL_NAME

PROJECT = {
    "slug": "sms-triage",
    "name": "SMS triage (demo)",
    "description": "Real text messages (UCI SMS Spam Collection), sorted into spam and ham by a "
    "small language model that runs on this machine.",
}

SYSTEM = "You label SMS messages as spam or ham."

# (text, label): real messages, none of them among the demo's. Six, mostly harmless as real mail is;
# and four, as many of each label, which is cheaper too.
SIX_SHOT = [
    (
        "Nice talking to you! please dont forget my pix :) i want to see all of you...",
        "ham",
    ),
    (
        "U horrible gal... U knew dat i was going out wif him yest n u still come n ask me...",
        "ham",
    ),
    (
        "Sunshine Quiz! Win a super Sony DVD recorder if you canname the capital of Australia? "
        "Text MQUIZ to 82277. B",
        "spam",
    ),
    ("We got a divorce. Lol. She.s here", "ham"),
    ("Where did u go? My phone is gonna die you have to stay in here", "ham"),
    (
        "A link to your picture has been sent. You can also use "
        "http://alto18.co.uk/wave/wave.asp?o=44345",
        "spam",
    ),
]
FOUR_SHOT = [
    ("O was not into fps then.", "ham"),
    (
        'FREE RING TONE just text "POLYS" to 87131. Then every week get a new tone. '
        "0870737910216yrs only £1.50/wk.",
        "spam",
    ),
    (
        "Will do. Was exhausted on train this morning. Too much wine and pie. You sleep well too",
        "ham",
    ),
    ("RCT' THNQ Adrian for U text. Rgds Vatian", "spam"),
]

# A baseline that disagrees with itself on some of the messages gives the noise floor its value.
PARAMETERS = {"temperature": 0.2, "max_tokens": 4}
# Prices are made up for the demo (the model runs here and costs nothing), so that the report's cost
# columns have something to show: US$ per million tokens.
PRICE_INPUT, PRICE_OUTPUT = "0.0200", "0.0800"


def few_shot(examples: list[tuple[str, str]]) -> str:
    """The prompt template with the examples as turns of the conversation before the message.

    A template is one user message, so the turns are written in the model's own chat marks; the
    model reads the same tokens as from a list of messages.
    """
    turns = [
        f"SMS: {text}<|im_end|>\n<|im_start|>assistant\n{label}<|im_end|>\n<|im_start|>user\n"
        for text, label in examples
    ]
    return "".join(turns) + "SMS: {{ input }}"


def version(name: str, examples: list[tuple[str, str]]) -> dict[str, Any]:
    """A model version as keyword values of evals' ModelVersion, without its address."""
    return {
        "name": name,
        "upstream_model": MODEL_NAME,
        "system": SYSTEM,
        "prompt": few_shot(examples),
        "parameters": PARAMETERS,
        "price_input": PRICE_INPUT,
        "price_output": PRICE_OUTPUT,
        "benchmarks": {},
        # Two versions share the server's four slots: with two each, a slot keeps its version's
        # examples; with four each they push one another out (0.26 s an answer became 0.63 s).
        "concurrency": 2,
    }


BASELINE = version("smollm2-six-shot", SIX_SHOT)
CANDIDATE = version("smollm2-four-shot", FOUR_SHOT)
MODELS = [BASELINE, CANDIDATE]

# The application takes the first of the two words that an answer says, and nothing else of it.
PIPELINE: dict[str, Any] = {
    "serves_extract": True,
    "comparators": [
        {
            "name": "label",
            "kind": "label",
            "extract": [{"by": "regex", "pattern": r"(?i)\b(ham|spam)\b"}],
            "options": {"allowed": ["ham", "spam"]},
        }
    ],
}

TAXONOMY: dict[str, Any] = {
    "title": "SMS triage",
    "description": "What goes wrong when messages are sorted into spam and ham (all other mail).",
    "severities": [
        {"key": "neutral", "name": "Neutral", "weight": 0, "hotkey": "n"},
        {"key": "minor", "name": "Minor", "weight": 1, "hotkey": "m"},
        {"key": "major", "name": "Major", "weight": 5, "hotkey": "M"},
        {"key": "critical", "name": "Critical", "weight": 25, "hotkey": "C"},
    ],
    "categories": [
        {
            "key": "label.false_alarm",
            "name": "False alarm",
            "definition": "A message that a person wrote was filed as spam: nobody will read it.",
            "use_when": "The answer is spam, and the message is from somebody who knows or serves "
            "the receiver: a friend, a doctor's office, a delivery that was ordered.",
            "avoid_when": "The sender advertises, even politely and to a customer: that is spam.",
            "examples": [
                {
                    "input": "Hey next sun 1030 there's a basic yoga course... at bugis... We can "
                    "go for that... Pilates intro next sat.... Tell me what time you r free",
                    "output": "spam",
                    "why": "A friend makes a plan and waits for an answer that will not come.",
                }
            ],
            "critical": True,
            "evidence_required": False,
            "default_severity": "critical",
            "hotkey": "1",
        },
        {
            "key": "label.missed_spam",
            "name": "Missed spam",
            "definition": "An advertisement or a fraud was let through as ham.",
            "use_when": "The answer is ham, and the message sells, lures to a paid number or asks "
            "for personal data.",
            "avoid_when": "A person passes on an offer to a friend in their own words.",
            "examples": [
                {
                    "input": "WINNER!! As a valued network customer you have been selected to "
                    "receivea £900 prize reward! To claim call 09061701461. Claim code KL341. "
                    "Valid 12 hours only.",
                    "output": "ham",
                    "why": "An invented prize lures to a number that costs.",
                }
            ],
            "critical": False,
            "evidence_required": False,
            "default_severity": "major",
            "hotkey": "2",
        },
        {
            "key": "answer.no_label",
            "name": "No label",
            "definition": "The answer says neither spam nor ham, so a person has to sort it.",
            "use_when": "Neither word is in the answer: a reply to the message, a fragment.",
            "avoid_when": "One of the words is in the answer, however much talk is around it.",
            "examples": [
                {
                    "input": "R u sure they'll understand that! Wine * good idea just had a slurp!",
                    "output": "sure, just",
                    "why": "The model answered the message instead of labelling it.",
                }
            ],
            "critical": False,
            "evidence_required": False,
            "default_severity": "minor",
            "hotkey": "3",
        },
    ],
}
