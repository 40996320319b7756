"""deploy/kubernetes.yaml against Kubernetes' own schemas, and what it must agree on with the program."""

from __future__ import annotations

import re

import kubernetes_validate
import pytest
import yaml

from feelharmonic.settings import Settings
from feelharmonic.web.monitoring import health
from feelharmonic.web.serving.timeouts import Timeouts
from feelharmonic.web.stores.redis_check import problems
from tests.support.external_servers import DEPLOY

DOCUMENTS = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")))
#: The oldest that its makers still mended when this was written, and the newest whose schemas are here.
VERSIONS = ("1.32", kubernetes_validate.latest_version())


def only(kind: str, name: str) -> dict:
    (found,) = [one for one in DOCUMENTS if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def pod(name: str) -> dict:
    return only("Deployment", name)["spec"]["template"]["spec"]


def container(name: str) -> dict:
    (found,) = pod(name)["containers"]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_every_object_is_valid(document, version):
    kubernetes_validate.validate(document, version, strict=True)


def test_a_wrong_object_would_be_found():
    wrong = yaml.safe_load(yaml.safe_dump(only("Service", "feelharmonic")))
    wrong["spec"]["ports"][0]["prot"] = 80
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_readiness_is_by_load_and_life_is_not():
    probes = container("feelharmonic")
    assert probes["readinessProbe"]["httpGet"]["path"] == f"/{health.readyz.__name__}"
    assert probes["readinessProbe"]["failureThreshold"] == 1
    assert probes["livenessProbe"]["httpGet"]["path"] == "/healthz"  # a busy worker must not be killed
    assert probes["readinessProbe"]["periodSeconds"] <= 5


def test_a_pod_that_ends_has_the_time_to_drain():
    grace_s = pod("feelharmonic")["terminationGracePeriodSeconds"]
    (_, pause_s) = container("feelharmonic")["lifecycle"]["preStop"]["exec"]["command"]
    gunicorn_s = int(re.search(r"graceful_timeout = (\d+)", (DEPLOY / "gunicorn.conf.py").read_text())[1])
    assert gunicorn_s > Timeouts().drain_s
    assert grace_s > int(pause_s) + gunicorn_s


def test_nothing_is_sticky_and_any_pod_serves():
    service = only("Service", "feelharmonic")["spec"]
    assert "sessionAffinity" not in service
    assert not any("affinity" in name for name in only("Ingress", "feelharmonic")["metadata"]["annotations"])
    assert only("Deployment", "feelharmonic")["spec"]["replicas"] >= 2


def test_settings_are_the_programs_own():
    given = {one["name"]: one.get("value", "x" * 40) for one in container("feelharmonic")["env"]}
    assert given.pop("WEB_CONCURRENCY") == "1"
    settings = Settings.load(given, None)
    redis = only("Service", "feelharmonic-redis")
    assert settings.redis_url == f"redis://{redis['metadata']['name']}:{redis['spec']['ports'][0]['port']}/0"
    assert settings.allowed_hosts == (only("Ingress", "feelharmonic")["spec"]["rules"][0]["host"],)


def test_redis_is_configured_as_redis_conf_says():
    words = container("feelharmonic-redis")["args"]
    given = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}
    assert problems(given) == []
    text = (DEPLOY / "redis.conf").read_text(encoding="utf-8")
    config = dict(re.findall(r"^([a-z-]+) (.+)$", text, re.MULTILINE))
    for name in ("port", "appendonly", "maxmemory", "maxmemory-policy", "maxclients"):
        assert given[name] == config[name]
    assert (given["save"], config["save"]) == ("", '""')


@pytest.mark.parametrize("name", ["feelharmonic", "feelharmonic-redis"])
def test_pods_have_no_rights(name):
    spec, own = pod(name), container(name)["securityContext"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert not spec["automountServiceAccountToken"]
    assert own == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert "memory" in container(name)["resources"]["limits"]


def test_monitoring_is_hidden_from_visitors():
    paths = only("Ingress", "feelharmonic")["spec"]["rules"][0]["http"]["paths"]
    hidden = {one["path"] for one in paths if one["backend"]["service"]["name"] == "feelharmonic-hidden"}
    assert hidden == {"/metrics", "/readyz"}
    assert "selector" not in only("Service", "feelharmonic-hidden")["spec"]


def test_the_container_starts_gunicorn_so_that_sigterm_reaches_it():
    command = re.search(r"^CMD (.+)$", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert command.startswith('["gunicorn"')  # no shell, which would not pass a signal on
