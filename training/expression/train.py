"""The training loop: Faces → a network, resumable after any kill.

    python -m training.expression.train --data FOLDER [--name small] [--epochs 36]
    python -m training.expression.train --data FOLDER --name pupil --lessons FILE.npz [--start small]
    python -m training.expression.train --data FOLDER --name wider --set FOLDER [--set FOLDER …]  (picture_folders.py)

In: the data folder. Out, under --runs: NAME/checkpoint.pt (everything needed to go on), NAME/log.jsonl (one line per
epoch). After the last epoch `training.expression.export` makes the file that is served. The same command runs on
CUDA. All chance of an epoch comes from (seed, epoch), so a run that was killed ends in the state it would have had.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from feelharmonic.reading.expression import LABELS, normalised
from feelharmonic.reading.face_finder import FaceFinder
from training.data_dir import data_dir
from training.expression.augment import Strength, augmented
from training.expression.data import (
    FER2013,
    FERPLUS,
    Faces,
    ferplus_majority,
    joined,
    load_fer,
    votes,
    without_duplicates,
)
from training.expression.network import SHAPES, ExpressionNetwork
from training.expression.picture_folders import LabelledSet, digest, load_folders
from training.expression.widen import widened

DEFAULT_RUNS = Path.home() / ".cache" / "feelharmonic" / "expression"
#: Weight of each head's loss, in LABELS' order: both sets of labels count alike.
HEAD_WEIGHTS = (1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run does. Kept in its checkpoint: a run goes on only under the plan that it began with."""

    shape: str = "small"
    epochs: int = 36
    batch: int = 128
    rate: float = 0.1
    warm_up_epochs: int = 2
    weight_decay: float = 5e-4
    momentum: float = 0.9
    #: The average looks back over about 300 steps: short beside the schedule's end, so that it does not lag.
    average: float = 0.997
    smoothing: float = 0.05
    #: Share of augmentation's harms (training/expression/augment.py) that strike, 0..1.
    harm: float = 1.0
    seed: int = 1
    #: SHA-256 of the lessons learnt from (distill.py), and how far they are trusted over the labels, 0..1.
    lessons: str = ""
    trust: float = 0.5
    #: The run whose averaged weights this one began with; of several (a,b) the mean.
    start: str = ""
    #: SHA-256 of the faces of other sets (training.expression.picture_folders) that are mixed in.
    sets: str = ""


@dataclass(slots=True, kw_only=True)
class Run:
    """All that changes while a run goes on."""

    plan: Plan
    network: ExpressionNetwork
    average: ExpressionNetwork
    optimizer: torch.optim.Optimizer
    epochs_done: int = 0


def begin(plan: Plan, device: torch.device) -> Run:
    """A fresh run of ``plan``."""
    torch.manual_seed(plan.seed)
    network = ExpressionNetwork(SHAPES[plan.shape]).to(device, memory_format=torch.channels_last)
    average = ExpressionNetwork(SHAPES[plan.shape]).to(device, memory_format=torch.channels_last)
    average.load_state_dict(network.state_dict())
    decayed = [p for p in network.parameters() if p.ndim > 1]
    free = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": free, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=plan.rate, momentum=plan.momentum, nesterov=True)
    return Run(plan=plan, network=network, average=average, optimizer=optimizer)


def save(run: Run, path: Path) -> None:
    """Write all of ``run``; a kill in between leaves the previous file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "plan": {name: getattr(run.plan, name) for name in Plan.__dataclass_fields__},
        "network": run.network.state_dict(),
        "average": run.average.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "epochs_done": run.epochs_done,
    }
    beside = path.with_suffix(".part")
    torch.save(state, beside)
    os.replace(beside, path)


def resume(path: Path, device: torch.device, expected: Plan | None = None) -> Run:
    """The run that ``path`` holds. Raises SystemExit where its plan is not ``expected``, its length apart.

    The length may change, to end a run earlier or later than was thought: the rate follows the new schedule at once.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        plan = Plan(**state["plan"])
    except (OSError, EOFError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError) as exc:
        raise SystemExit(
            f"Expected a run's checkpoint in {path}, got what cannot be read as one ({type(exc).__name__}). Remove it "
            "to begin anew."
        ) from exc
    if expected is not None:
        plan = replace(plan, epochs=expected.epochs)
    if expected is not None and plan != expected:
        raise SystemExit(f"{path} was begun with {plan}, not {expected}. Use another --name or the first options.")
    run = begin(plan, device)
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


def train_epoch(run: Run, faces: Faces, *, quiet: bool = False) -> float:
    """One pass over ``faces`` in a new order; the mean loss."""
    device = next(run.network.parameters()).device
    crops, targets, weights = _on(device, faces)
    generator = torch.Generator(device).manual_seed(run.plan.seed * 100_003 + run.epochs_done)
    torch.manual_seed(run.plan.seed * 100_003 + run.epochs_done)  # dropout draws from the global one
    order = torch.randperm(len(faces), generator=generator, device=device)
    batches = order.split(run.plan.batch)
    strength = Strength().gentler(run.plan.harm)
    run.network.train()
    total = torch.zeros((), device=device)
    for i, rows in enumerate(tqdm(batches, desc=f"epoch {run.epochs_done + 1}", disable=quiet, mininterval=10)):
        _set_rate(run, run.epochs_done + i / len(batches))
        inputs = augmented(crops[rows], generator, strength).to(memory_format=torch.channels_last)
        with fast_arithmetic(device):
            logits = run.network(inputs)
        loss = head_loss(logits.float(), targets[rows], weights[rows], run.plan.smoothing)
        run.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        run.optimizer.step()
        _move_average(run, run.epochs_done * len(batches) + i)
        total += loss.detach() * len(rows)
    run.epochs_done += 1
    return float(total) / len(faces)


def head_loss(logits: Tensor, targets: Tensor, weights: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy with soft targets, (N, 2, 7) each, weighted by face and by head; rows of zeros cost nothing.

    ``smoothing`` spreads that share of FER2013's hard label over all classes; the votes are soft already.
    """
    spread = targets.clone()
    labelled = targets[:, FER2013].sum(1, keepdim=True)
    spread[:, FER2013] = targets[:, FER2013] * (1 - smoothing) + labelled * smoothing / targets.shape[2]
    each = -(spread * logits.log_softmax(2)).sum(2)  # (N, 2)
    heads = torch.tensor(HEAD_WEIGHTS, device=logits.device)
    return (each * heads * weights[:, None]).sum() / weights.sum().clamp(min=1e-6)


@torch.no_grad()
def predict(network: ExpressionNetwork, crops: np.ndarray, batch: int = 512) -> np.ndarray:
    """(N, 48, 48) uint8 → (N, 2, 7) float32 logits, in float32 arithmetic."""
    device = next(network.parameters()).device
    network.eval()
    parts = torch.from_numpy(np.ascontiguousarray(crops)).split(batch)
    logits = [network(normalised(part.to(device).float())[:, None]).float().cpu() for part in parts]
    return torch.cat(logits).numpy()


def accuracies(logits: np.ndarray, majority: np.ndarray, label: np.ndarray) -> dict[str, float]:
    """Share of faces read as FER+'s majority (of those where one of the seven leads) and as FER2013's label."""
    chosen = logits.argmax(2)
    clear = majority >= 0
    return {
        "ferplus": float((chosen[clear, FERPLUS] == majority[clear]).mean()),
        "fer2013": float((chosen[:, FER2013] == label).mean()),
    }


@torch.no_grad()
def mean_weights(networks: list[ExpressionNetwork]) -> None:
    """Give the first of ``networks`` the mean of all their weights.

    Worth trying where one began with another's weights: Wortsman et al. 2022, "Model soups", arXiv:2203.05482.
    """
    states = [network.state_dict() for network in networks]
    shapes = [{name: value.shape for name, value in state.items()} for state in states]
    if any(shape != shapes[0] for shape in shapes):
        raise SystemExit("Expected runs of one shape, got different ones.")
    for name, value in states[0].items():
        if value.is_floating_point():
            value.copy_(torch.stack([state[name] for state in states]).mean(0))


def begin_with(plan: Plan, device: torch.device, teacher: Run) -> Run:
    """A fresh run of ``plan`` that starts from ``teacher``'s averaged weights, widened where its shape is wider."""
    weights = teacher.average
    if plan.shape != teacher.plan.shape:
        generator = torch.Generator().manual_seed(plan.seed)
        try:
            weights = widened(weights.cpu(), SHAPES[teacher.plan.shape], SHAPES[plan.shape], generator)
        except ValueError as exc:
            raise SystemExit(f"--start: {exc}") from exc
    run = begin(plan, device)
    for network in (run.network, run.average):
        network.load_state_dict(weights.state_dict())
    return run


def train(plan: Plan, faces: Faces, folder: Path, *, check: Check | None = None, quiet: bool = False) -> Run:
    """Begin or go on with the run in ``folder`` until its plan is done; a checkpoint and a log line per epoch.

    A run that starts from another's weights, or from the mean of several's, finds them in the folder beside its own.
    """
    device = best_device()
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        run = resume(checkpoint, device, plan)
    elif plan.start:
        teachers = [read_run(folder.parent / name, device) for name in plan.start.split(",")]
        mean_weights([teacher.average for teacher in teachers])
        run = begin_with(plan, device, teachers[0])
    else:
        run = begin(plan, device)
    while run.epochs_done < plan.epochs:
        start = time.perf_counter()
        line: dict[str, float] = {"loss": train_epoch(run, faces, quiet=quiet)}
        line |= {"epoch": run.epochs_done, "seconds": time.perf_counter() - start}
        if check is not None and (run.epochs_done % check.every == 0 or run.epochs_done == plan.epochs):
            line |= {f"valid_{name}": value for name, value in check.of(run.average).items()}
        _log(folder / "log.jsonl", line)  # first: an epoch that is told of twice costs nothing, one never told of does
        save(run, checkpoint)
    return run


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Check:
    """Faces held back, to look at now and then: valid's, and by themselves those of each other set."""

    crops: np.ndarray
    majority: np.ndarray
    label: np.ndarray
    every: int = 2
    sets: tuple[LabelledSet, ...] = ()

    def of(self, network: ExpressionNetwork) -> dict[str, float]:
        found = accuracies(predict(network, self.crops), self.majority, self.label)
        for one in self.sets:
            if len(one.held_back):
                read = predict(network, one.held_back.crops)[:, FER2013].argmax(1)
                found[f"set_{one.name}"] = float((read == one.label).mean())
        return found


def best_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_training_faces(folder: Path) -> tuple[Faces, Check]:
    """FER2013's training split without what crosses over from valid, and valid itself as a check."""
    valid = load_fer(folder, "valid")
    faces = without_duplicates(load_fer(folder, "train"), valid.crops)
    majority = ferplus_majority(votes(folder, "valid"))
    return faces, Check(crops=valid.crops, majority=majority, label=valid.targets[:, FER2013].argmax(1))


def with_sets(faces: Faces, check: Check, sets: list[LabelledSet]) -> tuple[Faces, Check, str]:
    """``faces`` and those of ``sets``, less what crosses over from valid and from what sets hold back; the check
    reports each set; their digest."""
    others = np.concatenate([one.held_back.crops for one in sets])
    known = np.concatenate([check.crops, others])
    kept = [replace(one, faces=without_duplicates(one.faces, known)) for one in sets]
    faces = without_duplicates(faces, others) if len(others) else faces
    return joined([faces, *(one.faces for one in kept)]), replace(check, sets=tuple(kept)), digest(kept)


def read_log(path: Path) -> Iterator[dict[str, float]]:
    """The log's lines, one per epoch; of an epoch that was done twice after a kill, the later. A cut line is none."""
    by_epoch: dict[float, dict[str, float]] = {}
    for text in path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines():
        line = json.loads(text)
        by_epoch[line["epoch"]] = line
    return iter(by_epoch.values())


def _on(device: torch.device, faces: Faces) -> tuple[Tensor, Tensor, Tensor]:
    arrays = (faces.crops, faces.targets, faces.weights)
    crops, targets, weights = (torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays)
    return crops, targets, weights


def fast_arithmetic(device: torch.device) -> AbstractContextManager:
    """bfloat16 where the hardware multiplies it faster: CUDA, and processors with AMX or AVX512-BF16."""
    if device.type == "cpu" and not torch.backends.mkldnn.is_available():
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def _set_rate(run: Run, epoch: float) -> None:
    """Linear warm-up, then half a cosine down to zero."""
    warm = run.plan.warm_up_epochs
    if epoch < warm:
        share = (epoch + 0.02) / warm
    else:
        share = 0.5 + 0.5 * float(np.cos(np.pi * (epoch - warm) / max(run.plan.epochs - warm, 1)))
    for group in run.optimizer.param_groups:
        group["lr"] = run.plan.rate * min(share, 1.0)


@torch.no_grad()
def _move_average(run: Run, step: int) -> None:
    """The average of the weights follows; quickly at first, when there is nothing worth remembering."""
    keep = min(run.plan.average, (1 + step) / (10 + step))
    theirs = list(run.network.state_dict().values())
    for mine, new in zip(run.average.state_dict().values(), theirs, strict=True):
        if mine.is_floating_point():
            mine.lerp_(new, 1 - keep)
        else:
            mine.copy_(new)


def _log(path: Path, line: dict[str, float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({name: round(value, 5) for name, value in line.items()}) + "\n"
    with path.open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)  # a kill may have cut the last line
        file.write(text.encode())
    print("  ".join(f"{name} {value:.4g}" for name, value in line.items()), flush=True)


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected 0..1, got {text}")
    return value


def arguments() -> argparse.Namespace:
    plan = Plan()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="data folder (default: DATA_DIR, else data/)")
    parser.add_argument("--runs", type=Path, default=DEFAULT_RUNS, help="where runs are kept")
    parser.add_argument("--name", default="small", help="this run's folder under --runs")
    parser.add_argument("--shape", choices=sorted(SHAPES), default=plan.shape)
    parser.add_argument("--epochs", type=int, default=plan.epochs)
    parser.add_argument("--batch", type=int, default=plan.batch)
    parser.add_argument("--rate", type=float, default=plan.rate, help="the highest learning rate")
    parser.add_argument("--harm", type=_share, default=plan.harm, help="share of the usual harms, 0..1 (default 1)")
    parser.add_argument("--seed", type=int, default=plan.seed)
    parser.add_argument("--lessons", type=Path, help="learn from this file of training.expression.distill too")
    parser.add_argument("--trust", type=_share, default=plan.trust, help="in lessons over labels, 0..1 (default 0.5)")
    parser.add_argument("--set", type=Path, action="append", default=[], help="mix in this folder's set; repeatable")
    parser.add_argument("--start", default="", help="begin with this run's weights; of several (a,b) their mean")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    folder = data_dir(options.data)
    faces, check = load_training_faces(folder)
    plan = Plan(
        shape=options.shape,
        epochs=options.epochs,
        batch=options.batch,
        rate=options.rate,
        harm=options.harm,
        seed=options.seed,
        trust=options.trust,
        start=options.start,
    )
    if options.lessons:
        from training.expression.distill import read_lessons, taught, unlabelled_faces  # teach imports this module

        faces = taught(faces, unlabelled_faces(folder), read_lessons(options.lessons), plan.trust)
        plan = replace(plan, lessons=hashlib.sha256(options.lessons.read_bytes()).hexdigest())
    if options.set:
        faces, check, sets = with_sets(faces, check, load_folders(options.set, FaceFinder.load()))
        plan = replace(plan, sets=sets)
        for one in check.sets:
            print(one.report(), flush=True)
    heads = ", ".join(LABELS)
    print(f"{len(faces)} faces, {len(check.crops)} held back, heads {heads}, on {best_device()}", flush=True)
    train(plan, faces, options.runs / options.name, check=check)


if __name__ == "__main__":
    main()
