"""What `deploy/` says, held against the code and against the schemas of those who read it: nothing here runs a container."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, NoneType, SimpleNamespace
from typing import Any, Union, cast, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import jsonschema
import pytest
import typer
from ruamel.yaml import YAML

from pipelines import config
from pipelines.cli import app
from pipelines.job import SAVING
from pipelines.run import DRAIN

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in YAML(typ="safe").load_all(path.read_text("utf-8")) if document]


DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
COMPOSE = documents(DEPLOY / "compose.yaml")[0]
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: s for name, s in SERVICES.items() if re.match(r"wirewatch(-flow)?:", s["image"])}
KUSTOMIZATION = documents(DEPLOY / "k8s/kustomization.yaml")[0]
MANIFESTS = [
    document
    for path in sorted((DEPLOY / "k8s").glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for document in documents(path)
]
PRODUCTION = documents(DEPLOY / "production.yaml")[0]
TRIAL = documents(DEPLOY / "trial.yaml")[0]
UNITS = {path.name: path.read_text("utf-8") for path in sorted((DEPLOY / "systemd").glob("*.service"))}
FLINK = next(m for m in MANIFESTS if m["kind"] == "FlinkDeployment")


def of(kind: str) -> dict[str, dict[str, Any]]:
    return {m["metadata"]["name"]: m for m in MANIFESTS if m["kind"] == kind}


def pods() -> dict[str, dict[str, Any]]:
    """The pod of each workload."""
    found = {
        m["metadata"]["name"]: m["spec"]["template"]["spec"] for m in MANIFESTS if m["kind"] in ("Deployment", "Job")
    }
    return found | {part: FLINK["spec"][part]["podTemplate"]["spec"] for part in ("jobManager", "taskManager")}


def containers() -> dict[str, dict[str, Any]]:
    return {f"{pod}/{c['name']}": c for pod, spec in pods().items() for c in spec["containers"]}


def setting(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNITS[unit], re.MULTILINE)


# --- The schemas of those who read these files


def test_compose_file_is_one() -> None:
    (package,) = find_spec("check_jsonschema").submodule_search_locations  # type: ignore[union-attr]
    schema = Path(package, "builtin_schemas/vendor/compose-spec.json")
    jsonschema.validate(COMPOSE, json.loads(schema.read_text("utf-8")))


def mistakes(kind: Any, value: Any, at: str) -> Iterator[str]:
    """Where *value* is not a *kind* of Kubernetes' API: a name it does not know, one that is missing, another type."""
    arguments = [a for a in get_args(kind) if a is not NoneType]
    if get_origin(kind) is Union and len(arguments) == 1:
        yield from mistakes(arguments[0], value, at)
    elif get_origin(kind) is list and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from mistakes(arguments[0], inner, f"{at}[{index}]")
    elif get_origin(kind) is dict and isinstance(value, dict):
        for key, inner in value.items():
            yield from mistakes(arguments[1], inner, f"{at}.{key}")
    elif is_dataclass(kind) and isinstance(value, dict):
        known = {f.metadata.get("json", f.name): f for f in fields(kind)}
        hints = get_type_hints(kind)
        needed = {name for name, f in known.items() if f.default is MISSING and f.default_factory is MISSING}
        yield from (f"{at}: no {name}" for name in needed - value.keys())
        for key, inner in value.items():
            if key in known:
                yield from mistakes(hints[known[key].name], inner, f"{at}.{key}")
            else:
                yield f"{at}: what is {key}?"
    elif not isinstance(value, tuple(arguments) if get_origin(kind) is Union else (get_origin(kind) or kind)):
        yield f"{at}: {value!r} is no {kind}"


def model(api: str, kind: str) -> Any:
    # The models are plain dataclasses; of the client they belong to, and of its ten packages, they need no more than this.
    stand_in = SimpleNamespace(dataclass=dataclass, field=field, DictMixin=object)
    sys.modules.setdefault("lightkube.core.schema", cast(ModuleType, stand_in))
    group, _, version = api.rpartition("/")
    return getattr(import_module(f"lightkube.models.{group.split('.')[0] or 'core'}_{version}"), kind)


@pytest.mark.parametrize(
    "manifest", [m for m in MANIFESTS if m is not FLINK], ids=lambda m: f"{m['kind']}-{m['metadata']['name']}"
)
def test_manifests_are_of_kubernetes(manifest: dict[str, Any]) -> None:
    assert list(mistakes(model(manifest["apiVersion"], manifest["kind"]), manifest, manifest["kind"])) == []


def test_check_of_manifests_finds_mistakes() -> None:
    wrong = {
        "metadata": {"nam": "x"},
        "spec": {"selector": {}, "replicas": "1", "template": {"spec": {"containers": [{}]}}},
    }
    assert set(mistakes(model("apps/v1", "Deployment"), wrong, "")) == {
        ".metadata: what is nam?",
        ".spec.replicas: '1' is no <class 'int'>",
        ".spec.template.spec.containers[0]: no name",
    }


def test_flink_cluster_is_one() -> None:
    """The operator's own kind is in no package; the names are those of its reference (custom resources, v1beta1)."""
    spec = FLINK["spec"]
    assert FLINK["apiVersion"] == "flink.apache.org/v1beta1"
    assert spec.keys() <= {
        *("image", "imagePullPolicy", "flinkVersion", "mode", "serviceAccount", "flinkConfiguration"),
        *("podTemplate", "jobManager", "taskManager", "logConfiguration", "ingress", "restartNonce"),
    }
    assert spec["mode"] in ("native", "standalone")
    assert spec["flinkVersion"] == "v" + "_".join(spec["image"].split(":")[1].split(".")[:2])
    assert all(isinstance(value, str) for value in spec["flinkConfiguration"].values())
    for part in ("jobManager", "taskManager"):
        assert spec[part].keys() <= {"resource", "replicas", "podTemplate"}
        assert spec[part]["resource"].keys() <= {"cpu", "memory", "ephemeralStorage"}
        template = spec[part]["podTemplate"]
        # The operator gives Flink's own container its image; here it is only what is put on top.
        named = [c | {"image": "x"} for c in template["spec"]["containers"]]
        assert (
            list(
                mistakes(
                    model("v1", "PodTemplateSpec"), template | {"spec": template["spec"] | {"containers": named}}, part
                )
            )
            == []
        )
        assert "flink-main-container" in [c["name"] for c in named]


def test_kustomization_names_what_there_is() -> None:
    folder = DEPLOY / "k8s"
    assert sorted(KUSTOMIZATION["resources"]) == sorted(
        p.name for p in folder.glob("*.yaml") if p.name != "kustomization.yaml"
    )
    made = {g["name"]: [folder / f for f in g["files"]] for g in KUSTOMIZATION["configMapGenerator"]}
    assert all(path.is_file() for paths in made.values() for path in paths)
    assert {p.name for p in made["watchlists"]} == {p.name for p in (ROOT / "configs/watchlists").glob("*.yaml")}
    assert {p.resolve() for p in made["feeds"]} == {(DEPLOY / f).resolve() for f in PRODUCTION["feeds"]}
    volumes = [volume for pod in pods().values() for volume in pod["volumes"]]
    assert {v["configMap"]["name"] for v in volumes if "configMap" in v} == made.keys()
    assert {v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v} == of(
        "PersistentVolumeClaim"
    ).keys()


# --- What the files name exists in the code


def lines() -> Iterator[tuple[str, str]]:
    """Every command of wirewatch in `deploy/`, with where it stands."""
    for name, service in OURS.items():
        if "entrypoint" not in service:
            yield f"compose.yaml: {name}", shlex.join(service["command"])
    for name, container in containers().items():
        if container.get("image", "").startswith("wirewatch") and "command" not in container:
            yield f"k8s: {name}", shlex.join(container["args"])
    for name in UNITS:
        for command in setting(name, "ExecStart"):
            program, _, words = command.partition(" ")
            if program.endswith("/wirewatch"):
                yield name, words
    for path in [
        DEPLOY / "README.md",
        DEPLOY / "Dockerfile",
        *DEPLOY.glob("*.yaml"),
        *DEPLOY.glob("k8s/*.yaml"),
        *DEPLOY.glob("systemd/*"),
    ]:
        text = path.read_text("utf-8")
        code = (
            re.findall(r"^(?:# {3}| {4})\s*(.+)$", text, re.MULTILINE)
            if path.suffix != ".yaml"
            else re.findall(r"^# {3}(.+)$", text, re.MULTILINE)
        )
        for piece in [*code, *re.findall(r"`([^`\n]+)`", text)]:
            for command in re.findall(r"(?<![\w/.:=@-])wirewatch ([a-z][^#|]*)", piece):
                yield f"{path.name}: {piece.strip()}", command.partition("  ")[0]


@pytest.mark.parametrize(
    ("place", "line"), [pytest.param(p, line, id=f"{p}|{line}"[:90]) for p, line in dict.fromkeys(lines())]
)
def test_command_exists_with_its_options(place: str, line: str) -> None:
    command, words = typer.main.get_command(app), shlex.split(line)
    while hasattr(command, "commands"):
        assert words and words[0] in command.commands, f"{place}: no such command"
        command, words = command.commands[words[0]], words[1:]
    command.make_context("wirewatch", words)  # raises when an option is unknown, a value wrong, an argument missing


def pool_lines() -> dict[str, list[str]]:
    pool = containers()["taskManager/pool"]
    unit = setting("wirewatch-pool.service", "ExecStart")[0].split()
    return {
        "compose": [*SERVICES["pool"]["entrypoint"], *SERVICES["pool"]["command"]],
        "k8s": [*pool["command"], *pool["args"]],
        "systemd": ["python", *unit[1:]],
    }


@pytest.mark.parametrize("where", ["compose", "k8s", "systemd"])
def test_pool_is_started_where_flink_looks_for_it(where: str) -> None:
    calls = [n for n in ast.walk(ast.parse((ROOT / "pipelines/pool.py").read_text("utf-8"))) if isinstance(n, ast.Call)]
    options = {c.args[0].value for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "add_argument"}
    line = pool_lines()[where]
    assert line[:3] == ["python", "-m", "pipelines.pool"]
    assert {word for word in line if word.startswith("--")} <= options
    assert line[line.index("--address") + 1] == (TRIAL if where == "compose" else PRODUCTION)["flink"]["pool"]


def test_probes_ask_the_ports_that_are_served() -> None:
    text = DOCKERFILE + json.dumps(MANIFESTS)
    assert {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)/metrics", text)} == {PRODUCTION["metrics"]["port"]}
    assert config.Metrics().port == PRODUCTION["metrics"]["port"]
    pools = re.findall(r"\('([\d.]+)', (\d+)\)", json.dumps([MANIFESTS, COMPOSE]))
    assert {f"{host}:{port}" for host, port in pools} == {PRODUCTION["flink"]["pool"], TRIAL["flink"]["pool"]}


def test_services_find_each_other() -> None:
    settings = dict(word.removeprefix("-D").split("=", 1) for word in SERVICES["jobmanager"]["command"])
    rest = urlsplit(TRIAL["flink"]["rest"])
    assert rest.hostname == settings["jobmanager.rpc.address"] == "jobmanager"
    assert str(rest.port) in str(SERVICES["jobmanager"]["healthcheck"]["test"])
    assert settings["taskmanager.rpc.port"] in str(SERVICES["taskmanager"]["healthcheck"]["test"])
    kafka = SERVICES["kafka"]["environment"]
    assert [kafka["KAFKA_ADVERTISED_LISTENERS"].removeprefix("PLAINTEXT://")] == TRIAL["bus"]["bootstrap"]
    assert TRIAL["bus"]["plaintext_hosts"] == ["kafka"]
    assert TRIAL["bus"]["bootstrap"][0].split(":")[1] in str(SERVICES["kafka"]["healthcheck"]["test"])
    rest = urlsplit(PRODUCTION["flink"]["rest"])
    assert rest.hostname == f"{FLINK['metadata']['name']}-rest"
    assert [p["port"] for p in of("NetworkPolicy")["flink-rest"]["spec"]["ingress"][0]["ports"]] == [rest.port]
    assert {name for s in SERVICES.values() for name in s.get("depends_on", {})} <= SERVICES.keys()


def test_job_has_the_slots_and_partitions_it_asks_for() -> None:
    settings = dict(word.removeprefix("-D").split("=", 1) for word in SERVICES["taskmanager"]["command"])
    slots = int(FLINK["spec"]["flinkConfiguration"]["taskmanager.numberOfTaskSlots"])
    assert int(settings["taskmanager.numberOfTaskSlots"]) >= TRIAL["flink"]["parallelism"]
    assert slots * FLINK["spec"]["taskManager"]["replicas"] >= PRODUCTION["flink"]["parallelism"]
    for file in (TRIAL, PRODUCTION):
        assert file["flink"]["parallelism"] <= file["partitions"]["articles"]


def test_checkpoints_are_not_set_behind_the_runners_back() -> None:
    given = [*FLINK["spec"]["flinkConfiguration"], *SERVICES["jobmanager"]["command"]]
    assert not [key for key in given if "checkpointing.interval" in key]


# --- The configuration loads, here and as it lies in the image


@pytest.mark.parametrize("name", ["production.yaml", "trial.yaml"])
def test_configuration_loads(name: str) -> None:
    found = config.load(DEPLOY / name, env={})
    assert found.bus.type == "kafka"
    assert found.flink.jar == Path("/opt/wirewatch/job-server.jar")


def test_configuration_loads_as_it_lies_in_the_image(tmp_path: Path) -> None:
    copies = re.findall(r"^COPY (\S+) (/etc/wirewatch/\S+)$", DOCKERFILE, re.MULTILINE)
    for source, target in copies:
        place = tmp_path / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / source).is_dir() else shutil.copyfile)(ROOT / source, place)
    found = config.load(tmp_path / "etc/wirewatch/deploy/production.yaml", env={})
    assert [folder.resolve() for folder in found.gazetteer] == [tmp_path / "etc/wirewatch/configs/gazetteer"]
    assert found.sources and found.sinks


def test_build_context_has_what_the_dockerfile_copies() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = [
        w
        for line in re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+)$", DOCKERFILE, re.MULTILINE)
        for w in line.split()[:-1]
    ]
    assert {
        "/".join(source.split("/")[:1]) if source.startswith("configs/") else source for source in copied
    } == allowed
    assert all((ROOT / source).exists() for source in copied if not source.startswith("build/"))


@pytest.mark.parametrize("name", sorted(OURS))
def test_files_that_are_named_are_mounted(name: str) -> None:
    service = OURS[name]
    named = [word for word in service["command"] if word.startswith("/etc/wirewatch/")]
    assert set(named) <= {entry["target"] for entry in service["configs"]}
    assert all((DEPLOY / entry["file"]).is_file() for entry in COMPOSE["configs"].values())
    if "--data" in service["command"]:
        (volume,) = [v for v in service["volumes"] if v.endswith(":/data")]
        assert volume.split(":")[0] in COMPOSE["volumes"]
    for volume in service.get("volumes", []):
        if volume.startswith("."):
            source, target, mode = volume.split(":")
            assert (DEPLOY / source).is_dir() and mode == "ro" and f" {target}\n" in DOCKERFILE


@pytest.mark.parametrize("name", sorted(name for name, c in containers().items() if "wirewatch" in c.get("image", "")))
def test_secrets_are_mounted_where_they_are_read(name: str) -> None:
    """Every role and the pool's workers log in to Kafka; a sink's secret is for its own delivery only."""
    folder, file = PRODUCTION["bus"]["password_file"].rsplit("/", 1)
    assert {"name": "secrets", "mountPath": folder, "readOnly": True} in containers()[name]["volumeMounts"]
    (volume,) = [v["secret"] for v in pods()[name.split("/", maxsplit=1)[0]]["volumes"] if v["name"] == "secrets"]
    if "deliver" in containers()[name].get("args", ()):
        assert "items" not in volume
    else:
        assert volume["items"] == [{"key": file, "path": file}]


@pytest.mark.parametrize("name", sorted(pods()))
def test_volumes_that_are_mounted_exist(name: str) -> None:
    mounted = [m for c in pods()[name]["containers"] for m in c["volumeMounts"]]
    assert {m["name"] for m in mounted} == {v["name"] for v in pods()[name]["volumes"]}
    written = {m["mountPath"] for m in mounted if not m.get("readOnly")}
    assert written <= {"/data", "/tmp", "/state", "/opt/flink/log"}


# --- One of each, and nothing more than it needs


def test_a_role_is_one_pod_at_a_time() -> None:
    for deployment in of("Deployment").values():
        assert deployment["spec"]["replicas"] == 1
        assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert {"poll", "flow"} <= of("Deployment").keys()
    for role in ("poll", "flow"):
        assert {"name": "data", "persistentVolumeClaim": {"claimName": role}} in pods()[role]["volumes"]
    sinks = [c["args"][c["args"].index("--sink") + 1] for c in containers().values() if "--sink" in c.get("args", [])]
    assert sinks == [sink["name"] for sink in PRODUCTION["sinks"]]


def test_there_is_time_to_stop() -> None:
    for role in ("poll", "flow", "deliver"):
        needed = SAVING if role == "flow" else DRAIN
        unit = "wirewatch-deliver@.service" if role == "deliver" else f"wirewatch-{role}.service"
        times = [
            float(SERVICES[role]["stop_grace_period"].removesuffix("s")),
            float(setting(unit, "TimeoutStopSec")[0]),
            *(pod["terminationGracePeriodSeconds"] for name, pod in pods().items() if name.startswith(role)),
        ]
        assert len(times) == 3 and min(times) > needed, (role, times)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_containers_have_the_least_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service and "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert "healthcheck" in service or "HEALTHCHECK" in DOCKERFILE
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    assert not any("docker.sock" in volume for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", sorted(pods()))
def test_pods_have_the_least_rights(name: str) -> None:
    pod = pods()[name]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True and rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        if container["name"] != "flink-main-container":  # the operator gives it its `resource`
            assert container["resources"].keys() == {"requests", "limits"}
            assert name == "topics" or "livenessProbe" in container


HARDENING = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateTmp=yes
PrivateDevices=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
CapabilityBoundingSet=
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
User=wirewatch
UMask=0077
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
""".splitlines()


@pytest.mark.parametrize("name", sorted(UNITS))
def test_units_are_hardened_alike(name: str) -> None:
    text = set(UNITS[name].splitlines())
    assert text >= set(HARDENING)
    assert setting(name, "MemoryMax") and setting(name, "TimeoutStopSec") and setting(name, "Restart")
    (line,) = setting(name, "ExecStart")
    assert line.startswith("/opt/wirewatch/bin/")
    if "--data" in line:
        assert line.split()[line.split().index("--data") + 1].startswith("/var/lib/wirewatch/")
        assert setting(name, "StateDirectory") == ["wirewatch"]
    assert not setting(name, "EnvironmentFile")


def test_image_is_not_root_and_its_user_is_the_same_everywhere() -> None:
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert {s["user"] for s in OURS.values()} == {"10001:10001"}
    ours = [
        c.get("securityContext", {}).get("runAsUser") or pods()[n.split("/")[0]]["securityContext"]["runAsUser"]
        for n, c in containers().items()
        if c.get("image", "").startswith("wirewatch")
    ]
    assert set(ours) == {10001}


# --- Pinned, and no secret


def test_images_are_pinned() -> None:
    inline = [s["build"]["dockerfile_inline"] for s in SERVICES.values() if "dockerfile_inline" in s.get("build", {})]
    bases = re.findall(r"^FROM ([^\s$]+:\S+)", "\n".join([DOCKERFILE, *inline]), re.MULTILINE)
    bases += re.findall(r"^ARG PYTHON=(\S+)$", DOCKERFILE, re.MULTILINE)
    tagged = {i["name"]: f"{i['name']}:{i['newTag']}" for i in KUSTOMIZATION["images"]}
    kubernetes = [tagged.get(c["image"], c["image"]) for c in containers().values() if "image" in c]
    images = [*bases, *(s["image"] for s in SERVICES.values()), *kubernetes, FLINK["spec"]["image"]]
    assert all(re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*(@sha256:\w{64})?", image) for image in images), images
    assert {i for i in images if "flink:" in i and "wirewatch" not in i} == {FLINK["spec"]["image"]}
    assert {i.split(":")[1] for i in images if re.match(r"wirewatch(-flow)?:", i)} == {VERSION}
    assert f"ARG VERSION={VERSION}\n" in DOCKERFILE


def test_no_secret_is_written_down() -> None:
    for file in (PRODUCTION, TRIAL):
        for part in (file["bus"], *file["sinks"]):
            assert not part.keys() & {"password", "secret", "token"}
    assert not of("Secret")
    assert not [name for name, container in containers().items() if "env" in container]
    words = re.compile("PASSWORD|SECRET|TOKEN")
    assert not [key for service in SERVICES.values() for key in service.get("environment", {}) if words.search(key)]
    everything = "".join(
        path.read_text("utf-8") for path in DEPLOY.rglob("*") if path.suffix in (".yaml", ".service", ".md")
    )
    assert not re.search(r"whsec_[A-Za-z0-9+/]{8}|-----BEGIN|AKIA[0-9A-Z]{16}", everything + DOCKERFILE)
