"""A playlist as people have it: tables of the common export tools, lines, addresses; the same song spelt otherwise."""

from __future__ import annotations

import pytest

from feelharmonic.errors import BadInput
from feelharmonic.music.playlist import PlaylistLine, read_playlist
from feelharmonic.music.song_names import first_artist_key, song_key

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
        ("Pitbull – Fireball", PlaylistLine(None, "Pitbull", "Fireball", ordered=False)),
        ("Pitbull — Fireball", PlaylistLine(None, "Pitbull", "Fireball", ordered=False)),
        ("Pitbull - Fireball - Live", PlaylistLine(None, "Pitbull", "Fireball - Live", ordered=False)),
        ("Jay-Z – 99 Problems", PlaylistLine(None, "Jay-Z", "99 Problems", ordered=False)),
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
        ("a – b\n" * 10_001, "at most 10,000 songs, got 10,001"),
        ("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1@", "got a binary file"),
        ("<!doctype html>\n<html><body>Songs</body></html>", "got a web page"),
        ('<?xml version="1.0"?><plist><dict/></plist>', "XML of another kind"),
        ('{"name": "x", "version": 3}', "an object with the keys name, version"),
        ("a,b,c\n1,2,3\n4,5,6\n7,8,9\n", "got one with the columns a, b, c"),
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


def test_a_long_line_costs_itself_alone():
    lines = read_playlist(f"Adele – Hello\n{'x' * 5000}\nAda – One")
    assert [(line.artist, len(line.title)) for line in lines] == [("Adele", 5), ("", 200), ("Ada", 3)]


@pytest.mark.parametrize(
    ("artist", "title"),
    [
        ("Mark Ronson, Bruno Mars", "Uptown Funk (feat. Bruno Mars)"),
        ("Mark Ronson & Bruno Mars", "Uptown Funk"),
        ("Mark Ronson ft. Bruno Mars", "Uptown Funk"),
        ("Mark Ronson featuring Bruno Mars", "Uptown Funk [Official Music Video]"),
        ("MarkRonsonVEVO", "Uptown Funk (Official Video)"),
        ("Mark Ronson - Topic", "Uptown Funk - Official Audio"),
        ("Mark Ronson;Bruno Mars", "Uptown Funk &#40;Lyrics&#41;"),
    ],
)
def test_the_first_artist_and_the_title_find_a_song(artist, title):
    assert first_artist_key(artist, title) == first_artist_key("Mark Ronson", "Uptown Funk")


@pytest.mark.parametrize("title", ["Uptown Funk (Live Video)", "Uptown Funk (Remix)", "Uptown"])
def test_the_first_artist_does_not_find_another_take(title):
    assert first_artist_key("Mark Ronson", title) != first_artist_key("Mark Ronson", "Uptown Funk")
