"""One line a page; the map is in docs/architecture.md."""

from django.urls import URLPattern, URLResolver, include, path

from reviewapp.views import (
    accounts,
    desk,
    evalsets,
    home,
    overview,
    promotions,
    queue,
    report,
    runs,
    settings,
    taxonomy,
)

project: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="project"),
    path("review/", desk.desk, name="desk"),
    path("review/<int:item>/submit/", desk.submit, name="desk_submit"),
    path("review/<int:item>/draft/", desk.draft, name="desk_draft"),
    path("review/<int:item>/skip/", desk.skip, name="desk_skip"),
    path("review/<int:item>/claim/", desk.claim_again, name="desk_claim"),
    path("review/release/", desk.release, name="desk_release"),
    path("queue/", queue.queue, name="queue"),
    path("queue/<int:item>/", queue.item, name="item"),
    path("queue/<int:item>/judge/", queue.judge, name="item_judge"),
    path("queue/<int:item>/requeue/", queue.requeue, name="item_requeue"),
    path("runs/", runs.runs, name="runs"),
    path("runs/new/", runs.new, name="run_new"),
    path("runs/<slug:run>/", runs.run, name="run"),
    path("runs/<slug:run>/report/", report.report, name="report"),
    path("runs/<slug:run>/report/freeze/", report.freeze, name="report_freeze"),
    path("runs/<slug:run>/<slug:verb>/", runs.change, name="run_change"),
    path("promotions/", promotions.promotions, name="promotions"),
    path("promotions/open/<slug:run>/", promotions.open_promotion, name="promotion_open"),
    path("promotions/<int:number>/", promotions.promotion, name="promotion"),
    path("taxonomy/", taxonomy.taxonomy, name="taxonomy"),
    path("taxonomy/adopt/", taxonomy.adopt, name="taxonomy_adopt"),
    path("taxonomy/export/", taxonomy.export, name="taxonomy_export"),
    path("evalset/", evalsets.evalsets, name="evalsets"),
    path("evalset/new/", evalsets.new, name="evalset_new"),
    path("evalset/<slug:name>/", evalsets.evalset, name="evalset"),
    path("evalset/<slug:name>/grow/", evalsets.grow, name="evalset_grow"),
    path("evalset/<slug:name>/export/", evalsets.export, name="evalset_export"),
    path("settings/", settings.members, name="settings"),
    path("settings/members/<int:pk>/", settings.member, name="member"),
    path("settings/invitations/<int:pk>/withdraw/", settings.withdraw, name="invitation_withdraw"),
    path("settings/models/", settings.models, name="settings_models"),
    path("settings/models/new/", settings.model_new, name="model_new"),
    path("settings/models/<int:pk>/", settings.model, name="model"),
    path("settings/comparators/", settings.comparators, name="settings_comparators"),
    path("settings/sampling/", settings.sampling, name="settings_sampling"),
    path("settings/gate/", settings.gate, name="settings_gate"),
    path("settings/tokens/", settings.tokens, name="settings_tokens"),
    path("settings/tokens/<int:pk>/revoke/", settings.revoke, name="token_revoke"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("projects/new/", home.new, name="project_new"),
    path("join/<str:secret>/", accounts.join, name="join"),
    path("accounts/", include("allauth.account.urls")),
    path("p/<slug:slug>/", include(project)),
    path("api/", include("reviewapp.api.urls")),
]

handler403 = "reviewapp.views.errors.forbidden"
handler404 = "reviewapp.views.errors.missing"
handler500 = "reviewapp.views.errors.broken"
