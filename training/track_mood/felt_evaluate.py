"""`python -m training.track_mood.felt_evaluate`: how well the model of felt moods orders songs that it has not seen.

Fivefold by artist, over listeners' tags and one listener's labels at once: forests learn from four fifths of the
artists, the network from what they say of the unlabelled tables, and both order the last fifth.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.catalogue.starter import STARTER_PATH
from feelharmonic.music.felt_mood import FELT
from feelharmonic.music.targets import targets_for
from feelharmonic.music.track_mood import EMOTION_OF, TRACK_MOODS, TrackMoodReader, shift_by_words
from feelharmonic.params import Params
from training.data_dir import data_dir
from training.track_mood.felt_model import TOLD_BY_TAGS, Labels, Teacher, between, directions, distil
from training.track_mood.songs import Songs, average_precision, joined, labelled, parts_by_artist, read_songs, tagged

PARTS = 5
MADE_UP = 4000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trees", type=int, default=150)
    parser.add_argument("--songs", type=int, default=6000, help="unlabelled songs that the network learns from")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    known, tables = read_labels(), read_tables()
    runs = [
        cross_validated(known, some(tables, arguments.songs), arguments.trees, arguments.epochs, seed)
        for seed in range(arguments.repeats)
    ]
    mean = {key: {e: float(np.mean([run[key][e] for run in runs])) for e in runs[0][key]} for key in runs[0]}
    if arguments.json:
        print(json.dumps(mean, indent=1))
        return
    for key, values in mean.items():
        told = "  ".join(f"{name} {value:.3f}" for name, value in values.items())
        print(f"{key:<44}{told}  mean {np.mean(list(values.values())):.3f}")


def read_labels() -> Labels:
    songs = data_dir() / "songs"
    return Labels(
        tags=read_songs(songs / "listener_tags.csv"),
        labels=read_songs(songs / "mood_labelled.csv"),
        picks=read_songs(Path(STARTER_PATH)),
    )


def read_tables() -> Songs:
    songs = data_dir() / "songs"
    return joined(read_songs(songs / "playlist_tracks.csv"), read_songs(songs / "popular_tracks.csv"))


def some(songs: Songs, count: int) -> Songs:
    """``count`` songs of the tables by chance, the same every time."""
    chance = np.random.default_rng(0)
    return songs.take(np.sort(chance.permutation(len(songs))[:count]))


def cross_validated(known: Labels, tables: Songs, trees: int, epochs: int, seed: int) -> dict[str, dict[str, float]]:
    """Average precision by yardstick, model and emotion, and correlations with tagged valence and arousal."""
    tag_part = parts_by_artist(known.tags.artists, seed, PARTS)
    label_part = parts_by_artist(known.labels.artists, seed, PARTS)
    # Told songs by yardstick: (N, 9) by teacher and by student.
    told = {
        (yardstick, model): np.zeros((len(songs), len(FELT)))
        for yardstick, songs in (("tags", known.tags), ("tags without words", known.tags), ("labels", known.labels))
        for model in ("forests", "network")
    }
    for part in range(PARTS):
        seen = Labels(
            tags=known.tags.take(tag_part != part), labels=known.labels.take(label_part != part), picks=known.picks
        )
        teacher = Teacher(seen, tables, trees, seed)
        reader = distil(teacher, tables, between(seen, MADE_UP, seed), epochs, seed).reader()
        for yardstick, own, songs in (
            ("tags", tag_part == part, known.tags),
            ("tags without words", tag_part == part, known.tags.without_words()),
            ("labels", label_part == part, known.labels),
        ):
            unseen, worded = songs.take(own), yardstick == "tags"
            told[yardstick, "forests"][own] = teacher.scores(unseen, with_words=worded)
            told[yardstick, "network"][own] = reader.read(
                unseen.features,
                years=unseen.years.astype(int).tolist(),
                words=["|".join(words) for words in unseen.words],
                artists=unseen.artists.tolist(),
            )
    wanted, felt = tagged(known.tags)
    masks = {"tags": wanted, "tags without words": wanted, "labels": labelled(known.labels)}
    figures = {}
    for (yardstick, model), scores in told.items():
        figures[f"{yardstick}, {model}"] = {
            e: average_precision(scores[:, FELT.index(e)], masks[yardstick][e]) for e in TOLD_BY_TAGS
        }
        if yardstick != "labels":
            figures[f"{yardstick}, {model}, r"] = {
                name: float(np.corrcoef(scores[:, FELT.index(name)], felt[:, place])[0, 1])
                for place, name in enumerate(("valence", "arousal"))
            }
    params = Params.load()
    for yardstick, songs in (("tags", known.tags), ("tags without words", known.tags), ("labels", known.labels)):
        figures[f"{yardstick}, order of rank"] = {
            e: average_precision(
                -distances(songs.features, targets_for(params, e), told[yardstick, "network"]), masks[yardstick][e]
            )
            for e in TOLD_BY_TAGS
        }
    figures |= track_mood_figures(known.tags, told["tags", "network"], told["tags without words", "network"])
    for yardstick, songs in (("tags", known.tags), ("labels", known.labels)):
        plain = directions(songs)
        figures[f"{yardstick}, direction alone"] = {
            e: average_precision(plain[e], masks[yardstick][e]) for e in TOLD_BY_TAGS
        }
    return figures


def track_mood_figures(songs: Songs, felt: np.ndarray, felt_without_words: np.ndarray) -> dict[str, dict[str, float]]:
    """How well `track-mood` orders tagged songs, by features alone and with words. ``felt``: (N, 9) in FELT's order."""
    wanted, _ = tagged(songs)
    reader, shift = TrackMoodReader.load(), shift_by_words(felt, felt_without_words)
    by_features, by_words = reader.probabilities(songs.features), reader.probabilities(songs.features, shift)
    return {
        name: {EMOTION_OF[m]: average_precision(own[:, i], wanted[EMOTION_OF[m]]) for i, m in enumerate(TRACK_MOODS)}
        for name, own in (("tags without words, track-mood", by_features), ("tags, track-mood", by_words))
    }


if __name__ == "__main__":
    main()
