"""Rules are drafted, previewed and activated; what cannot score everybody is refused beside its field."""

from decimal import Decimal

import pytest
from django.urls import reverse

from customers import scoring, versions
from customers.models import Customer, ScoringVersion, Tier
from customers.versions import RulesRefused
from tests.factories import CustomerFactory


@pytest.fixture
def crowd(team):
    made = [CustomerFactory(team=team, name=f"欧阳小雨{n}", spend=1000 * n) for n in range(1, 21)]
    scoring.assign()
    return made


@pytest.fixture
def draft(crowd, admin):
    return versions.draft(by=admin)


def page(version):
    return reverse("admin:customers_scoringversion_change", args=[version.pk])


def posted(version, **changed):
    """The form of a version as the browser sends it, with changes by field or `dimension-field`."""
    data = {"cut": version.cut, "grace_days": 30, "margin_rate": "0.300", "note": ""}
    rules = list(version.rules.order_by("dimension"))
    data |= {"rules-TOTAL_FORMS": len(rules), "rules-INITIAL_FORMS": len(rules)}
    for at, rule in enumerate(rules):
        own = {"weight": rule.weight, "missing_points": rule.missing_points, "bands": versions.write_bands(rule)}
        own |= {key.partition("-")[2]: value for key, value in changed.items() if key.startswith(f"{rule.dimension}-")}
        data |= {f"rules-{at}-{name}": value for name, value in own.items()}
        data |= {f"rules-{at}-id": rule.pk, f"rules-{at}-version": version.pk}
    return data | {key: value for key, value in changed.items() if "-" not in key}


def test_a_draft_copies_the_version_in_force_and_leaves_it_alone(draft):
    active = ScoringVersion.objects.get(state="active")
    assert (draft.number, draft.state) == (2, "draft")
    for rule in active.rules.all():
        copy = draft.rules.get(dimension=rule.dimension)
        assert copy.weight == rule.weight and versions.write_bands(copy) == versions.write_bands(rule)


def test_the_preview_counts_who_moves_where_and_moves_nobody(draft, crowd):
    Tier.objects.filter(code="vip").update(share=50)
    Tier.objects.filter(code="ordinary").update(share=35)
    before = dict(Customer.objects.values_list("pk", "tier__code"))
    found = versions.preview(draft)
    codes = dict(Tier.objects.values_list("pk", "code"))
    cells = {(codes[c["from"]], codes[c["to"]]): c["n"] for c in found["cells"]}
    assert cells == {
        ("vip", "vip"): 1, ("important", "vip"): 3, ("ordinary", "vip"): 6, ("ordinary", "important"): 3,
        ("ordinary", "ordinary"): 7,
    }  # fmt: skip
    assert dict(Customer.objects.values_list("pk", "tier__code")) == before


def test_only_a_previewed_draft_is_activated_and_then_never_edited(draft, admin, signed_in):
    with pytest.raises(RulesRefused, match="preview"):
        versions.activate(draft, by=admin)
    versions.preview(draft)
    versions.activate(draft, by=admin)
    assert list(ScoringVersion.objects.order_by("number").values_list("state", flat=True)) == ["retired", "active"]
    with pytest.raises(RulesRefused, match="draft"):
        versions.activate(draft, by=admin)
    draft.refresh_from_db()
    signed_in(admin).post(page(draft), posted(draft, grace_days=1))
    assert ScoringVersion.objects.get(pk=draft.pk).grace_days == 30


def test_a_new_version_scores_from_the_next_run_on(draft, crowd, admin):
    versions.preview(draft)
    versions.activate(draft, by=admin)
    scoring.assign()
    assert set(Customer.objects.values_list("tier_reason__version", flat=True)) == {2}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0: 10\n0: 20", "overlap"), ("5: 10", "cover"), ("0: 101", "0 to 100"), ("0 10", "no band"), ("", "cover"),
        ("0: 1.5", "no band"), ("NaN: 5", "no band"), ("0.001: 5, 0: 1", "no possible value"), ("1e20: 5", "possible"),
    ],
)  # fmt: skip
def test_bands_that_overlap_or_leave_gaps_are_refused(text, why):
    with pytest.raises(RulesRefused, match=why):
        versions.read_bands(text, "recency")


def test_bands_are_read_in_any_order_and_sign(draft):
    assert versions.read_bands("31：80，0: 100", "recency") == [(Decimal(0), 100), (Decimal(31), 80)]


# --- In the administration ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"recency-weight": 20}, "The weights add up to 105, not to 100."),
        ({"recency-bands": "0: 10\n0: 20"}, "Two bands overlap: both begin at 0."),
        ({"tenure-bands": "2: 10"}, "The bands do not cover values from 0 on."),
    ],
)
def test_bad_rules_are_refused_beside_their_field_and_nothing_is_saved(signed_in, admin, draft, changed, said):
    answer = signed_in(admin).post(page(draft), posted(draft, note="新", **changed))
    assert answer.status_code == 200
    errors = [error for form in answer.context["inline_admin_formsets"][0].formset.errors for error in form.items()]
    assert errors and all([said] == list(texts) for _field, texts in errors)
    assert ScoringVersion.objects.get(pk=draft.pk).note == ""


def test_an_edit_makes_the_preview_stale(signed_in, admin, draft):
    versions.preview(draft)
    answer = signed_in(admin).post(page(draft), posted(draft, **{"recency-weight": 10, "tenure-weight": 15}))
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert draft.previewed_at is None
    assert draft.rules.get(dimension="tenure").weight == 15


def test_the_admin_drafts_previews_and_activates_by_three_buttons(signed_in, admin, crowd):
    client = signed_in(admin)
    made = client.post(reverse("admin:customers_scoringversion_draft"))
    draft = ScoringVersion.objects.get(state="draft")
    assert made.url == page(draft)
    ScoringVersion.objects.filter(pk=draft.pk).update(cut="score")
    shown = client.post(reverse("admin:customers_scoringversion_preview", args=[draft.pk]), follow=True)
    text = shown.content.decode()
    assert "欧阳*" in text and "欧阳小雨" not in text
    client.post(reverse("admin:customers_scoringversion_activate", args=[draft.pk]))
    assert ScoringVersion.objects.get(state="active") == draft


def test_the_buttons_are_for_admins_and_never_for_a_look(signed_in, admin, lead, draft):
    for name in ("preview", "activate"):
        url = reverse(f"admin:customers_scoringversion_{name}", args=[draft.pk])
        assert signed_in(admin).get(url).status_code == 403
        assert signed_in(lead).post(url).status_code in (302, 403)
    assert ScoringVersion.objects.get(pk=draft.pk).state == "draft"


def test_shares_that_do_not_add_up_are_refused_and_the_table_says_what_each_tier_gets(signed_in, admin, ground):
    client, url = signed_in(admin), reverse("admin:customers_tier_changelist")
    text = client.get(url).content.decode()
    assert "the account manager" in text and "VIP first reply in 1 h" in text
    tiers = list(Tier.objects.order_by("rank"))
    data = {"form-TOTAL_FORMS": len(tiers), "form-INITIAL_FORMS": len(tiers), "_save": "1"}
    for at, tier in enumerate(tiers):
        data |= {f"form-{at}-id": tier.pk, f"form-{at}-share": tier.share or "",
                 f"form-{at}-least_score": tier.least_score or ""}
    refused = client.post(url, data | {"form-0-share": "10"})
    assert "add up to 105" in refused.content.decode()
    assert Tier.objects.get(code="vip").share == 5
    client.post(url, data | {"form-0-share": "10", "form-1-share": "10"})
    assert Tier.objects.get(code="vip").share == 10
