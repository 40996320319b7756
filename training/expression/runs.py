"""A training run on disk: what it was asked to do, its checkpoint, from which it resumes after a kill, and its log.

A run is a folder, named by --name under --runs: checkpoint.pt holds everything needed to resume, log.jsonl one line
per epoch.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from training.atomic_write import replacing
from training.expression.network import SHAPES, ExpressionNetwork

DEFAULT_RUNS = Path.home() / ".cache" / "feelharmonic" / "expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The options of a run. They are saved with it: a run resumes only under the options that it started with."""

    shape: str = "small"
    epochs: int = 36
    batch: int = 128
    #: The highest learning rate: linear warm-up to it, then half a cosine down to zero.
    rate: float = 0.1
    warm_up_epochs: int = 2
    weight_decay: float = 5e-4
    momentum: float = 0.9
    #: Decay per step of the weights' moving average: about 300 steps, short beside the schedule's end.
    average_decay: float = 0.997
    label_smoothing: float = 0.05
    #: Scales the share of faces that augmentation degrades (`augment.py`), 0..1.
    augmentation: float = 1.0
    seed: int = 1
    #: SHA-256 of the file of soft labels (`distill.py`), and their weight beside the labels, 0..1.
    soft_labels: str = ""
    soft_label_weight: float = 0.5
    #: The run whose averaged weights this one starts from; of several (a,b) the mean.
    start: str = ""
    #: SHA-256 of the faces of other sets (`picture_folders.py`) that are mixed in.
    sets: str = ""
    #: What a face of theirs counts beside one of FER2013's.
    set_weight: float = 1.0
    #: The weight of FER2013's head in the loss, beside 1 for each other head.
    fer2013_weight: float = 1.0
    #: SHA-256 of the exported file whose weights this run starts from (`onnx_file.py`).
    start_file: str = ""


@dataclass(slots=True, kw_only=True)
class Run:
    """The state of a run: all that changes while it trains."""

    plan: Plan
    network: ExpressionNetwork
    average: ExpressionNetwork
    optimizer: torch.optim.Optimizer
    epochs_done: int = 0


def new_run(plan: Plan, device: torch.device) -> Run:
    """A run of ``plan`` before its first epoch."""
    torch.manual_seed(plan.seed)
    network = ExpressionNetwork(SHAPES[plan.shape]).to(device, memory_format=torch.channels_last)
    average = ExpressionNetwork(SHAPES[plan.shape]).to(device, memory_format=torch.channels_last)
    average.load_state_dict(network.state_dict())
    decayed = [p for p in network.parameters() if p.ndim > 1]
    free = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": free, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=plan.rate, momentum=plan.momentum, nesterov=True)
    return Run(plan=plan, network=network, average=average, optimizer=optimizer)


def fine_tuning_run(plan: Plan, device: torch.device, starts: list[Run]) -> Run:
    """A new run of ``plan`` that starts from the mean of the averaged weights of ``starts``, which it changes.

    Raises SystemExit where their shape is not the plan's.
    """
    if any(start.plan.shape != plan.shape for start in starts):
        shapes = ", ".join(start.plan.shape for start in starts)
        raise SystemExit(f"--start: expected runs of shape {plan.shape}, got {shapes}.")
    mean_weights([start.average for start in starts])
    run = new_run(plan, device)
    for network in (run.network, run.average):
        network.load_state_dict(starts[0].average.state_dict())
    return run


@torch.no_grad()
def mean_weights(networks: list[ExpressionNetwork]) -> None:
    """Give the first of ``networks`` the mean of all their weights.

    Useful where one was fine-tuned from another: Wortsman et al. 2022, "Model soups", arXiv:2203.05482.
    """
    states = [network.state_dict() for network in networks]
    shapes = [{name: value.shape for name, value in state.items()} for state in states]
    if any(shape != shapes[0] for shape in shapes):
        raise SystemExit("Expected runs of one shape, got different ones.")
    for name, value in states[0].items():
        if value.is_floating_point():
            value.copy_(torch.stack([state[name] for state in states]).mean(0))


def save(run: Run, path: Path) -> None:
    """Write ``run`` to ``path``; a kill in between leaves the previous file."""
    state = {
        "plan": asdict(run.plan),
        "network": run.network.state_dict(),
        "average": run.average.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "epochs_done": run.epochs_done,
    }
    with replacing(path) as part:
        torch.save(state, part)


def resume(path: Path, device: torch.device, expected: Plan | None = None) -> Run:
    """The run in the checkpoint ``path``. Raises SystemExit where its plan is not ``expected``.

    The number of epochs may differ, to end a run earlier or later: the learning rate follows the new schedule at once.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        plan = Plan(**state["plan"])
    except (OSError, EOFError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError) as exc:
        raise SystemExit(
            f"Expected a run's checkpoint in {path}, got a file that cannot be read as one ({type(exc).__name__}). "
            "Delete it to start again."
        ) from exc
    if expected is not None:
        plan = replace(plan, epochs=expected.epochs)
        if plan != expected:
            raise SystemExit(f"{path} was started with {plan}, not {expected}. Use another --name or the same options.")
    run = new_run(plan, device)
    run.network.load_state_dict(state["network"])
    run.average.load_state_dict(state["average"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.epochs_done = state["epochs_done"]
    return run


def read_run(folder: Path, device: torch.device) -> Run:
    """The run in ``folder``. Raises SystemExit where there is none, or its checkpoint cannot be read."""
    checkpoint = folder / "checkpoint.pt"
    if not checkpoint.is_file():
        raise SystemExit(f"Expected a run in {folder}, found none. Train it: python -m training.expression.train.")
    return resume(checkpoint, device)


def append_log(path: Path, line: dict[str, float]) -> None:
    """Append ``line`` to the log ``path``, and print it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({name: round(value, 5) for name, value in line.items()}) + "\n"
    with path.open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)  # a kill may have cut the last line
        file.write(text.encode())
    print("  ".join(f"{name} {value:.4g}" for name, value in line.items()), flush=True)


def read_log(path: Path) -> Iterator[dict[str, float]]:
    """The log's lines, one per epoch: the later one of an epoch that ran twice after a kill. A cut line is left out."""
    by_epoch: dict[float, dict[str, float]] = {}
    for text in path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines():
        line = json.loads(text)
        by_epoch[line["epoch"]] = line
    return iter(by_epoch.values())
