"""Playlists as exporters and players write them: each is read whole, no header, path or tag is taken for a song."""

from __future__ import annotations

from pathlib import Path

import pytest

from feelharmonic.music import Catalogue, MusicService
from feelharmonic.music.playlist import read_playlist
from feelharmonic.params import Params

REPORTS = Path(__file__).resolve().parents[1] / "support" / "reports" / "playlists"
SONGS = [("Adele", "Hello"), ("Beyoncé", "CUFF IT"), ("Earth, Wind & Fire", "September")]
IDS = ["32OlwWuMpZ6b0aN2RZOeMS", "1xzi1Jcr7mEi9K2RfzLOqS", "5Nm9ERjJZ5oyfXZTECKmRt"]


def table(header: str, separator: str = ",", *, above: str = "", quote: bool = True) -> str:
    """``header``'s columns "id", "artist" and "title" hold the songs, all others a word or a number."""
    names = [name.partition("=") for name in header.split("|")]
    lines = [separator.join(name for name, _, _ in names)]
    for track_id, (artist, title) in zip(IDS, SONGS, strict=True):
        values = {"id": track_id, "uri": f"spotify:track:{track_id}", "artist": artist, "title": title, "": "12"}
        cells = [values[kind] for _, _, kind in names]
        lines.append(separator.join(f'"{cell}"' if quote and separator in cell else cell for cell in cells))
    return above + "\n".join(lines) + "\n"


FORMS = {
    "Exportify, English": table("Track URI=uri|Track Name=title|Artist Name(s)=artist|Popularity|Added At"),
    "Exportify, German": table("Track-URI=uri|Titelname=title|Name(n) des Künstlers=artist|Beliebtheit"),
    "Exportify, French": table("URI du titre=uri|Nom du titre=title|Nom(s) de l'artiste=artist|Durée"),
    "Exportify, Spanish": table("URI de la canción=uri|Nombre de la canción=title|Nombre(s) del artista=artist|Disco"),
    "Exportify, Portuguese": table("URI da faixa=uri|Nome da faixa=title|Nome(s) do artista=artist|Álbum"),
    "Exportify, Italian": table("URI del brano=uri|Nome del brano=title|Nome dell'artista=artist|Disco"),
    "Exportify, Dutch": table("URI van het nummer=uri|Naam van het nummer=title|Naam van de artiest=artist|Album"),
    "Exportify, Japanese": table("トラックURI=uri|トラック名=title|アーティスト名=artist|アルバム"),
    "Soundiiz": table("title=title|artist=artist|album|isrc", ";"),
    "TuneMyMusic": table("Track name=title|Artist name=artist|Album|Playlist name|Type|ISRC|Spotify - id=id"),
    "Shazam": table("Index|TagTime|Title=title|Artist=artist|URL|TrackKey", above="Shazam Library\n"),
    "last.fm": table("uts|utc_time|artist=artist|artist_mbid|album|track=title|track_mbid"),
    "YouTube Music": table("Song Title=title|Album Title|Artist Name=artist|Duration Seconds"),
    "Deezer": table("id|Song Title=title|Performer=artist|Album"),
    "Apple Music, text": table("Name=title|Artist=artist|Composer|Album|Grouping|Genre", "\t"),
    "Excel, German": table("Titel=title|Interpret=artist|Album", ";", above="sep=;\n"),
    "Excel, French": table("Titre=title|Artiste=artist|Album", ";"),
    "piped": table("title=title|artist=artist|year", "|"),
    "Spotify's URIs in a table without a header": table("12=uri|x|y").split("\n", 1)[1],
    "M3U": "#EXTM3U\n" + "".join(f"#EXTINF:12,{a} - {t}\nMusic/{a}/x/01 {t}.mp3\n" for a, t in SONGS),
    "M3U with attributes": "#EXTM3U\n"
    + "".join(f'#EXTINF:12 logo="x.png",{a} - {t}\nC:\\Music\\{t}.flac\n' for a, t in SONGS),
    "M3U of paths": "#EXTM3U\n" + "".join(f"Music/{a}/Album/0{n} {t}.ogg\n" for n, (a, t) in enumerate(SONGS)),
    "PLS": "[playlist]\n"
    + "".join(f"File{n}=/m/{t}.mp3\nTitle{n}={a} - {t}\nLength{n}=200\n" for n, (a, t) in enumerate(SONGS, 1))
    + "NumberOfEntries=3\nVersion=2\n",
    "XSPF": '<?xml version="1.0" encoding="UTF-8"?>\n<playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList>'
    + "".join(f"<track><title>{t}</title><creator>{a.replace('&', '&amp;')}</creator></track>" for a, t in SONGS)
    + "</trackList></playlist>",
    "JSPF": '{"playlist": {"title": "Mine", "track": ['
    + ", ".join(f'{{"title": "{t}", "creator": "{a}", "location": ["https://x.example/1"]}}' for a, t in SONGS)
    + "]}}",
    "Spotify's export": '{"playlists": [{"name": "Mine", "items": ['
    + ", ".join(
        f'{{"track": {{"trackName": "{t}", "artistName": "{a}", "trackUri": "spotify:track:{i}"}}}}'
        for i, (a, t) in zip(IDS, SONGS, strict=True)
    )
    + "]}]}",
    "Spotify's history": "["
    + ", ".join(
        f'{{"ts": "2024", "master_metadata_track_name": "{t}", "master_metadata_album_artist_name": "{a}"}}'
        for a, t in SONGS
    )
    + "]",
    "lines": "".join(f"{a} – {t}\n" for a, t in SONGS),
    "numbered lines": "".join(f"{n}. {a} - {t}\n" for n, (a, t) in enumerate(SONGS, 1)),
    "numbered with brackets": "".join(f"{n}) {a} — {t}\n" for n, (a, t) in enumerate(SONGS, 1)),
    "Windows lines": "".join(f"{a} - {t}\r\n" for a, t in SONGS),
    "title by artist": "".join(f"{t} by {a}\n" for a, t in SONGS),
    "links": "".join(f"https://open.spotify.com/track/{i}?si=x\n" for i in IDS),
    "links of a language": "".join(f"https://open.spotify.com/intl-de/track/{i}\n" for i in IDS),
    "URIs": "".join(f"spotify:track:{i}\n" for i in IDS),
    "bare ids": "\n".join(IDS),
    "Soundiiz, with ISRC and links": table("title=title|artist=artist|album|isrc|addedDate|addedBy|url"),
    "FreeYourMusic": table("Title=title|Artist=artist|Album|Playlist|ISRC|Cover"),
    "Exportify, with features": table(
        "Track URI=uri|Track Name=title|Album Name|Artist Name(s)=artist|Release Date|Popularity|Danceability|Energy"
    ),
    "Tidal": table("Title=title|Artist name=artist|Album title|Track number|ISRC"),
    "Deezer, French": table("Titre=title|Artiste=artist|Album|Durée", ";"),
    "Spotify's account data": '{"tracks": ['
    + ", ".join(
        f'{{"artist": "{a}", "album": "x", "track": "{t}", "uri": "spotify:track:{i}"}}'
        for i, (a, t) in zip(IDS, SONGS, strict=True)
    )
    + "]}",
    "iTunes' XML": '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" '
    '"http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0"><dict><key>Tracks</key><dict>'
    + "".join(
        f"<key>{n}</key><dict><key>Track ID</key><integer>{n}</integer><key>Name</key><string>{t}</string>"
        f"<key>Artist</key><string>{a.replace('&', '&amp;')}</string></dict>"
        for n, (a, t) in enumerate(SONGS)
    )
    + "</dict></dict></plist>",
    "Windows Media Player": '<?wpl version="1.0"?><smil><body><seq>'
    + "".join(
        f'<media src="..\\Music\\{a.replace("&", "&amp;")}\\Album\\0{n} {t}.mp3"/>' for n, (a, t) in enumerate(SONGS, 1)
    )
    + "</seq></body></smil>",
    "VLC": '<?xml version="1.0" encoding="UTF-8"?><playlist xmlns="http://xspf.org/ns/0/" version="1"><trackList>'
    + "".join(
        f"<track><location>file:///m/{t}.mp3</location><title>{t}</title><creator>{a.replace('&', '&amp;')}</creator>"
        "<extension application='vlc'><id>1</id></extension></track>"
        for a, t in SONGS
    )
    + "</trackList></playlist>",
    "navidrome": "#EXTM3U\n#PLAYLIST:Mine\n"
    + "".join(f"#EXTINF:200,{a} - {t}\n/music/x/y/01 - {t}.flac\n" for a, t in SONGS),
    "a list of Markdown": "".join(f"- {a} - {t}\n" for a, t in SONGS),
    "two columns without a header": "".join(f"{a}\t{t}\n" for a, t in SONGS),
    "the songs of a set with their times": "".join(f"0{n}:15 {a} - {t}\n" for n, (a, t) in enumerate(SONGS)),
}


def test_the_forms_are_forty_and_more():
    assert len(FORMS) >= 40


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_read_whole(form):
    entries = read_playlist(FORMS[form])
    assert len(entries) == 3
    if any(entry.title for entry in entries):
        assert [{entry.artist, entry.title} for entry in entries] == [set(song) for song in SONGS]
    else:
        assert [entry.track_id for entry in entries] == IDS


@pytest.fixture(scope="module")
def music() -> MusicService:
    return MusicService(Params.load(), [], Catalogue.load())


@pytest.mark.parametrize(
    ("name", "known", "unknown"),
    [
        ("exportify_es.csv", 4, 0),
        ("shazam.csv", 4, 0),
        ("list.m3u8", 4, 0),
        ("title_first.txt", 4, 0),
        ("spotify_data.json", 4, 0),
        ("sep_line.csv", 4, 0),
        ("deezer_id.csv", 4, 0),
        ("tunemymusic_video.csv", 4, 0),
        ("cast_row.csv", 2, 0),
        ("first_artist.csv", 3, 0),
    ],
)
def test_a_reported_playlist_is_understood(music, name, known, unknown):
    placed, lines = music.sorted_playlist((REPORTS / name).read_text(encoding="utf-8"), "happy", "match")
    assert (len(placed), len(lines)) == (known, unknown)
