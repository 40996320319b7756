"""Train the model of what tracks feel like; write its weights and its card. Takes some minutes.

    DATA_DIR=… python -m training.track_mood.felt_train

In: ``songs/`` of the data folder, the tracks and artists chosen by hand. Out: weights/felt_mood.npz and felt_mood.md,
whose every figure comes from this run. Needs requirements-train.txt.
"""

from __future__ import annotations

import argparse
import hashlib

import numpy as np

from feelharmonic.music.felt_mood import VERSION, WEIGHTS_PATH, FeltMoodReader
from training.track_mood.felt_evaluate import MADE_UP, cross_validated, read_labels, read_tables, some
from training.track_mood.felt_model import EPOCHS, TREES, Student, Teacher, between, distil

#: What cross-validation takes of it, so that five rounds stay short.
EVALUATED_TREES, EVALUATED_SONGS, EVALUATED_EPOCHS = 200, 10_000, 14

CARD = """# felt_mood.npz: what a track feels like

**What.** A network with one hidden layer of {hidden} units (numpy at run time, {kilobytes} kB) that tells of a track
how well it fits each of the seven emotions, and its felt valence and arousal; all 0 to 1, 0.5 is the middle of
{reference} tracks of public tables. Made by `training/track_mood/felt_train.py`, read by
`feelharmonic/music/felt_mood.py`.

**Input.** Spotify's nine audio features, the year, {words} words of genres and playlist names, and {artists} artists
whom listeners know for an emotion (`training/track_mood/artists_by_hand.csv`, set by hand). Anything but the features
may be missing.

**How it learnt.** Random forests learnt from people's labels: {tags} songs that listeners of Last.fm tagged (Deezer's
mood detection set), {labels} songs that one listener labelled, {picks} tracks chosen by hand; their standard scores
were mixed with plain directions (valence + energy and so on) by the weights in `felt_model.py`. The network learnt
what the forests say of {songs} songs, with all words, with genres alone and without any. No track was fetched from
Spotify for it.

**What a neutral face gets** is calm and pleasant music: what listeners tag as pleasant and not arousing, and what the
one listener calls calm.

**Figures.** Fivefold by artist: neither forests nor network had seen the artist. Average precision of the songs wanted
first, chance is 0.09 to 0.39 (mean 0.17) for tags and 0.25 for labels. The hand-set artists are the same in all folds;
they were set without a look at the tags. The forests had {trees} trees each, and the network learnt from {evaluated} of
the unlabelled songs.

| yardstick | angry | happy | sad | neutral | mean |
|---|---|---|---|---|---|
{table}

Correlation with the crowd's tags on unseen artists: {correlations}.

**Where the yardsticks disagree.** The labelled songs call quiet, slow songs sad whatever their valence; tags call sad
what is unpleasant and not arousing, much of it guitar rock. With words the tags' forest leads; without words both
count alike.

**Limits.** Few hundred labels, mostly Western pop, rock and rap until 2020. Sad is hardest. Disgust, fear and surprise
rest on tracks chosen by hand and on where people place these emotions; nobody's tags tell them.

**sha256** of felt_mood.npz: `{sha256}`

Terms: see LICENSE beside this file.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    known, tables = read_labels(), read_tables()
    teacher = Teacher(known, tables, TREES, seed)
    student = distil(teacher, tables, between(known, MADE_UP, seed), EPOCHS, seed)
    write_weights(student)
    FeltMoodReader.load()
    figures = cross_validated(known, some(tables, EVALUATED_SONGS), EVALUATED_TREES, EVALUATED_EPOCHS, seed)
    write_card(student, figures, (len(known.tags), len(known.labels), len(known.picks), len(tables)))


def write_weights(student: Student) -> None:
    """Half floats: the card's figures are those of the network before; the difference is below what 8 bits keep."""
    WEIGHTS_PATH.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        WEIGHTS_PATH,
        version=np.int32(VERSION),
        knots=student.knots.astype(np.float32),
        inward=student.inward.astype(np.float16),
        outward=student.outward.astype(np.float16),
        words=np.frombuffer("\n".join(student.words).encode(), np.uint8),
        artists=np.frombuffer("\n".join(student.artists).encode(), np.uint8),
        artist_emotions=student.artist_emotions,
    )


def write_card(student: Student, figures: dict[str, dict[str, float]], counts: tuple[int, int, int, int]) -> None:
    tags, labels, picks, songs = counts
    columns = ("angry", "happy", "sad", "neutral")
    rows = [
        f"| {key} | {' | '.join(f'{values[e]:.3f}' for e in columns)} | {np.mean([values[e] for e in columns]):.3f} |"
        for key, values in figures.items()
        if not key.endswith(", r")
    ]
    correlations = "; ".join(
        f"{key.removesuffix(', r')}: valence {values['valence']:.2f}, arousal {values['arousal']:.2f}"
        for key, values in figures.items()
        if key.endswith(", r")
    )
    data = WEIGHTS_PATH.read_bytes()
    text = CARD.format(
        hidden=student.inward.shape[1],
        kilobytes=round(len(data) / 1000),
        reference=songs,
        words=len(student.words),
        artists=len(student.artists),
        tags=tags,
        labels=labels,
        picks=picks,
        songs=songs,
        trees=EVALUATED_TREES,
        evaluated=EVALUATED_SONGS,
        table="\n".join(rows),
        correlations=correlations,
        sha256=hashlib.sha256(data).hexdigest(),
    )
    WEIGHTS_PATH.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
