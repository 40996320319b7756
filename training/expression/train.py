"""The training loop of the expression network; resumes after a kill.

    python -m training.expression.train --data FOLDER [--name small] [--epochs 36]
    python -m training.expression.train --data FOLDER --name student --soft-labels FILE.npz [--start small]
    python -m training.expression.train --data FOLDER --name more --set FOLDER [--set FOLDER …]  (picture_folders.py)

In: the data folder. Out: the run's folder (runs.py). `training.expression.export` then makes the file that is served.
Uses CUDA where there is a GPU. The random numbers of an epoch depend on (seed, epoch) alone, so that a killed run ends
in the same state as one that was not.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from feelharmonic.reading.expression import LABELS
from feelharmonic.reading.faces.face_finder import FaceFinder
from training.data_dir import add_data_option, data_dir
from training.expression.augment import DegradationShares, augmented
from training.expression.data import FER2013, STRANGERS, Faces, hard_labels, joined, load_training_faces, without_copies
from training.expression.network import SHAPES, ExpressionNetwork, best_device, fast_arithmetic, predict
from training.expression.onnx_file import load_exported
from training.expression.picture_folders import LabelledSet, digest, load_folders
from training.expression.runs import (
    DEFAULT_RUNS,
    Plan,
    Run,
    append_log,
    fine_tuning_run,
    new_run,
    read_run,
    resume,
    save,
)
from training.expression.soft_labels import read_soft_labels, unlabelled_faces, with_soft_labels
from training.measures import accuracy

#: Weight of each head's loss, in HEADS' order.
HEAD_WEIGHTS = (1.0, 1.0, 1.0)
#: An emotion's weight in the strangers' head falls with the square root of its share, between these limits.
EMOTION_WEIGHT_RANGE = (0.5, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Validation:
    """Held-out faces on which the accuracy is logged: those of `valid`, and those of each other set by itself."""

    crops: np.ndarray  # (N, 48, 48) uint8
    labels: dict[str, np.ndarray]  # per head (N,) int, -1: no label
    every: int = 2  # epochs
    sets: tuple[LabelledSet, ...] = ()

    def accuracies(self, network: ExpressionNetwork) -> dict[str, float]:
        """Accuracy per head on `valid`, and by the strangers' head on each set, 0..1."""
        logits = predict(network, self.crops)
        found = {head: accuracy(logits[:, i], self.labels[head]) for i, head in enumerate(LABELS)}
        for one in self.sets:
            if len(one.held_out):
                found[f"set_{one.name}"] = accuracy(predict(network, one.held_out.crops)[:, STRANGERS], one.label)
        return found


def train(
    plan: Plan,
    faces: Faces,
    folder: Path,
    *,
    validation: Validation | None = None,
    start_file: Path | None = None,
    quiet: bool = False,
) -> Run:
    """Start or resume the run in ``folder`` and train until its plan is done; each epoch saves and logs.

    The runs named in ``plan.start`` lie beside ``folder``. ``start_file``: an exported file to start from instead.
    """
    device = best_device()
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        run = resume(checkpoint, device, plan)
    elif plan.start:
        run = fine_tuning_run(plan, device, [read_run(folder.parent / name, device) for name in plan.start.split(",")])
    else:
        run = new_run(plan, device)
        if start_file is not None:
            load_exported(run.network, start_file, faces.crops)
            run.average.load_state_dict(run.network.state_dict())
    while run.epochs_done < plan.epochs:
        start = time.perf_counter()
        line: dict[str, float] = {"loss": train_epoch(run, faces, quiet=quiet)}
        line |= {"epoch": run.epochs_done, "seconds": time.perf_counter() - start}
        if validation is not None and (run.epochs_done % validation.every == 0 or run.epochs_done == plan.epochs):
            line |= {f"valid_{name}": value for name, value in validation.accuracies(run.average).items()}
        append_log(folder / "log.jsonl", line)  # before the checkpoint: read_log drops a repeated epoch, not a lost one
        save(run, checkpoint)
    return run


def train_epoch(run: Run, faces: Faces, *, quiet: bool = False) -> float:
    """One pass over ``faces`` in a new order; the mean loss."""
    device = next(run.network.parameters()).device
    crops, targets, weights = _on(device, faces)
    generator = torch.Generator(device).manual_seed(run.plan.seed * 100_003 + run.epochs_done)
    torch.manual_seed(run.plan.seed * 100_003 + run.epochs_done)  # dropout draws from the global one
    emotions = emotion_weights(targets)
    order = torch.randperm(len(faces), generator=generator, device=device)
    batches = order.split(run.plan.batch)
    shares = DegradationShares().scaled(run.plan.augmentation)
    run.network.train()
    total = torch.zeros((), device=device)
    for i, rows in enumerate(tqdm(batches, desc=f"epoch {run.epochs_done + 1}", disable=quiet, mininterval=10)):
        _set_rate(run, run.epochs_done + i / len(batches))
        inputs = augmented(crops[rows], generator, shares).to(memory_format=torch.channels_last)
        with fast_arithmetic(device):
            logits = run.network(inputs)
        loss = head_loss(
            logits.float(),
            targets[rows],
            weights[rows],
            emotions,
            run.plan.label_smoothing,
            run.plan.fer2013_weight,
        )
        run.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        run.optimizer.step()
        _update_average(run, run.epochs_done * len(batches) + i)
        total += loss.detach() * len(rows)
    run.epochs_done += 1
    return float(total) / len(faces)


def emotion_weights(targets: Tensor) -> Tensor:
    """(7,): what a face counts in the strangers' head by its likeliest emotion in ``targets`` (N, 3, 7), so that rare
    emotions are not learnt as unlikely ones; 1 where no face has a target there."""
    labelled = targets[:, STRANGERS].sum(1) > 0
    counts = torch.bincount(targets[labelled, STRANGERS].argmax(1), minlength=targets.shape[2]).float()
    if not len(counts.nonzero()):
        return torch.ones_like(counts)
    return (counts.mean() / counts.clamp(min=1)).sqrt().clamp(*EMOTION_WEIGHT_RANGE)


def head_loss(
    logits: Tensor,
    targets: Tensor,
    weights: Tensor,
    emotions: Tensor,
    label_smoothing: float = 0.0,
    fer2013_weight: float = 1.0,
) -> Tensor:
    """Cross-entropy with soft targets, (N, 3, 7) each, weighted by face and by head; rows of zeros cost nothing.

    ``emotions`` (7,): `emotion_weights`. ``label_smoothing`` spreads that share of FER2013's hard label over all
    classes; the votes are soft already. ``fer2013_weight``: of its head's loss beside the others'.
    """
    spread = targets.clone()
    labelled = targets[:, FER2013].sum(1, keepdim=True)
    spread[:, FER2013] = targets[:, FER2013] * (1 - label_smoothing) + labelled * label_smoothing / targets.shape[2]
    each = -(spread * logits.log_softmax(2)).sum(2)  # (N, 3)
    heads = torch.tensor(HEAD_WEIGHTS, device=logits.device).repeat(len(logits), 1)  # (N, 3)
    heads[:, FER2013] *= fer2013_weight
    heads[:, STRANGERS] *= emotions[targets[:, STRANGERS].argmax(1)]
    return (each * heads * weights[:, None]).sum() / weights.sum().clamp(min=1e-6)


def with_sets(
    faces: Faces, validation: Validation, sets: list[LabelledSet], weight: float = 1.0
) -> tuple[Faces, Validation, str]:
    """``faces`` with those of ``sets``, the validation with each set, and the sets' digest.

    Copies of faces of `valid`, and of what any set holds out, are left out. ``weight``: what a face of a set counts
    beside one of FER2013's, times its set's own weight.
    """
    others = np.concatenate([one.held_out.crops for one in sets])
    held_out = np.concatenate([validation.crops, others])
    kept = [replace(one, faces=without_copies(one.faces, held_out)) for one in sets]
    faces = without_copies(faces, others) if len(others) else faces
    weighted = [replace(one.faces, weights=one.faces.weights * np.float32(weight)) for one in kept]
    return joined([faces, *weighted]), replace(validation, sets=tuple(kept)), digest(kept)


def _on(device: torch.device, faces: Faces) -> tuple[Tensor, Tensor, Tensor]:
    arrays = (faces.crops, faces.targets, faces.weights)
    crops, targets, weights = (torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays)
    return crops, targets, weights


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
def _update_average(run: Run, step: int) -> None:
    """Update the weights' moving average. Its decay is low in the first steps, whose weights are not worth keeping."""
    decay = min(run.plan.average_decay, (1 + step) / (10 + step))
    for average, new in zip(run.average.state_dict().values(), run.network.state_dict().values(), strict=True):
        if average.is_floating_point():
            average.lerp_(new, 1 - decay)
        else:
            average.copy_(new)


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected 0..1, got {text}")
    return value


def arguments() -> argparse.Namespace:
    plan = Plan()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--runs", type=Path, default=DEFAULT_RUNS, help="folder of the runs")
    parser.add_argument("--name", default="small", help="this run's folder under --runs")
    parser.add_argument("--shape", choices=sorted(SHAPES), default=plan.shape)
    parser.add_argument("--epochs", type=int, default=plan.epochs)
    parser.add_argument("--batch", type=int, default=plan.batch)
    parser.add_argument("--rate", type=float, default=plan.rate, help="the highest learning rate")
    parser.add_argument(
        "--augmentation",
        type=_share,
        default=plan.augmentation,
        help="strength of the augmentation that degrades faces, 0..1 (default 1)",
    )
    parser.add_argument("--seed", type=int, default=plan.seed)
    parser.add_argument("--soft-labels", type=Path, help="a file of training.expression.distill to learn from as well")
    parser.add_argument(
        "--soft-label-weight",
        type=_share,
        default=plan.soft_label_weight,
        help="beside the labels, 0..1 (default 0.5)",
    )
    parser.add_argument("--set", type=Path, action="append", default=[], help="mix in this folder's set; repeatable")
    parser.add_argument("--set-weight", type=float, default=plan.set_weight, help="of their faces (default 1)")
    parser.add_argument(
        "--fer2013-weight", type=float, default=plan.fer2013_weight, help="of FER2013's head in the loss (default 1)"
    )
    parser.add_argument("--start-file", type=Path, help="start from the weights of this exported file")
    parser.add_argument("--start", default="", help="start from this run's weights; of several (a,b) their mean")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    folder = data_dir(options.data)
    faces, valid = load_training_faces(folder)
    validation = Validation(crops=valid.crops, labels=hard_labels(folder, "valid"))
    plan = Plan(
        shape=options.shape,
        epochs=options.epochs,
        batch=options.batch,
        rate=options.rate,
        augmentation=options.augmentation,
        seed=options.seed,
        soft_label_weight=options.soft_label_weight,
        start=options.start,
        set_weight=options.set_weight,
        fer2013_weight=options.fer2013_weight,
    )
    if options.start_file:
        if options.start:
            raise SystemExit("Expected --start or --start-file, got both.")
        plan = replace(plan, start_file=hashlib.sha256(options.start_file.read_bytes()).hexdigest())
    if options.soft_labels:
        labels = read_soft_labels(options.soft_labels)
        faces = with_soft_labels(faces, unlabelled_faces(folder), labels, plan.soft_label_weight)
        plan = replace(plan, soft_labels=hashlib.sha256(options.soft_labels.read_bytes()).hexdigest())
    if options.set:
        faces, validation, sets = with_sets(
            faces, validation, load_folders(options.set, FaceFinder.load()), plan.set_weight
        )
        plan = replace(plan, sets=sets)
        for one in validation.sets:
            print(one.report(), flush=True)
    print(f"{len(faces)} faces, {len(validation.crops)} held out, on {best_device()}", flush=True)
    train(plan, faces, options.runs / options.name, validation=validation, start_file=options.start_file)


if __name__ == "__main__":
    main()
