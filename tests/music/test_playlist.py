"""A playlist as people have it: tables of the common export tools, lines, addresses; the same song spelt otherwise."""

from __future__ import annotations

import pytest

from feelharmonic.errors import BadInput
from feelharmonic.music.playlist import PlaylistLine, read_playlist, song_key

ID = "4Y7XAxTANhu3lmnLAzhWJW"
EXPORTIFY = (
    '"Track URI","Track Name","Album Name","Artist Name(s)"\n'
    f'"spotify:track:{ID}","Fireball","Globalization","Pitbull,John Ryan"\n'
)
SOUNDIIZ = "title;artist;album;isrc\nFireball;Pitbull;Globalization;USRC11401234\n"
TUNEMYMUSIC = f"Track name,Artist name,Album,Spotify - id\nFireball,Pitbull,Globalization,{ID}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (EXPORTIFY, PlaylistLine(ID, "Pitbull,John Ryan", "Fireball")),
        (SOUNDIIZ, PlaylistLine(None, "Pitbull", "Fireball")),
        (TUNEMYMUSIC, PlaylistLine(ID, "Pitbull", "Fireball")),
        ("\ufeffArtist\tTitle\nPitbull\tFireball", PlaylistLine(None, "Pitbull", "Fireball")),
        ("Pitbull – Fireball", PlaylistLine(None, "Pitbull", "Fireball")),
        ("Pitbull — Fireball", PlaylistLine(None, "Pitbull", "Fireball")),
        ("Pitbull - Fireball - Live", PlaylistLine(None, "Pitbull", "Fireball - Live")),
        ("Jay-Z – 99 Problems", PlaylistLine(None, "Jay-Z", "99 Problems")),
        (f"https://open.spotify.com/track/{ID}?si=abc", PlaylistLine(ID, "", "")),
        (f"spotify:track:{ID}", PlaylistLine(ID, "", "")),
        ("Fireball", PlaylistLine(None, "", "Fireball")),
        ("Hello, Dolly", PlaylistLine(None, "", "Hello, Dolly")),
    ],
)
def test_one_song_in_many_forms(text, expected):
    assert read_playlist(text) == [expected]


def test_lines_keep_their_order_and_empty_ones_do_not_count():
    assert [line.title for line in read_playlist("A – One\n\n  \nB – Two\n")] == ["One", "Two"]


def test_short_and_quoted_rows_of_a_table_are_read():
    text = 'Track Name,Artist Name\n"Hello, Goodbye",The Beatles\nAlone\n,\n'
    assert read_playlist(text) == [
        PlaylistLine(None, "The Beatles", "Hello, Goodbye"),
        PlaylistLine(None, "", "Alone"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "got nothing"),
        (" \n\n", "got nothing"),
        ("a – b\n" * 2002, "at most 2000 songs, got 2002 lines"),
        ("x" * 1001, "lines of at most 1000 characters, got 1001"),
        ("artist,title\n" + f'a,"b{"x" * 990}\n' + f"{'x' * 990}\n" * 200, "got one that cannot be read"),
    ],
)
def test_what_is_no_playlist_is_refused(text, why):
    with pytest.raises(BadInput, match=why):
        read_playlist(text)


@pytest.mark.parametrize(
    ("artist", "title"),
    [
        ("BEYONCÉ", "Crazy in Love (feat. Jay-Z)"),
        ("Beyonce", "Crazy In Love"),
        ("Beyoncé", "Crazy in Love - 2013 Remaster"),
        ("Beyoncé", "Crazy in Love - 2013 Digital Remaster"),
        ("Beyoncé feat. Jay-Z", "Crazy in Love (Remastered 2013)"),
        ("Beyoncé (feat. Jay-Z)", "Crazy in Love ft. Jay-Z"),
        ("Beyoncé", "Crazy (feat. Jay-Z) in Love (2013 Remaster)"),
        ("Beyoncé", "Crazy in Love - Remastered 2013 (feat. Jay-Z)"),
    ],
)
def test_the_same_song_has_one_key(artist, title):
    assert song_key(artist, title) == song_key("Beyoncé", "Crazy in Love")


@pytest.mark.parametrize(
    ("artist", "title"),
    [("Beyoncé", "Crazy in Love - Live"), ("Beyoncé", "Crazy in Love (Remix)"), ("Antony", "Crazy in Love"), ("", "")],
)
def test_another_song_has_another_key(artist, title):
    assert song_key(artist, title) != song_key("Beyoncé", "Crazy in Love")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Earth", "September"), ("Earth, Wind & Fire", "September")),
        (("Tyler", "Yonkers"), ("Tyler, The Creator", "Yonkers")),
        (("Artist", "!!!"), ("Artist", "???")),
        (("X", "6"), ("X", "6 ft Under")),
        (("The Police", "Roxanne"), ("The Police", "Roxanne (Live Remastered)")),
        (("Ann", "Song"), ("Ann", "Song (Live at Ghent, 2011 Remaster)")),
    ],
)
def test_songs_that_only_look_alike_are_kept_apart(one, other):
    assert song_key(*one) != song_key(*other)


def test_names_of_other_alphabets_keep_their_letters():
    assert song_key("방탄소년단", "봄날") != song_key("방탄소년단", "피 땀 눈물")


def test_a_name_has_200_characters_at_most():
    (line,) = read_playlist(f"{'a ' * 150}– {'b' * 400}")
    assert (len(line.artist), len(line.title)) == (200, 200)
    assert song_key("a" * 300, "b" * 300) == song_key("a" * 200, "b" * 200)
