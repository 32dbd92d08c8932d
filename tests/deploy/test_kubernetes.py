"""The manifests say what compose.yaml says, fit Kubernetes' own schemas, and let nobody do more than he needs."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from deploy.kubernetes.manifests import LABEL, TIER, page

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OLDEST, NEWEST = "1.29", "1.34"
# Of programs that Kubernetes is extended with; their schemas are not at hand.
FOREIGN = {"Kustomization", "Component", "Cluster", "ScaledObject"}


@cache
def documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in YAML(typ="safe").load_all(path.read_text(encoding="utf-8")) if one]


def base() -> list[dict[str, Any]]:
    return documents(KUBERNETES / "base" / "madoguchi.yaml")


def named(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in base() if one["kind"] == kind}


def pods() -> dict[str, dict[str, Any]]:
    kinds = ("Deployment", "StatefulSet", "Job")
    return {name: one["spec"]["template"] for kind in kinds for name, one in named(kind).items()}


def test_the_base_is_what_compose_says() -> None:
    written = (KUBERNETES / "base" / "madoguchi.yaml").read_text(encoding="utf-8")
    assert written == page(), "write it again: python -m deploy.kubernetes.manifests > deploy/kubernetes/base/madoguchi.yaml"


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_fits_the_schema_of_its_kind(version: str) -> None:
    checked = 0
    for path in KUBERNETES.rglob("*.yaml"):
        for one in documents(path):
            if one["kind"] not in FOREIGN:
                kubernetes_validate.validate(one, version, strict=True)
                checked += 1
    assert checked > 40


def test_no_pod_may_do_more_than_it_needs() -> None:
    assert len(pods()) > 12
    for name, pod in pods().items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            secure = container["securityContext"]
            assert secure["readOnlyRootFilesystem"] is True
            assert secure["allowPrivilegeEscalation"] is False
            assert secure["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


def test_each_container_gets_the_secrets_that_compose_gives_it_and_no_other() -> None:
    services = YAML(typ="safe").load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for name, pod in pods().items():
        volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
        given = [item["key"] for item in volumes["secrets"]["secret"]["items"]] if "secrets" in volumes else []
        assert given == services[name].get("secrets", [])


def test_services_budgets_and_claims_are_about_what_there_is() -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods().items()}
    for name, service in named("Service").items():
        assert service["spec"]["selector"].items() <= labels[name].items()
    for name, budget in named("PodDisruptionBudget").items():
        assert named("Deployment")[name]["spec"]["replicas"] > budget["spec"]["minAvailable"]
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for pod in pods().values()
        for volume in pod["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert claims == set(named("PersistentVolumeClaim"))


def test_nobody_talks_to_anybody_unless_a_policy_says_so() -> None:
    policies = {name: one["spec"] for name, one in named("NetworkPolicy").items()}
    assert policies["nobody"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    tiers = {pod["metadata"]["labels"][TIER] for pod in pods().values()}
    text = str(policies)
    assert {tier for tier in tiers if tier not in text} == set()
    asked = {one["metadata"]["labels"][LABEL] for one in base() if one["kind"] == "StatefulSet"}
    assert asked <= set(policies)
    open_to_all = [name for name, one in policies.items() for rule in one.get("ingress", ()) if "from" not in rule]
    assert open_to_all == ["gateway"]


def test_overlays_and_components_change_what_there_is() -> None:
    known = {(one["kind"], one["metadata"]["name"]) for one in base()}
    for path in KUBERNETES.rglob("kustomization.yaml"):
        (kustomization,) = documents(path)
        for resource in [*kustomization.get("resources", ()), *kustomization.get("components", ())]:
            assert (path.parent / resource).exists(), f"{path}: {resource}"
        for patch in kustomization.get("patches", ()):
            target = patch["target"]
            found = [name for kind, name in known if kind == target["kind"] and re.fullmatch(target.get("name", ".*"), name)]
            assert found, f"{path}: {target}"
            assert YAML(typ="safe").load(patch["patch"])
    for one in documents(KUBERNETES / "components" / "keda" / "workers.yaml"):
        assert ("Deployment", one["spec"]["scaleTargetRef"]["name"]) in known


def test_the_trial_has_every_secret_that_is_asked_for() -> None:
    (trial,) = documents(KUBERNETES / "overlays" / "trial" / "kustomization.yaml")
    given = {Path(file).name for file in trial["secretGenerator"][0]["files"]}
    asked = {
        item["key"]
        for pod in pods().values()
        for volume in pod["spec"]["volumes"]
        if "secret" in volume
        for item in volume["secret"]["items"]
    }
    assert asked <= given
