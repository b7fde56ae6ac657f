"""Relationships whose target is an alias of a class, of a join or of a subquery."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    and_,
    func,
    inspect,
    join,
    select,
)
from sqlalchemy.exc import ArgumentError

from ormolu import (
    Entity,
    Session,
    aliased,
    contains_eager,
    immediateload,
    joinedload,
    lazyload,
    registry,
    relationship,
    selectinload,
    subqueryload,
    with_parent,
)
from ormolu.exc import UnmappedColumnError
from tests.orm.conftest import MakeEngine
from tests.orm.models import Mode
from tests.orm.recording import Recorder

LOADS = [lazyload, joinedload, selectinload, subqueryload, immediateload]
ROWS = """
INSERT INTO artist VALUES (1, 1), (2, 2), (3, NULL);
INSERT INTO genre VALUES (1), (2), (3);
INSERT INTO song VALUES (1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 2, 2), (5, 2, 2);
"""


@dataclass
class World:
    """The classes, mapped anew for each test, and what their relationships lead to."""

    Artist: Any
    Genre: Any
    Song: Any
    first_songs: Any
    sung: Any
    later: Any
    metadata: MetaData


@pytest.fixture
def world(mode: Mode) -> World:
    metadata = MetaData()
    genres = Table("genre", metadata, Column("id", Integer, primary_key=True))
    artists = Table(
        "artist",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("genre_id", ForeignKey("genre.id")),
    )
    songs = Table(
        "song",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("artist_id", ForeignKey("artist.id")),
        Column("genre_id", ForeignKey("genre.id")),
    )
    bases = (Entity,) if mode == "embedded" else ()
    Artist, Genre, Song = (
        type(name, bases, {}) for name in ("Artist", "Genre", "Song")
    )
    mapping = registry(metadata=metadata)
    mapping.map_imperatively(Song, songs)
    mapping.map_imperatively(
        Genre, genres, properties={"songs": relationship(Song, order_by=songs.c.id)}
    )
    rank = func.row_number().over(partition_by=songs.c.artist_id, order_by=songs.c.id)
    ranked = select(songs, rank.label("rank")).subquery()
    first_songs = aliased(Song, ranked)
    sung = aliased(
        Genre, join(genres, songs, songs.c.genre_id == genres.c.id), flat=True
    )
    later = aliased(Genre, select(genres).where(genres.c.id > 1).subquery())
    mapping.map_imperatively(
        Artist,
        artists,
        properties={
            "first_songs": relationship(
                first_songs,
                primaryjoin=and_(
                    first_songs.artist_id == artists.c.id, ranked.c.rank <= 2
                ),
                viewonly=True,
            ),
            "sung": relationship(
                sung,
                primaryjoin=artists.c.genre_id == sung.id,
                viewonly=True,
                uselist=True,
            ),
            "later": relationship(later, primaryjoin=artists.c.genre_id == later.id),
            "genres": relationship(
                later,
                secondary=songs,
                primaryjoin=artists.c.id == songs.c.artist_id,
                secondaryjoin=songs.c.genre_id == later.id,
                viewonly=True,
            ),
        },
    )
    return World(Artist, Genre, Song, first_songs, sung, later, metadata)


@pytest.fixture
def engine(world: World, make_engine: MakeEngine) -> Engine:
    return make_engine(world.metadata, ROWS)


def ids(related: Any) -> Any:
    """The keys of related objects, sorted."""
    return related and (
        sorted(obj.id for obj in related) if isinstance(related, list) else related.id
    )


def loaded(engine: Engine, world: World, key: str, load: Any) -> list[Any]:
    attr = getattr(world.Artist, key)
    statement = select(world.Artist).order_by(world.Artist.id).options(load(attr))
    with Session(engine) as session:
        artists = session.scalars(statement).unique().all()
        return [ids(getattr(artist, key)) for artist in artists]


@pytest.mark.parametrize("load", LOADS)
def test_the_first_rows_of_each_parent(engine: Engine, world: World, load: Any) -> None:
    assert loaded(engine, world, "first_songs", load) == [[1, 2], [4, 5], []]


@pytest.mark.parametrize("load", LOADS)
def test_a_scalar_reference_to_a_subquery(
    engine: Engine, world: World, load: Any
) -> None:
    assert loaded(engine, world, "later", load) == [None, 2, None]


@pytest.mark.parametrize("load", LOADS)
def test_an_alias_of_a_join_may_repeat_rows(
    engine: Engine, world: World, load: Any
) -> None:
    second = [2, 2, 2] if load is selectinload else [2]
    assert loaded(engine, world, "sung", load) == [[1], second, []]


@pytest.mark.parametrize("load", LOADS)
def test_a_secondary_table_may_repeat_rows(
    engine: Engine, world: World, load: Any
) -> None:
    second = [2, 2] if load is selectinload else [2]
    assert loaded(engine, world, "genres", load) == [[2, 3], second, []]


def test_joined_rows_come_from_an_alias_of_the_alias(
    engine: Engine, world: World, sql: Recorder
) -> None:
    assert loaded(engine, world, "first_songs", joinedload)
    (statement,) = sql.take_sql()
    assert statement == (
        "SELECT artist.id, artist.genre_id, anon_1.id AS id_1, anon_1.artist_id, "
        "anon_1.genre_id AS genre_id_1 FROM artist LEFT OUTER JOIN (SELECT song.id AS "
        "id, song.artist_id AS artist_id, song.genre_id AS genre_id, row_number() OVER "
        "(PARTITION BY song.artist_id ORDER BY song.id) AS rank FROM song) AS anon_1 ON "
        "anon_1.artist_id = artist.id AND anon_1.rank <= ? ORDER BY artist.id"
    )


def test_a_joined_join_has_aliases_within(
    engine: Engine, world: World, sql: Recorder
) -> None:
    assert loaded(engine, world, "sung", joinedload)
    (statement,) = sql.take_sql()
    assert statement.endswith(
        "FROM artist LEFT OUTER JOIN (genre AS genre_1 JOIN song AS song_1 ON "
        "song_1.genre_id = genre_1.id) ON artist.genre_id = genre_1.id ORDER BY artist.id"
    )


def test_joined_rows_with_a_limit(engine: Engine, world: World) -> None:
    statement = (
        select(world.Artist)
        .order_by(world.Artist.id)
        .limit(1)
        .options(joinedload(world.Artist.first_songs))
    )
    with Session(engine) as session:
        artist = session.scalars(statement).unique().one()
        assert ids(artist.__dict__["first_songs"]) == [1, 2]


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload])
def test_loads_go_on_from_the_alias(engine: Engine, world: World, load: Any) -> None:
    option = load(world.Artist.later).selectinload(world.later.songs)
    with Session(engine) as session:
        artist = session.get_one(world.Artist, 2, options=[option])
        session.close()
        assert ids(artist.later.songs) == [2, 4, 5]


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload])
def test_loads_do_not_go_on_from_the_class(world: World, load: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r'"Genre.songs" does not link from relationship '
        r'"Artist.later.of_type\(aliased\(Genre\)\)".$',
    ):
        load(world.Artist.later).selectinload(world.Genre.songs)


def test_columns_are_chosen_by_the_alias(world: World) -> None:
    option = selectinload(world.Artist.first_songs)
    option.load_only(world.first_songs.artist_id)
    with pytest.raises(ArgumentError, match='attribute "Song.artist_id" does not link'):
        option.load_only(world.Song.artist_id)


def test_an_alias_that_was_not_joined_leads_nowhere(world: World) -> None:
    other = aliased(world.Song)
    with pytest.raises(
        ArgumentError,
        match=r'"aliased\(Song\).id" does not link from relationship "Genre.songs".  Did '
        r'you mean to use "Genre.songs.of_type\(aliased\(Song\)\)"',
    ):
        selectinload(world.Genre.songs).load_only(other.id)


@pytest.mark.parametrize("load", [joinedload, selectinload, lazyload])
def test_further_criteria_name_the_alias(
    engine: Engine, world: World, load: Any
) -> None:
    attr = world.Artist.first_songs.and_(world.first_songs.id > 1)
    with Session(engine) as session:
        artist = session.get_one(world.Artist, 1, options=[load(attr)])
        assert ids(artist.first_songs) == [2]


def test_criteria_keep_the_short_join_of_a_secondary_table(
    engine: Engine, world: World, sql: Recorder
) -> None:
    attr = world.Artist.genres.and_(world.later.id > 2)
    with Session(engine) as session:
        artist = session.get_one(world.Artist, 1, options=[selectinload(attr)])
        assert ids(artist.genres) == [3]
    assert sql.take_sql()[1] == (
        "SELECT song.artist_id, anon_1.id FROM song JOIN (SELECT genre.id AS id FROM "
        "genre WHERE genre.id > ?) AS anon_1 ON song.genre_id = anon_1.id AND anon_1.id "
        "> ? WHERE song.artist_id IN (?)"
    )


def test_joins_and_contained_rows(engine: Engine, world: World) -> None:
    attr = world.Artist.first_songs.of_type(world.first_songs)
    statement = select(world.Artist).join(attr).options(contains_eager(attr))
    with Session(engine) as session:
        artists = session.scalars(statement.order_by(world.Artist.id)).unique().all()
        assert [ids(a.__dict__["first_songs"]) for a in artists] == [[1, 2], [4, 5]]


def test_comparisons(engine: Engine, world: World) -> None:
    Artist = world.Artist
    with Session(engine) as session:

        def found(criterion: Any) -> list[int]:
            return list(session.scalars(select(Artist.id).where(criterion)))

        assert found(Artist.first_songs.any(world.first_songs.id == 5)) == [2]
        assert found(Artist.genres.any(world.later.id == 3)) == [1]
        assert found(Artist.later.has()) == [2]
        assert found(Artist.later == None) == [3]  # noqa: E711
        artist = session.get_one(Artist, 1)
        chosen = select(world.first_songs.id).where(
            with_parent(artist, Artist.first_songs)
        )
        assert sorted(session.scalars(chosen)) == [1, 2]


def test_the_table_of_exists_is_the_secondary_one(world: World) -> None:
    text = " ".join(
        str(select(world.Artist.id).where(world.Artist.genres.any())).split()
    )
    assert text.endswith(
        "AS anon_1, song WHERE artist.id = song.artist_id AND song.genre_id = anon_1.id)"
    )


def test_a_parent_s_rows_come_by_an_alias_of_the_secondary_table(world: World) -> None:
    criterion = with_parent(world.Artist(), world.Artist.genres)
    assert "song_1.artist_id" in str(select(world.later).where(criterion))


def test_the_property_names_the_alias(world: World) -> None:
    prop = inspect(world.Artist).relationships.first_songs
    assert prop.entity is inspect(world.first_songs)
    assert prop.target is prop.entity.selectable
    assert prop.mapper is inspect(world.Song)


def test_what_no_column_can_hold_is_not_written(engine: Engine, world: World) -> None:
    with Session(engine) as session:
        artist = session.get_one(world.Artist, 3)
        artist.later = session.get_one(world.Genre, 2)
        with pytest.raises(UnmappedColumnError, match="does not map this column"):
            session.flush()


def test_refresh_and_merge(engine: Engine, world: World) -> None:
    with Session(engine) as session:
        artist = session.get_one(world.Artist, 1)
        assert ids(artist.first_songs) == [1, 2]
        session.refresh(artist, ["first_songs"])
        assert ids(artist.first_songs) == [1, 2]
    with Session(engine) as other:
        merged = other.merge(artist)
        assert merged is not artist
        assert ids(merged.first_songs) == [1, 2]
