"""`python -m deploy.kubernetes.manifests`: compose.yaml as Kubernetes manifests, for deploy/kubernetes/base.

One description of the containers is enough: image, command, environment, secrets, volumes and memory are compose.yaml's. What
Kubernetes adds is here: probes, disruption budgets, and who may talk to whom.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

COMPOSE = Path(__file__).parents[2] / "compose.yaml"
# What compose.yaml has for one machine only: the database is a cluster here (components/postgres), the mailbox a real server.
LEFT_OUT = {"postgres", "mailbox", "tools", "backup", "restore"}
STATEFUL = {"redis", "clamd"}
# Who may be asked over the network, on which port, by whom.
ASKED: dict[str, tuple[int, tuple[str, ...]]] = {
    "redis": (6379, ("api", "worker", "beat")),
    "clamd": (3310, ("api", "worker")),
}
# nginx asks the name server itself, which knows full names only (deploy/nginx/names.conf is for Docker's).
NAMES = """resolver kube-dns.kube-system.svc.cluster.local valid=5s ipv6=off;
resolver_timeout 2s;
map "" $domain {
  default .madoguchi.svc.cluster.local;
}
"""
LABEL = "app.kubernetes.io/name"
TIER = "madoguchi/tier"
SECRETS, ENVIRONMENT = "madoguchi-secrets", "madoguchi-environment"
# What outlives a pod. Without a class of volumes that many pods write to, people's files belong into S3 (overlays/production).
VOLUMES = {"redis": "1Gi", "signatures": "2Gi", "storage": "100Gi", "heads": "1Gi"}
_DEFAULT = re.compile(r"\$\{(\w+)(?::-((?:[^{}]|\$\{[^}]*\})*))?\}")
_SIZE = {"k": "Ki", "m": "Mi", "g": "Gi"}
_BEGIN = "# Made of compose.yaml by `python -m deploy.kubernetes.manifests`; change that, or patch this in an overlay.\n"


def page(compose: Path = COMPOSE) -> str:
    """base/madoguchi.yaml."""
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 200
    yaml.representer.ignore_aliases = lambda *_: True
    out = io.StringIO()
    yaml.dump_all(list(manifests(YAML(typ="safe").load(compose.read_text(encoding="utf-8")))), out)
    return _BEGIN + out.getvalue()


def manifests(compose: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All of the base."""
    files = {name: (COMPOSE.parent / one["file"]).read_text(encoding="utf-8") for name, one in compose["configs"].items()}
    yield _named("v1", "ConfigMap", "madoguchi-config") | {"data": files}
    common = {key: _default(str(value)) for key, value in compose["x-environment"].items()}
    yield _named("v1", "ConfigMap", ENVIRONMENT) | {"data": common}
    yield _named("v1", "ConfigMap", "madoguchi-gateway") | {"data": {"names.conf": NAMES}}
    for name, size in VOLUMES.items():
        access = "ReadWriteMany" if name == "storage" else "ReadWriteOnce"
        claim = {"accessModes": [access], "resources": {"requests": {"storage": size}}}
        yield _named("v1", "PersistentVolumeClaim", name) | {"spec": claim}
    for name, part in compose["services"].items():
        if name not in LEFT_OUT:
            yield from _of(name, part, compose)
    yield from _policies()


def _of(name: str, part: dict[str, Any], compose: dict[str, Any]) -> Iterator[dict[str, Any]]:
    tier = _tier(name)
    labels = {LABEL: name, "app.kubernetes.io/part-of": "madoguchi", TIER: tier}
    pod = {"metadata": {"labels": labels}, "spec": _pod(name, part, compose)}
    if name == "migrate":
        yield _named("batch/v1", "Job", name) | {"spec": {"backoffLimit": 4, "ttlSecondsAfterFinished": 86400, "template": pod}}
        return
    one = tier == "beat" or name in STATEFUL or name == "freshclam"
    spec: dict[str, Any] = {"replicas": 1 if one else 2, "selector": {"matchLabels": {LABEL: name}}, "template": pod}
    if name in STATEFUL:
        spec["serviceName"] = name
    else:
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
        spec["strategy"] = {"type": "Recreate"} if one else rolling
    yield _named("apps/v1", "StatefulSet" if name in STATEFUL else "Deployment", name, labels) | {"spec": spec}
    if port := _port(name, tier):
        ports = [{"name": "tcp" if name in STATEFUL else "http", "port": port, "targetPort": port}]
        yield _named("v1", "Service", name, labels) | {"spec": {"selector": {LABEL: name}, "ports": ports}}
    if not one:
        budget = {"minAvailable": 1, "selector": {"matchLabels": {LABEL: name}}}
        yield _named("policy/v1", "PodDisruptionBudget", name) | {"spec": budget}


def _tier(name: str) -> str:
    if name.endswith("-worker"):
        return "worker"
    return "api" if name in {"intake", "review", "notify", "opendata", "console"} else name


def _port(name: str, tier: str) -> int:
    return {"api": 8000, "gateway": 8080}.get(tier) or ASKED.get(name, (0, ()))[0]


def _pod(name: str, part: dict[str, Any], compose: dict[str, Any]) -> dict[str, Any]:
    mounts, volumes = _mounts(name, part)
    user, group = _user(part, name)
    container: dict[str, Any] = {
        "name": name,
        "image": _default(part["image"]),
        "env": [
            {"name": key, "value": _default(str(value)).strip()}
            for key, value in (part.get("environment") or {}).items()
            if key not in compose["x-environment"]
        ],
        **(
            {"envFrom": [{"configMapRef": {"name": ENVIRONMENT}}]}
            if "MADOGUCHI_BASE_URL" in (part.get("environment") or {})
            else {}
        ),
        "resources": _resources(part),
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": mounts,
    }
    if entrypoint := part.get("entrypoint"):
        container["command"] = entrypoint
    if command := part.get("command"):
        container["args"] = command
    if port := _port(name, _tier(name)):
        container["ports"] = [{"containerPort": port}]
    if check := part.get("healthcheck"):
        container |= _probes(name, check)
    secure = {"runAsNonRoot": True, "runAsUser": user, "runAsGroup": group, "fsGroup": group}
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "OnFailure" if name == "migrate" else "Always",
        "terminationGracePeriodSeconds": int(str(part.get("stop_grace_period", "30s")).rstrip("s")),
        "securityContext": {**secure, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": volumes,
    }


def _probes(name: str, check: dict[str, Any]) -> dict[str, Any]:
    asked = {"exec": {"command": [*check["test"][1:]] if check["test"][0] == "CMD" else ["sh", "-c", check["test"][1]]}}
    if _tier(name) == "api":
        ready = {"httpGet": {"path": "/health/ready", "port": 8000}}
        alive = {"httpGet": {"path": "/health/live", "port": 8000}}
        return {
            "startupProbe": {**alive, "periodSeconds": 2, "failureThreshold": 60},
            "readinessProbe": {**ready, "periodSeconds": 10, "timeoutSeconds": 5},
            "livenessProbe": {**alive, "periodSeconds": 15, "timeoutSeconds": 5},
        }
    return {
        "startupProbe": {**asked, "periodSeconds": 2, "failureThreshold": 90, "timeoutSeconds": 5},
        "livenessProbe": {**asked, "periodSeconds": 15, "timeoutSeconds": 10},
    }


def _resources(part: dict[str, Any]) -> dict[str, Any]:
    limits = part["deploy"]["resources"]["limits"]
    memory = re.sub("[kmg]$", lambda found: _SIZE[found[0]], str(limits["memory"]))
    return {"requests": {"cpu": "50m", "memory": memory}, "limits": {"memory": memory}}


def _user(part: dict[str, Any], name: str) -> tuple[int, int]:
    if name in {"clamd", "freshclam"}:  # the image's own account
        return 100, 101
    user, _, group = str(part.get("user", "10001:10001")).partition(":")
    return int(user), int(group or user)


def _mounts(name: str, part: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    mounts: list[dict[str, Any]] = []
    volumes: list[dict[str, Any]] = []
    if names := part.get("secrets"):
        volumes.append(
            {"name": "secrets", "secret": {"secretName": SECRETS, "items": [{"key": one, "path": one} for one in names]}}
        )
        mounts.append({"name": "secrets", "mountPath": "/run/secrets", "readOnly": True})
    for number, one in enumerate(part.get("tmpfs") or ()):
        path, _, options = one.partition(":")
        size = re.search(r"size=(\d+)([kmg])", options)
        limit = f"{size[1]}{_SIZE[size[2]]}" if size else "64Mi"
        volumes.append({"name": f"scratch-{number}", "emptyDir": {"medium": "Memory", "sizeLimit": limit}})
        mounts.append({"name": f"scratch-{number}", "mountPath": path})
    for one in part.get("volumes") or ():
        source, _, path = one.partition(":")
        path, *mode = path.split(":")
        if not path:  # without a name: the container's own, gone with it
            volumes.append({"name": "disk", "emptyDir": {"sizeLimit": "4Gi"}})
            mounts.append({"name": "disk", "mountPath": source})
        elif source in VOLUMES:
            volumes.append({"name": source, "persistentVolumeClaim": {"claimName": source}})
            mounts.append({"name": source, "mountPath": path} | ({"readOnly": True} if mode == ["ro"] else {}))
    if name == "gateway":
        volumes.append({"name": "names", "configMap": {"name": "madoguchi-gateway"}})
        mounts.append({"name": "names", "mountPath": "/etc/nginx/names.conf", "subPath": "names.conf", "readOnly": True})
    if configs := part.get("configs"):
        volumes.append({"name": "config", "configMap": {"name": "madoguchi-config"}})
        mounts += [{"name": "config", "mountPath": one["target"], "subPath": one["source"], "readOnly": True} for one in configs]
    return mounts, volumes


def _policies() -> Iterator[dict[str, Any]]:
    """Nobody talks to anybody, but …"""
    yield _policy("nobody", {}, {"policyTypes": ["Ingress", "Egress"]})
    names = [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}]
    dns = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    yield _policy("names", {}, {"policyTypes": ["Egress"], "egress": [{"to": names, "ports": dns}]})
    yield _policy("gateway", _tiers("gateway"), {"policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 8080}]}]})
    yield _policy("gateway-asks", _tiers("gateway"), _egress([{"to": [_peer("api")], "ports": [{"port": 8000}]}]))
    watched: list[dict[str, Any]] = [
        _peer("gateway"),
        _peer("api"),
        {"namespaceSelector": {}, "podSelector": {"matchLabels": {LABEL: "prometheus"}}},
    ]
    yield _policy("api", _tiers("api"), {"policyTypes": ["Ingress"], "ingress": [{"from": watched, "ports": [{"port": 8000}]}]})
    for name, (port, tiers) in ASKED.items():
        asking = [{"from": [_peer(tier) for tier in tiers], "ports": [{"port": port}]}]
        yield _policy(name, {"matchLabels": {LABEL: name}}, {"policyTypes": ["Ingress"], "ingress": asking})
    inside: list[dict[str, Any]] = [
        {"to": [_peer("api")], "ports": [{"port": 8000}]},
        *(
            {"to": [{"podSelector": {"matchLabels": {LABEL: name}}}], "ports": [{"port": port}]}
            for name, (port, _) in ASKED.items()
        ),
        {"to": [{"podSelector": {"matchLabels": {"cnpg.io/cluster": "madoguchi"}}}], "ports": [{"port": 5432}]},
    ]
    # Sign-in providers, objects, webhooks, mail servers: outside, and nothing of the cluster's own networks.
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]
    outside = [{"ipBlock": {"cidr": "0.0.0.0/0", "except": private}}]
    ports = [{"port": port} for port in (443, 8443, 25, 465, 587)]
    yield _policy("services-ask", _tiers("api", "worker", "beat", "migrate"), _egress([*inside, {"to": outside, "ports": ports}]))
    yield _policy("signatures", _tiers("freshclam"), _egress([{"to": outside, "ports": [{"port": 443}]}]))


def _egress(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"policyTypes": ["Egress"], "egress": rules}


def _peer(tier: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {TIER: tier}}}


def _tiers(*tiers: str) -> dict[str, Any]:
    if len(tiers) == 1:
        return {"matchLabels": {TIER: tiers[0]}}
    return {"matchExpressions": [{"key": TIER, "operator": "In", "values": [*tiers]}]}


def _policy(name: str, whom: dict[str, Any], rules: dict[str, Any]) -> dict[str, Any]:
    return _named("networking.k8s.io/v1", "NetworkPolicy", name) | {"spec": {"podSelector": whom, **rules}}


def _named(version: str, kind: str, name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"apiVersion": version, "kind": kind, "metadata": {"name": name}}
    if labels:
        made["metadata"]["labels"] = dict(labels)
    return made


def _default(text: str) -> str:
    """What compose puts in for a variable that is not set."""
    while found := _DEFAULT.search(text):
        text = text.replace(found[0], found[2] or "")
    return text


if __name__ == "__main__":
    sys.stdout.write(page())
