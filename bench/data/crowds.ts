/** Makes up events of people of several kinds, to see where a policy fails: tastes, repeats, news, noise. */

import { type Random, seededRandom } from "../../src/core/random.ts";

export interface CrowdOptions {
  readonly people: number;
  readonly items: number;
  readonly seed: number;
}

export interface CrowdEvent {
  readonly userId: string;
  readonly itemId: string;
  readonly tsMs: number;
}

interface Drawing extends CrowdOptions {
  readonly random: Random;
}

const FIRST_DAY_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const DAYS = 60;
const MINUTE_MS = 60_000;

/** Few items have most of the events. */
const skewed = (count: number, random: Random) => Math.floor(count * random.next() ** 3);
const someDay = (random: Random) => FIRST_DAY_MS + random.next() * DAYS * DAY_MS;

/**
 * Tastes without an order: everybody likes two of twenty genres, and takes 10 to 60 films on a few evenings, none twice;
 * one in five is of no liked genre.
 */
function films({ people, items, random }: Drawing): CrowdEvent[] {
  const genres = 20;
  return Array.from({ length: people }, (_, user) => {
    const liked = [Math.floor(random.next() * genres), Math.floor(random.next() * genres)];
    const taken = new Set<number>();
    const wanted = 10 + Math.floor(random.next() * 50);
    const events: CrowdEvent[] = [];
    let tsMs = someDay(random);
    for (let tried = 0; taken.size < wanted && tried < 500; tried++) {
      const genre = liked[random.next() < 0.7 ? 0 : 1] as number;
      const any = skewed(items, random);
      const film = random.next() < 0.2 ? any : any - (any % genres) + genre;
      if (film >= items || taken.has(film)) continue;
      taken.add(film);
      events.push({ userId: `u${user}`, itemId: `f${film}`, tsMs });
      tsMs += random.next() < 0.2 ? DAY_MS * random.next() * 5 : MINUTE_MS;
    }
    return events;
  }).flat();
}

/**
 * Repeats: everybody has a dozen favourite artists and hears sessions of 5 to 25 tracks, .6 the next one of the album,
 * .3 one heard before, else any track of a favourite.
 */
function music({ people, items, random }: Drawing): CrowdEvent[] {
  const perArtist = 20;
  const artists = Math.ceil(items / perArtist);
  return Array.from({ length: people }, (_, user) => {
    const favourites = Array.from({ length: 12 }, () => skewed(artists, random));
    const heard: number[] = [];
    const events: CrowdEvent[] = [];
    for (let session = 0; session < 6; session++) {
      let tsMs = someDay(random);
      let track = -1;
      for (let left = 5 + Math.floor(20 * random.next()); left > 0; left--) {
        const draw = random.next();
        if (track >= 0 && draw < 0.6) track = track - (track % perArtist) + ((track + 1) % perArtist);
        else if (draw < 0.9 && heard.length > 0) track = heard[skewed(heard.length, random)] as number;
        else {
          const artist = favourites[Math.floor(random.next() * favourites.length)] as number;
          track = artist * perArtist + skewed(perArtist, random);
        }
        heard.push(track);
        events.push({ userId: `u${user}`, itemId: `t${track}`, tsMs });
        tsMs += 4 * MINUTE_MS;
      }
    }
    return events;
  }).flat();
}

/** Items that are taken for a day or two after they came, and never again, whatever somebody took before. */
function news({ people, items, random }: Drawing): CrowdEvent[] {
  return Array.from({ length: people * 12 }, () => {
    const tsMs = someDay(random);
    const newest = (items * (tsMs - FIRST_DAY_MS)) / (DAYS * DAY_MS);
    const article = Math.max(0, Math.floor(newest - (items / DAYS) * 2 * random.next() ** 2));
    return { userId: `u${Math.floor(random.next() * people)}`, itemId: `n${article}`, tsMs };
  });
}

/** Popularity and nothing else: there is no structure that a model could find. */
function noise({ people, items, random }: Drawing): CrowdEvent[] {
  return Array.from({ length: people * 12 }, () => ({
    userId: `u${Math.floor(random.next() * people)}`,
    itemId: `i${skewed(items, random)}`,
    tsMs: someDay(random),
  }));
}

/** Everybody takes the same few items, in any order. */
function hits({ people, random }: Drawing): CrowdEvent[] {
  return Array.from({ length: people * 8 }, () => ({
    userId: `u${Math.floor(random.next() * people)}`,
    itemId: `h${Math.floor(random.next() * 25)}`,
    tsMs: someDay(random),
  }));
}

export const CROWDS = { films, music, news, noise, hits } as const;
export type Crowd = keyof typeof CROWDS;

/** In order of time. */
export const crowdEvents = (crowd: Crowd, options: CrowdOptions): CrowdEvent[] =>
  CROWDS[crowd]({ ...options, random: seededRandom(options.seed) })
    .map((event) => ({ ...event, tsMs: Math.floor(event.tsMs) }))
    .sort((a, b) => a.tsMs - b.tsMs);
