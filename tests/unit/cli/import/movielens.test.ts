import { describe, expect, test } from "bun:test";
import { ratingEventId, readMovies, readRatings } from "../../../../src/cli/import/movielens.ts";
import { allOf, bytesOf } from "./source-bytes.ts";

const rating = async (stars: string) => {
  const content = `userId,movieId,rating,timestamp\n7,42,${stars},964982703\n`;
  const [record] = await allOf(readRatings(bytesOf(content)));
  return record?.kind === "fields" ? record.fields : record?.problem;
};

const movie = async (line: string) => {
  const [record] = await allOf(readMovies(bytesOf(`movieId,title,genres\n${line}\n`)));
  return record?.kind === "fields" ? record.fields : record?.problem;
};

describe("readRatings", () => {
  test.each([
    ["5.0", "purchase"],
    ["4.0", "purchase"],
    ["3.5", "click"],
    ["3.0", "click"],
    ["2.5", "view"],
    ["0.5", "view"],
  ])("a rating of %s is a %s", async (stars, event_type) => {
    expect(await rating(stars)).toEqual({ user_id: "7", item_id: "42", ts: "964982703", event_type });
  });

  test.each(["good", "", "NaN", "Infinity"])("a rating of %p is refused", async (stars) => {
    expect(await rating(stars)).toBe("rating: must be a number");
  });

  test("a file without ratings in it is refused as a whole", async () => {
    await expect(allOf(readRatings(bytesOf("movieId,title,genres\n")))).rejects.toThrow("no column user_id");
  });
});

describe("ratingEventId", () => {
  test("names the user and the film", () => {
    expect(String(ratingEventId({ user_id: "7", item_id: "42" }))).toBe("ml-7-42");
  });
});

describe("readMovies", () => {
  test("reads title, genres as tags, and the year of the title", async () => {
    expect(await movie('11,"American President, The (1995)",Comedy|Drama')).toEqual({
      item_id: "11",
      title: "American President, The (1995)",
      tags: ["Comedy", "Drama"],
      attributes: { year: 1995 },
    });
  });

  test("a title without a year has no such attribute", async () => {
    expect(await movie("1,Babylon 5,Sci-Fi")).toMatchObject({ attributes: {} });
  });

  test("a film without genres has no tags", async () => {
    expect(await movie("1,Nameless (2001),(no genres listed)")).toMatchObject({ tags: [] });
  });
});
