"""One line an address. The description of each is at /api/schema/."""

from django.urls import URLPattern, URLResolver, include, path

from reviewapp.api import (
    configuration,
    evalsets,
    models,
    people,
    projects,
    promotions,
    queue,
    reports,
    runs,
    taxonomies,
    traffic,
)
from reviewapp.api.addresses import Schema, nowhere

project: list[URLPattern | URLResolver] = [
    path("", projects.project),
    path("members/", people.members_of),
    path("invitations/", people.invitations),
    path("tokens/", people.Tokens.as_view()),
    path("tokens/<int:pk>/", people.token),
    path("models/", models.Models.as_view()),
    path("models/<path:name>/", models.OneModel.as_view()),
    path("comparators/", configuration.ComparatorsOf.as_view()),
    path("sampling/", configuration.SamplingOf.as_view()),
    path("policy/", configuration.PolicyOf.as_view()),
    path("taxonomies/", taxonomies.Taxonomies.as_view()),
    path("taxonomies/<str:version>/", taxonomies.taxonomy),
    path("traffic/", traffic.traffic),
    path("runs/", runs.Runs.as_view()),
    path("runs/<slug:name>/", runs.run),
    path("runs/<slug:name>/outputs/", runs.outputs),
    path("runs/<slug:name>/report/", reports.current),
    path("runs/<slug:name>/report/freeze/", reports.freeze),
    path("runs/<slug:name>/gate/", reports.gate),
    *(path(f"runs/<slug:name>/{verb}/", move) for verb, move in runs.MOVES.items()),
    path("queue/claim/", queue.claim),
    path("queue/release/", queue.release),
    path("queue/<int:item>/skip/", queue.skip),
    path("reviews/", queue.submit),
    path("labels/", evalsets.export_labels),
    path("evalsets/", evalsets.EvalSets.as_view()),
    path("evalsets/<slug:name>/export/", evalsets.export),
    path("evalsets/<slug:name>/grow/", evalsets.grow),
    path("promotions/", promotions.Promotions.as_view()),
    path("promotions/<int:number>/", promotions.promotion),
    path("promotions/<int:number>/decide/", promotions.decide),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", Schema.as_view()),
    path("v1/projects/", projects.Projects.as_view()),
    path("v1/projects/<slug:slug>/", include(project)),
    path("<path:rest>", nowhere),
]
